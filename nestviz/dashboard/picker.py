"""The line above everything: which recording and which section is shown, and how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone

import streamlit as st

from nestviz.dashboard.address import open_at, read_address, write_address
from nestviz.dashboard.literal import as_html
from nestviz.dashboard.sources import catalogue
from nestviz.recordings import Entry
from nestviz.trace.model import Section, Trace
from nestviz.wording import count

__all__ = ["chosen_entry", "pick_recording", "pick_section", "show_state"]

_LAST = "recording"
_WHOLE = "All sections"
_SIGNS = {"live": ("●", "#0F8F73"), "complete": ("✓", "#0F8F73"), "interrupted": ("✕", "#C2410C")}


def chosen_entry(entries: Sequence[Entry]) -> Entry | None:
    """The recording of the address, else a live one, else the one looked at last, else the newest; None when there is none at all.

    RecordingNotFound when the address names one that is not there.
    """
    said = read_address().recording
    if said:
        entry = catalogue().find(said)
    elif entries:
        last = [entry for entry in entries if entry.recording == st.session_state.get(_LAST)]
        entry = entries[0] if entries[0].state == "live" or not last else last[0]
    else:
        return None
    if said != entry.recording:
        write_address(replace(read_address(), recording=entry.recording))
    st.session_state[_LAST] = entry.recording
    return entry


def pick_recording(entries: Sequence[Entry], entry: Entry) -> None:
    """Choose another recording."""
    labels = _labels(entries)
    st.session_state["picked"] = entry.recording
    st.selectbox(
        "Recording",
        list(labels),
        format_func=lambda recording: labels.get(recording, recording),
        key="picked",
        label_visibility="collapsed",
        on_change=_picked,
        args=(frozenset(labels),),
    )


def _picked(known: frozenset[str]) -> None:
    """Open what was picked. When a label has changed meanwhile, the browser sends the old label: that is nobody's choice."""
    chosen = st.session_state.get("picked")
    if chosen in known:
        open_at(str(chosen))


def _labels(entries: Sequence[Entry]) -> dict[str, str]:
    """What each recording is called: its name and begin, or its id where those are not enough. They must not change while it lives."""
    labels: dict[str, str] = {}
    for entry in entries:
        began = datetime.fromtimestamp(entry.begin_ns / 1e9, tz=timezone.utc).astimezone().strftime("%d %b %H:%M:%S")
        label = f"{entry.name}  ·  {began}"
        labels[entry.recording] = entry.recording if label in labels.values() else label
    return labels


def pick_section(sections: Sequence[Section], section: str) -> None:
    """Choose one section of the recording, or all of it."""
    names = list(dict.fromkeys(one.name for one in sections))
    st.session_state["section"] = section or _WHOLE
    st.selectbox(
        "Section",
        [_WHOLE, *names],
        key="section",
        label_visibility="collapsed",
        on_change=_section_chosen,
    )


def _section_chosen() -> None:
    chosen = str(st.session_state["section"])
    write_address(replace(read_address(), section="" if chosen == _WHOLE else chosen, task=""))


def show_state(trace: Trace) -> None:
    """One line: live, complete or interrupted, and what it ran on."""
    sign, colour = _SIGNS.get(trace.info.state, ("", "inherit"))
    cpus = f" · {trace.info.cpus:g} CPUs" if trace.info.cpus else ""
    lost = f" · {count(trace.lost_events)} events lost" if trace.lost_events else ""
    st.html(
        f'<div class="nv-state"><b><span style="color:{colour}">{sign}</span> {as_html(trace.info.state)}</b>'
        f"{as_html(cpus + lost)}</div>"
    )
