"""Recording `ray.get` and `ray.wait`: which results were asked for, from when to when."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast  # Ray's own calls take and return anything

import ray

from nestviz.capture.context import current_place
from nestviz.capture.recorder import MAX_REFS
from nestviz.capture.session import active_recorder
from nestviz.events import ID_BYTES, WaitKind

__all__ = ["install_waits", "plain_get"]

plain_get: Callable[..., Any] = ray.get
"""Ray's own `get`, unrecorded."""

_plain_wait: Callable[..., Any] = ray.wait


@functools.wraps(plain_get)
def _traced_get(object_refs: Any, *args: Any, **kwargs: Any) -> Any:  # signature is Ray's
    recorder = active_recorder()
    if recorder is None:
        return plain_get(object_refs, *args, **kwargs)
    ids, asked = _tasks_of(object_refs)
    scope, _ = current_place()
    number, begin = recorder.wait_began(scope, WaitKind.GET, ids, asked)
    is_failed = True
    try:
        values = plain_get(object_refs, *args, **kwargs)
        is_failed = False
        return values
    finally:
        recorder.wait_ended(scope, number, begin, 0 if is_failed else asked, (), is_failed=is_failed)


@functools.wraps(_plain_wait)
def _traced_wait(ray_waitables: Any, *args: Any, **kwargs: Any) -> Any:  # signature is Ray's
    recorder = active_recorder()
    if recorder is None:
        return _plain_wait(ray_waitables, *args, **kwargs)
    ids, asked = _tasks_of(ray_waitables)
    scope, _ = current_place()
    number, begin = recorder.wait_began(scope, WaitKind.WAIT, ids, asked)
    is_failed, ready = True, []
    try:
        ready, rest = _plain_wait(ray_waitables, *args, **kwargs)
        is_failed = False
        return ready, rest
    finally:
        got, count = _tasks_of(ready)
        recorder.wait_ended(scope, number, begin, count, got, is_failed=is_failed)


def install_waits() -> None:
    """Put the recording versions in the place of `ray.get` and `ray.wait`."""
    ray.get = cast("Any", _traced_get)
    ray.wait = cast("Any", _traced_wait)


def _tasks_of(refs: object) -> tuple[list[bytes], int]:
    """The ids of the tasks that make those results (the first `MAX_REFS`), and how many refs there are."""
    if isinstance(refs, ray.ObjectRef):
        return [refs.binary()[:ID_BYTES]], 1
    if not isinstance(refs, (list, tuple)):
        return [], 1
    return [ref.binary()[:ID_BYTES] for ref in refs[:MAX_REFS] if isinstance(ref, ray.ObjectRef)], len(refs)
