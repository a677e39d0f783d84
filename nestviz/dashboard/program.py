"""A program that was started here, as other pages see it: its output, how it stands, a way to stop it."""

from __future__ import annotations

import time

import streamlit as st

from nestviz.dashboard.clusters import ClusterWatch
from nestviz.dashboard.runs import Run, Runs
from nestviz.dashboard.sources import catalogue, trace_of
from nestviz.errors import NestvizError
from nestviz.wording import without_escapes

__all__ = ["cluster_watch", "recording_of", "runs", "show_output", "show_program"]


@st.cache_resource
def runs() -> Runs:
    """The server's runs, shared by all browser tabs."""
    return Runs()


@st.cache_resource
def cluster_watch() -> ClusterWatch:
    """The server's eye on the cluster that runs go to."""
    return ClusterWatch(runs().cluster, time.time)


def recording_of(run: Run) -> str:
    """The recording that a run makes, "" while there is none."""
    for entry in catalogue().entries():
        if run.pid and entry.recording not in run.known_before:
            try:
                if trace_of(entry.path).info.driver_pid == run.pid:
                    return entry.recording
            except NestvizError:
                continue
    return ""


def show_output(run: Run) -> None:
    """What the program printed."""
    st.code(without_escapes(run.output) or "The program has printed nothing yet.", language=None, height=220, wrap_lines=True)


def show_program(pid: int) -> None:
    """The output and the Stop button of the program with that process id, if it was started from this dashboard."""
    run = runs().by_pid(pid)
    if run is None:
        return
    with st.expander("The program's output", icon=":material/terminal:"):
        show_output(run)
        if not run.is_over:
            st.button("Stop the program", icon=":material/stop_circle:", key="stop", on_click=runs().stop, args=(run.number,))
