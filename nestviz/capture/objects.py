"""`ray.put`, and how many bytes the arguments of a call become."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any  # Ray's own calls take and return anything

import ray

from nestviz import ray_private
from nestviz.capture.clock import monotonic_ns
from nestviz.capture.context import current_place
from nestviz.capture.session import active_recorder

__all__ = ["begin_counting", "count_serialized", "counted_bytes", "plain_put", "traced_put"]

plain_put: Callable[..., Any] = ray.put
"""Ray's own `put`, unrecorded."""

UNKNOWN_BYTES = -1


class _Count(threading.local):
    size = UNKNOWN_BYTES


_count = _Count()


def begin_counting() -> None:
    """What this thread serializes from now on is counted."""
    _count.size = 0


def counted_bytes() -> int:
    """Bytes serialized by this thread since; UNKNOWN_BYTES where Ray does not let itself be watched."""
    return _count.size if _is_counting else UNKNOWN_BYTES


def _counted(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def serialize(self: Any, value: Any) -> Any:
        result = original(self, value)
        with suppress(AttributeError):
            _count.size += result.total_bytes
        return result

    return serialize


_is_counting = False


def count_serialized() -> None:
    """Watch Ray serialize from now on."""
    global _is_counting  # noqa: PLW0603 - a process is watched or not
    _is_counting = ray_private.patch_serialization(_counted)


@functools.wraps(plain_put)
def traced_put(value: Any, *args: Any, **kwargs: Any) -> Any:  # signature is Ray's
    """Ray's `put`, recorded."""
    recorder = active_recorder()
    if recorder is None:
        return plain_put(value, *args, **kwargs)
    scope, block = current_place()
    begin_counting()
    begin = monotonic_ns()
    is_failed = True
    try:
        ref = plain_put(value, *args, **kwargs)
        is_failed = False
        return ref
    finally:
        recorder.stored((scope, block), begin, counted_bytes(), is_failed=is_failed)
