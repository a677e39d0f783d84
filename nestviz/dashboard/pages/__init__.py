"""The pages of the dashboard. To add one, write its file and its row in the table here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

__all__ = ["INSIGHT", "LIVE", "PAGES", "RECORDINGS", "RUN", "PageEntry"]


@dataclass(frozen=True)
class PageEntry:
    """One page: the file that Streamlit runs for it, and how the menu calls it. The first page of the table is the start."""

    file: str
    title: str
    icon: str

    def page(self) -> st.Page:
        """The page for Streamlit's menu, its links and switches."""
        path = Path(__file__).with_name(self.file)
        return st.Page(path, title=self.title, icon=self.icon, url_path=path.stem, default=self == PAGES[0])


LIVE = PageEntry("live.py", "Live", ":material/account_tree:")
INSIGHT = PageEntry("insight.py", "Insight", ":material/insights:")
RUN = PageEntry("run.py", "Run", ":material/play_circle:")
RECORDINGS = PageEntry("recordings.py", "Recordings", ":material/inventory_2:")

PAGES = (LIVE, INSIGHT, RUN, RECORDINGS)
