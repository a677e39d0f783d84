"""What a page says when there is nothing to show or something went wrong: one clear box, never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from nestviz.dashboard.literal import as_markdown
from nestviz.dashboard.pages import PageEntry
from nestviz.errors import NestvizError

__all__ = ["empty_box", "problem_box", "problems_shown"]

_log = logging.getLogger(__name__)


def problem_box(message: str) -> None:
    """A problem in one sentence; the text may come from anywhere."""
    st.error(as_markdown(message), icon=":material/error:")


def empty_box(title: str, advice: str, *ways_on: PageEntry) -> None:
    """Nothing to show: say so, say what to do, and link to where it is done. The texts are the dashboard's own."""
    with st.container(key="empty", horizontal_alignment="center", gap="small"):
        st.subheader(title, anchor=False, text_alignment="center")
        st.text(advice, width="content")
        with st.container(horizontal=True, horizontal_alignment="center"):
            for way in ways_on:
                st.page_link(way.page(), label=f"Go to {way.title}", icon=way.icon)


@contextmanager
def problems_shown() -> Iterator[None]:
    """The border of a page and of each of its fragments: what goes wrong inside becomes a box."""
    try:
        yield
    except NestvizError as error:
        problem_box(str(error))
    except Exception as error:  # noqa: BLE001 - the border of a page: whatever it is, the person sees a box
        _log.exception("a page failed")
        problem_box(f"The dashboard failed to draw this ({type(error).__name__}: {error}). Its log has the details.")
