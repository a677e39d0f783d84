"""Texts from a program, an address or an error, made safe for the places where Streamlit reads markup. They show as they are."""

from __future__ import annotations

import html
import re

__all__ = ["as_html", "as_markdown"]

_JOINER = "\N{WORD JOINER}"  # invisible; a backslash does not keep Streamlit from making links, emoji and arrows of these
_MADE_INTO_SOMETHING = re.compile(r"([:.@<>=-])")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def as_html(text: str) -> str:
    """For `st.html`: between tags and in quoted attributes."""
    return html.escape(text)


def as_markdown(text: str) -> str:
    """For everything of Streamlit that reads markdown: labels of buttons, boxes, captions. One line."""
    joined = _MADE_INTO_SOMETHING.sub(rf"{_JOINER}\1{_JOINER}", " ".join(text.split()))
    return _PUNCTUATION.sub(r"\\\1", joined)
