"""The script that Streamlit runs: the frame around every page."""

from __future__ import annotations

from importlib import import_module

import streamlit as st

from nestviz.dashboard.boxes import problems_shown
from nestviz.dashboard.news import show_news
from nestviz.dashboard.pages import PAGES
from nestviz.dashboard.style import LOGO, STYLE

__all__ = ["main"]

import_module("pandas")  # Streamlit loads it at its first table; a picture drawn in that moment would find it half loaded and fail


def main() -> None:
    """Show the page that the address asks for."""
    st.set_page_config(page_title="nestviz", page_icon="🌳", layout="wide")
    st.html(STYLE)
    st.logo(LOGO, size="large")
    page = st.navigation([entry.page() for entry in PAGES], position="top")
    show_news()
    with problems_shown():
        page.run()


if __name__ == "__main__":
    main()
