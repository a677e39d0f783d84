"""The numbers above the pictures: what runs now, how long it has taken, what it was worth; and the states of all tasks in one bar."""

from __future__ import annotations

import streamlit as st

from nestviz.analysis.totals import Totals
from nestviz.dashboard.style import Share, share_bar
from nestviz.events import State
from nestviz.figures.palette import Theme, state_colour, state_label
from nestviz.trace.model import Trace
from nestviz.wording import count, duration, ratio

__all__ = ["show_tiles"]


def show_tiles(trace: Trace, totals: Totals, theme: Theme) -> None:
    """Eight tiles and the bar of states."""
    cpus = f" on {totals.cpus:g} CPUs" if totals.cpus else ""
    tiles = (
        ("Tasks", count(totals.tasks), "Remote calls seen so far. Retries of a task are not counted again."),
        ("Running now", count(totals.states["running"]), "Tasks that are computing at this moment."),
        ("Blocked now", count(totals.states["blocked"]), "Tasks that wait in ray.get or ray.wait; Ray has lent out their CPUs."),
        ("Workers", count(totals.workers), "Worker processes that ran at least one task. Blocked parents make Ray start more."),
        ("Elapsed", duration(max(trace.now_ns - _begin(trace), 0)), "Since the recording began."),
        ("Makespan", duration(totals.makespan_ns), "From the first submission to the last end."),
        ("Work", duration(totals.work_ns), "What all tasks computed, added up."),
        ("Speedup", ratio(totals.speedup), f"Work divided by makespan{cpus}. Below 1×, the program waits more than it computes."),
    )
    with st.container(key="tiles"):
        for column, (label, value, meaning) in zip(st.columns(len(tiles), gap="small"), tiles, strict=True):
            column.metric(label, value, help=meaning)
        share_bar([
            Share(state_label(state), count(number), number, state_colour(state, theme))
            for state in State
            if (number := totals.states[state.name.lower()])
        ])


def _begin(trace: Trace) -> int:
    return trace.sections[0].begin_ns if len(trace.sections) == 1 else trace.info.begin_ns
