"""The one palette of all pictures: a light and a dark set of the same meanings, and the signs that go with the colours.

Colour never stands alone: failed carries ✕, retried ↻, lost ?, queued is thin, blocked is pale with a darker edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nestviz.events import Phase, State

__all__ = ["PALETTES", "Palette", "Theme", "palette_of", "phase_colour", "phase_label", "state_colour", "state_label", "state_sign"]

Theme = Literal["light", "dark"]


@dataclass(frozen=True)
class Palette:
    """Colours as #RRGGBB; `background` is what Streamlit puts behind the pictures."""

    background: str
    text: str
    quiet_text: str
    grid: str
    edge: str
    """Lines between parents and children."""
    path: str
    """The critical path."""
    selection: str
    retried: str
    states: dict[State, str]
    phases: dict[Phase, str]
    outlines: dict[Phase, str]
    """Edges of bars too pale to stand out on the background."""

    on_compute: str
    on_blocked: str
    """Names written on bars."""

    def outline_of_state(self, state: State) -> str:
        """The edge of a mark in that state: darker than pale ones, the background's colour for strong ones."""
        edges = {State.SUBMITTED: Phase.QUEUE, State.BLOCKED: Phase.BLOCKED}
        return self.outlines[edges[state]] if state in edges else self.background


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        background="#FFFFFF",
        text="#1F2430",
        quiet_text="#6B7280",
        grid="#ECEEF1",
        edge="#C5C9D3",
        path="#3A4256",
        selection="#111827",
        retried="#E8833A",
        states={
            State.SUBMITTED: "#D0D3D9",
            State.RUNNING: "#2057B3",
            State.BLOCKED: "#8DBDEB",
            State.FINISHED: "#0F8F73",
            State.FAILED: "#9E0B2F",
            State.CANCELLED: "#7A5C9E",
            State.LOST: "#4B4F58",
        },
        phases={
            Phase.SUBMIT: "#D9A86C",
            Phase.QUEUE: "#D0D3D9",
            Phase.FETCH: "#F5D547",
            Phase.COMPUTE: "#2057B3",
            Phase.SPAWN: "#8A4B14",
            Phase.BLOCKED: "#8DBDEB",
            Phase.RECEIVE: "#0C7F78",
            Phase.STORE: "#3B3F1C",
        },
        outlines={Phase.QUEUE: "#8B919D", Phase.BLOCKED: "#5F97CF", Phase.FETCH: "#B39612", Phase.SUBMIT: "#8A6A3F"},
        on_compute="#FFFFFF",
        on_blocked="#14213D",
    ),
    "dark": Palette(
        background="#0E1117",
        text="#E8EAF0",
        quiet_text="#9CA3AF",
        grid="#262B36",
        edge="#4A5162",
        path="#E5E7EB",
        selection="#FFFFFF",
        retried="#FFB057",
        states={
            State.SUBMITTED: "#858B97",
            State.RUNNING: "#4F9BFF",
            State.BLOCKED: "#4A6C98",
            State.FINISHED: "#3ED6A0",
            State.FAILED: "#FF4D6D",
            State.CANCELLED: "#B08BD9",
            State.LOST: "#C3C7CF",
        },
        phases={
            Phase.SUBMIT: "#E8B48A",
            Phase.QUEUE: "#858B97",
            Phase.FETCH: "#F7F04A",
            Phase.COMPUTE: "#4F9BFF",
            Phase.SPAWN: "#A5611F",
            Phase.BLOCKED: "#4A6C98",
            Phase.RECEIVE: "#BFF3EA",
            Phase.STORE: "#C8C2F0",
        },
        outlines={Phase.QUEUE: "#A5ABB7", Phase.BLOCKED: "#7FA3CF"},
        on_compute="#0B1220",
        on_blocked="#FFFFFF",
    ),
}

_STATE_LABELS = {
    State.SUBMITTED: "queued",
    State.RUNNING: "running",
    State.BLOCKED: "waiting for children",
    State.FINISHED: "finished",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
    State.LOST: "lost",
}
_SIGNS = {State.FAILED: "✕", State.CANCELLED: "–", State.LOST: "?"}
_PHASE_LABELS = {Phase.COMPUTE: "computing", Phase.BLOCKED: "waiting for children", Phase.QUEUE: "queued"}


def palette_of(theme: Theme) -> Palette:
    """The colours of a theme."""
    return PALETTES[theme]


def state_colour(state: State, theme: Theme = "light") -> str:
    """The colour of a task's state."""
    return PALETTES[theme].states[state]


def phase_colour(phase: Phase, theme: Theme = "light") -> str:
    """The colour of a phase."""
    return PALETTES[theme].phases[phase]


def state_label(state: State) -> str:
    """What a legend calls a state."""
    return _STATE_LABELS[state]


def state_sign(state: State) -> str:
    """The sign that a state carries beside its colour, "" when the colour is enough."""
    return _SIGNS.get(state, "")


def phase_label(phase: Phase) -> str:
    """What a legend calls a phase."""
    return _PHASE_LABELS.get(phase, phase.name.lower())
