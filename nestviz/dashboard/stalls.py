"""The box at the top of the Live page while the program waits for itself: how long, which tasks, for what, who holds it."""

from __future__ import annotations

import streamlit as st

from nestviz.analysis.stall import StuckTasks, find_stall
from nestviz.analysis.stall_words import reason_of, title_of
from nestviz.dashboard.details import show_way
from nestviz.dashboard.facts import kin_of
from nestviz.dashboard.literal import as_html
from nestviz.recordings import is_unrecorded
from nestviz.trace.model import Trace
from nestviz.wording import count, duration

__all__ = ["show_stall"]

_MOST = 4


def show_stall(trace: Trace) -> None:
    """Nothing while the program moves, or its record cannot. The tasks of each chain are buttons that open their details."""
    stall = None if is_unrecorded(trace.info.driver_pid) else find_stall(trace)
    if stall is None:
        return
    with st.container(key="stall", gap="xsmall"):
        st.html(
            f'<div class="nv-title" role="alert">{as_html(title_of(stall))}: nothing has moved for {duration(stall.lasted_ns)}</div>'
        )
        for place, stuck in enumerate(stall.stuck[:_MOST]):
            _show_stuck(trace, stuck, place)
        if len(stall.stuck) > _MOST:
            st.html(f'<div class="nv-quiet">and {count(len(stall.stuck) - _MOST)} more kinds of tasks</div>')


def _show_stuck(trace: Trace, stuck: StuckTasks, place: int) -> None:
    st.html(f"<div>{as_html(reason_of(trace, stuck))}</div>")
    show_way([kin_of(trace, row) for row in stuck.chain], f"stuck-{place}")
