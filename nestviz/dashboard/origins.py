"""Where a recording's facts come from, what is not known for want of a source, and a button to ask Ray for its own record."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from nestviz.dashboard.literal import as_html
from nestviz.recordings import Entry, join_now
from nestviz.trace.model import Trace

__all__ = ["show_origins"]


def show_origins(trace: Trace, entry: Entry) -> None:
    """Sources in a line, then a sentence for each thing that is not known; the button only while the recording is made."""
    sentences = [f"From {', '.join(trace.sources) or 'nothing yet'}.", *trace.missing]
    st.html("".join(f'<div class="nv-quiet">{as_html(sentence)}</div>' for sentence in sentences))
    if entry.state == "live":
        st.button(
            "Read Ray's own record now",
            icon=":material/sync:",
            key="join",
            help="Adds what Ray itself knows of the tasks: fetching arguments, storing results, tasks that nobody reported.",
            on_click=_join,
            args=(entry.path,),
        )


def _join(journal: Path) -> None:
    if join_now(journal):
        st.toast("Ray's own record is being read; it shows in about two seconds.")
    else:
        st.toast("No collector on this machine writes this recording any more.")
