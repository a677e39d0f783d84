"""Which task this piece of code belongs to, also in threads that a task started."""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["Place", "current_place", "enter", "leave", "set_block"]

Place = tuple[int, int]
"""The number of the attempt (0: the process itself) and of the innermost open span block (0: none)."""

_ROOT: Place = (0, 0)
_place: ContextVar[Place | None] = ContextVar("nestviz_place", default=None)
_running: list[Place] = []


def current_place() -> Place:
    """Where the calling code stands.

    A thread that a task started has an empty context: what it does is counted to the attempt that this process began last.
    """
    place = _place.get()
    if place is not None:
        return place
    return _running[-1] if _running else _ROOT


def enter(scope: int) -> Place | None:
    """A task's attempt begins in this thread; returns what `leave` needs."""
    before = _place.get()
    place = (scope, 0)
    _place.set(place)
    _running.append(place)
    return before


def leave(scope: int, before: Place | None) -> None:
    """The attempt ends."""
    _place.set(before)
    for index in range(len(_running) - 1, -1, -1):
        if _running[index][0] == scope:
            del _running[index]
            break


def set_block(block: int) -> int:
    """Make `block` the innermost one here; returns the one that was."""
    scope, outer = current_place()
    _place.set((scope, block))
    return outer
