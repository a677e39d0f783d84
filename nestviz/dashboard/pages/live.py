"""Live: one recording as it grows, or as it was: numbers, task tree, timeline, and the story of a selected task."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from nestviz.analysis.totals import totals_of
from nestviz.dashboard.address import Address, read_address, write_address
from nestviz.dashboard.advice import show_advice
from nestviz.dashboard.boxes import empty_box, problem_box, problems_shown
from nestviz.dashboard.cut import show_cut
from nestviz.dashboard.details import show_details
from nestviz.dashboard.origins import show_origins
from nestviz.dashboard.overview import show_overview
from nestviz.dashboard.pages import RECORDINGS, RUN
from nestviz.dashboard.picker import chosen_entry, pick_recording, pick_section, show_state
from nestviz.dashboard.pictures import current_theme, show_pictures
from nestviz.dashboard.program import show_program
from nestviz.dashboard.sight import read_sight
from nestviz.dashboard.sources import catalogue, trace_of
from nestviz.dashboard.stalls import show_stall
from nestviz.dashboard.tiles import show_tiles
from nestviz.errors import RecordingNotFound
from nestviz.recordings import Entry
from nestviz.trace.model import Trace

_LIVE_S, _WAITING_S = 0.5, 2.0


@dataclass(frozen=True)
class _Pace:
    """How often the page looks again: for new events, for a first recording, or never."""

    seconds: float | None


def _pace_of(entry: Entry | None) -> _Pace:
    if entry is None:
        return _Pace(_WAITING_S)
    return _Pace(_LIVE_S if entry.is_growing else None)


def show() -> None:
    """Draw the page; while something grows, its fragment draws itself again."""
    try:
        entry = chosen_entry(catalogue().entries())
        pace = _pace_of(entry)
    except RecordingNotFound as error:
        problem_box(str(error))
        st.button("Show the newest recording", on_click=write_address, args=(Address(),), icon=":material/arrow_forward:")
        st.page_link(RECORDINGS.page(), label="See all recordings", icon=RECORDINGS.icon)
        return
    st.fragment(_watch, run_every=pace.seconds)(pace)
    if entry is not None and not entry.is_closed and entry.state != "live":
        st.fragment(_await_change, run_every=_WAITING_S)(entry)


def _await_change(seen: Entry) -> None:
    """A recording that nobody writes and nobody has closed may go on, or be closed."""
    if chosen_entry(catalogue().entries()) != seen:
        st.rerun(scope="app")


def _watch(pace: _Pace) -> None:
    with problems_shown():
        entries = catalogue().entries()
        entry = chosen_entry(entries)
        if _pace_of(entry) != pace:
            st.rerun(scope="app")
        if entry is None:
            empty_box(
                "Nothing recorded yet",
                "Run one of the example programs, or start your own program that uses nestviz: it shows up here by itself.",
                RUN,
                RECORDINGS,
            )
        else:
            _show_recording(entries, entry)


def _show_recording(entries: tuple[Entry, ...], entry: Entry) -> None:
    address = read_address()
    whole = trace_of(entry.path)
    top = st.columns([5, 3, 4] if whole.sections else [5, 7], vertical_alignment="center")
    with top[0]:
        pick_recording(entries, entry)
    section = address.section
    if section and section not in {one.name for one in whole.sections}:
        with problems_shown():
            raise RecordingNotFound(f"this recording has no section {section!r}; all of it is shown")
        section = ""
    if whole.sections:
        with top[1]:
            pick_section(whole.sections, section)
    with top[-1]:
        show_state(whole)
    with st.container(gap="xsmall"):  # always there: what comes and goes in it must not move the charts to other places
        if whole.info.problem:
            problem_box(whole.info.problem)
        show_cut(whole.info, entry)
        show_stall(whole)
    trace = trace_of(entry.path, section) if section else whole
    if trace.count == 0:
        with st.container(key="empty"):
            st.subheader("No task yet", anchor=False)
            st.text("The program has begun to record. Its first remote call will appear here.")
    else:
        _show_trace(trace, entry, f"{entry.recording}/{section}", address.task)
    show_program(whole.info.driver_pid)


def _show_trace(trace: Trace, entry: Entry, subject: str, task: str) -> None:
    theme = current_theme()
    totals = totals_of(trace)
    show_tiles(trace, totals, theme)
    pictures, panel = st.columns([3.3, 1.2], gap="medium")
    with pictures, st.container(gap="xsmall"):
        show_pictures(trace, read_sight(subject), task, theme)
    with panel, st.container(key="details", gap="xsmall"):
        if task:
            show_details(trace, task, theme)
        else:
            show_overview(trace, totals, theme)
            with problems_shown():
                show_advice(trace, subject)
            show_origins(trace, entry)


show()
