"""Which task this piece of code belongs to, also in threads that a task started."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any, cast  # what a thread runs takes and returns anything

__all__ = ["Place", "carry_into_threads", "current_place", "enter", "is_plain_call", "leave", "set_block"]

Place = tuple[int, int]
"""The number of the attempt (0: the process itself) and of the innermost open span block (0: none)."""

_ROOT: Place = (0, 0)
_CARRIED = "_nestviz_place"
_place: ContextVar[Place | None] = ContextVar("nestviz_place", default=None)
_task: ContextVar[bytes] = ContextVar("nestviz_task", default=b"")
_running: list[Place] = []


def current_place() -> Place:
    """Where the calling code stands.

    A thread that was started in no known way is counted to the attempt that this process began last.
    """
    return _known_place() or (_running[-1] if _running else _ROOT)


def is_plain_call(task_id: bytes) -> bool:
    """Whether code that runs with this id of Ray's is called from inside a recorded attempt, and so is no attempt of its own."""
    return _known_place() is not None and _task.get() in {b"", task_id}


def enter(scope: int, task_id: bytes) -> tuple[Place | None, bytes]:
    """A task's attempt begins here; returns what `leave` needs."""
    before = _place.get(), _task.get()
    place = (scope, 0)
    _place.set(place)
    _task.set(task_id)
    _running.append(place)
    return before


def leave(scope: int, before: tuple[Place | None, bytes]) -> None:
    """The attempt ends."""
    _place.set(before[0])
    _task.set(before[1])
    for index in range(len(_running) - 1, -1, -1):
        if _running[index][0] == scope:
            del _running[index]
            break


def set_block(block: int) -> int:
    """Make `block` the innermost one here; returns the one that was."""
    scope, outer = current_place()
    _place.set((scope, block))
    return outer


def carry_into_threads() -> None:
    """Let threads and thread pools know from now on which attempt started them. A thread's own context is empty otherwise."""
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit

    @functools.wraps(start)
    def start_here(self: threading.Thread) -> None:
        place = _known_place()
        if place is not None:
            setattr(self, _CARRIED, place)
        start(self)

    @functools.wraps(cast("Any", submit))
    def submit_here(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        place = _known_place()
        return submit(self, fn if place is None else functools.partial(_run_at, place, fn), *args, **kwargs)

    threading.Thread.start = cast("Any", start_here)  # type: ignore[method-assign]  # as tracers of threads do
    ThreadPoolExecutor.submit = cast("Any", submit_here)  # type: ignore[method-assign]  # the pool's threads serve many tasks


def _known_place() -> Place | None:
    place = _place.get()
    return place if place is not None else getattr(threading.current_thread(), _CARRIED, None)


def _run_at(place: Place, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    before = _place.get()
    _place.set(place)
    try:
        return function(*args, **kwargs)
    finally:
        _place.set(before)
