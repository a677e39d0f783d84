"""Recording `ray.get`, `ray.wait` and `await ref`: which results were asked for, from when to when; and `ray.cancel`."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any  # Ray's own calls take and return anything

import ray

from nestviz import ray_private
from nestviz.capture import values
from nestviz.capture.clock import monotonic_ns
from nestviz.capture.context import current_place
from nestviz.capture.describing import result_error
from nestviz.capture.recorder import MAX_REFS
from nestviz.capture.session import active_recorder
from nestviz.events import ID_BYTES, WaitKind

__all__ = ["plain_cancel", "plain_get", "plain_wait", "traced_cancel", "traced_get", "traced_wait", "wrap_future"]

plain_get: Callable[..., Any] = ray.get
"""Ray's own `get`, unrecorded."""

plain_wait: Callable[..., Any] = ray.wait
plain_cancel: Callable[..., Any] = ray.cancel


@functools.wraps(plain_get)
def traced_get(object_refs: Any, *args: Any, **kwargs: Any) -> Any:  # signature is Ray's
    """Ray's `get`, recorded."""
    recorder = active_recorder()
    if recorder is None:
        return plain_get(object_refs, *args, **kwargs)
    ids, asked = _tasks_of(object_refs)
    scope, _ = current_place()
    number, begin = recorder.wait_began(scope, WaitKind.GET, ids, asked)
    try:
        result = plain_get(object_refs, *args, **kwargs)
    except BaseException as problem:
        recorder.wait_ended(scope, number, begin, 0, (), is_failed=True, error=result_error(problem))
        raise
    recorder.wait_ended(scope, number, begin, asked, (), is_failed=False)
    with suppress(Exception):  # the values are there; whether they will be recognised must not matter
        values.got(scope, result, is_one=not isinstance(object_refs, (list, tuple)))
    return result


@functools.wraps(plain_wait)
def traced_wait(ray_waitables: Any, *args: Any, **kwargs: Any) -> Any:  # signature is Ray's
    """Ray's `wait`, recorded."""
    recorder = active_recorder()
    if recorder is None:
        return plain_wait(ray_waitables, *args, **kwargs)
    ids, asked = _tasks_of(ray_waitables)
    scope, _ = current_place()
    number, begin = recorder.wait_began(scope, WaitKind.WAIT, ids, asked)
    is_failed, ready = True, []
    try:
        ready, rest = plain_wait(ray_waitables, *args, **kwargs)
        is_failed = False
        return ready, rest
    finally:
        got, count = _tasks_of(ready)
        recorder.wait_ended(scope, number, begin, count, got, is_failed=is_failed)


@functools.wraps(plain_cancel)
def traced_cancel(ray_waitable: Any, *args: Any, **kwargs: Any) -> Any:  # signature is Ray's
    """Ray's `cancel`, recorded."""
    now = monotonic_ns()
    result = plain_cancel(ray_waitable, *args, **kwargs)
    recorder = active_recorder()
    if recorder is not None:
        with suppress(Exception):  # it has been cancelled; whether that could be noted must not matter
            ids, _ = _tasks_of([ray_waitable])
            is_forced, is_recursive = bool(kwargs.get("force", False)), bool(kwargs.get("recursive", True))
            recorder.cancelled(current_place(), ids[0], now, is_forced=is_forced, is_recursive=is_recursive)
    return result


def wrap_future(original: Callable[..., Any]) -> Callable[..., Any]:
    """`asyncio.wrap_future` as Ray uses it for `await ref`: the future's time is a wait of whoever awaits it."""

    @functools.wraps(original)
    def wrapped(future: Any, *args: Any, **kwargs: Any) -> Any:
        awaited = original(future, *args, **kwargs)
        recorder, ref = active_recorder(), getattr(future, "object_ref", None)
        if recorder is not None and ref is not None:
            with suppress(Exception):  # the future is made; whether it could be noted must not matter
                scope, _ = current_place()
                number, begin = recorder.wait_began(scope, WaitKind.AWAIT, [ref.binary()[:ID_BYTES]], 1)
                awaited.add_done_callback(functools.partial(_awaited, recorder, scope, number, begin, future))
        return awaited

    return wrapped


def _awaited(recorder: Any, scope: int, number: int, begin: int, source: Any, awaited: asyncio.Future[Any]) -> None:
    # the source is asked: asking asyncio's future would keep it from saying that its exception was never retrieved
    problem = None if awaited.cancelled() or not source.done() else source.exception()
    is_failed = problem is not None or awaited.cancelled() or not source.done()
    recorder.wait_ended(scope, number, begin, int(not is_failed), (), is_failed=is_failed, error=result_error(problem))


def _tasks_of(refs: object) -> tuple[list[bytes], int]:
    """The ids of the tasks that make those results (the first `MAX_REFS`), and how many refs there are."""
    if isinstance(refs, ray.ObjectRef):
        return [refs.binary()[:ID_BYTES]], 1
    if not isinstance(refs, (list, tuple)):
        return [], 1
    return [task_id for task_id in map(_task_of, refs[:MAX_REFS]) if task_id], len(refs)


def _task_of(ref: object) -> bytes:
    return ref.binary()[:ID_BYTES] if isinstance(ref, ray.ObjectRef) else ray_private.generator_task_id(ref)
