"""What one person looks at: a part of a recording, the stretch of time they zoomed to, the tree nodes they opened."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from nestviz.dashboard.address import read_address, write_address

__all__ = ["Sight", "Window", "fold_all", "open_node", "read_sight", "resize_to", "select_task", "zoom_to"]

Window = tuple[float, float]
_KEY = "sight"
_USUAL_WIDTH_PX = 870


@dataclass(frozen=True)
class Sight:
    """What one browser tab looks at.

    `window` is in the timeline's own unit, None for all of it; `opened` holds tasks' keys, `width` is in pixels.
    """

    subject: str = ""
    window: Window | None = None
    opened: frozenset[str] = frozenset()
    width: int = _USUAL_WIDTH_PX


def read_sight(subject: str) -> Sight:
    """What the person did to this subject; another subject starts afresh."""
    sight = st.session_state.get(_KEY)
    if not isinstance(sight, Sight) or sight.subject != subject:
        width = sight.width if isinstance(sight, Sight) else _USUAL_WIDTH_PX
        sight = st.session_state[_KEY] = Sight(subject, width=width)
    return sight


def _change(sight: Sight) -> None:
    st.session_state[_KEY] = sight


def zoom_to(window: Window | None) -> None:
    """Look at that stretch of time, None for everything."""
    _change(replace(_current(), window=window))


def resize_to(width: int) -> None:
    """Draw for that many pixels."""
    _change(replace(_current(), width=width))


def open_node(key: str) -> None:
    """Show what is folded away below that task."""
    sight = _current()
    _change(replace(sight, opened=sight.opened | {key}))


def fold_all() -> None:
    """Fold the tree as it was in the beginning."""
    _change(replace(_current(), opened=frozenset()))


def select_task(key: str) -> None:
    """Show the details of that task, "" for none."""
    write_address(replace(read_address(), task=key))


def _current() -> Sight:
    sight = st.session_state.get(_KEY)
    return sight if isinstance(sight, Sight) else Sight()
