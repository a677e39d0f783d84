"""Insight: what limits a recording, where its time went, and what would change it."""

from __future__ import annotations

import streamlit as st

from nestviz.dashboard.address import read_address
from nestviz.dashboard.boxes import empty_box, problems_shown
from nestviz.dashboard.insight import show_insight
from nestviz.dashboard.pages import RECORDINGS, RUN
from nestviz.dashboard.picker import chosen_entry, pick_recording, pick_section, show_state
from nestviz.dashboard.pictures import current_theme
from nestviz.dashboard.sources import catalogue, trace_of


def show() -> None:
    """Draw the page; a recording that still grows is shown as it stands."""
    entries = catalogue().entries()
    entry = chosen_entry(entries)
    if entry is None:
        empty_box("Nothing recorded yet", "Run a program first: what limits it is explained here.", RUN, RECORDINGS)
        return
    section = read_address().section
    whole = trace_of(entry.path)
    top = st.columns([5, 3, 4] if whole.sections else [5, 7], vertical_alignment="center")
    with top[0]:
        pick_recording(entries, entry)
    if whole.sections:
        with top[1]:
            pick_section(whole.sections, section)
    with top[-1]:
        show_state(whole)
    trace = trace_of(entry.path, section) if section else whole
    if not trace.is_task.any():
        st.text("There is no task yet; what limits the program is explained when it has called some.")
        return
    if trace.info.state == "live":
        st.button("It still runs: look again", icon=":material/refresh:", key="again")
    show_insight(trace, f"{entry.recording}/{section}", current_theme())


with problems_shown():
    show()
