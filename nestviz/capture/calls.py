"""Recording both ends of a call: the submission in the parent, the execution in the worker."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any  # the user's functions take and return anything

import ray

from nestviz import ray_private
from nestviz.capture.clock import monotonic_ns
from nestviz.capture.context import Place, current_place, enter, leave
from nestviz.capture.recorder import Recorder
from nestviz.capture.session import active_recorder, open_recorder
from nestviz.events import ID_BYTES, UNKNOWN_SIZE, State

__all__ = ["MARK", "Attempt", "begin_attempt", "end_attempt", "plain_name", "size_of", "wrap_submission"]

MARK = "__nestviz_name__"
"""The attribute of an instrumented function that says so; its value is the name to show."""

_ORIGIN = ray_private.HIDDEN_KEYWORD
_SIZED = (list, tuple, dict, set, frozenset, str, bytes, bytearray, range, memoryview)
_MAX_ERROR = 1_500

Call = Callable[..., Any]


def wrap_submission(original: Call) -> Call:
    """Ray's `RemoteFunction._remote`, which also records the calls of instrumented functions."""

    @functools.wraps(original)
    def submit(self: Any, args: Any = None, kwargs: Any = None, *rest: Any, **options: Any) -> Any:  # signature is Ray's
        name = getattr(getattr(self, "_function", None), MARK, None)
        if name is None:
            return original(self, args, kwargs, *rest, **options)
        if active_recorder() is None and not ray.is_initialized():
            ray.init()  # as Ray itself would at once; here, so that the start of Ray is not taken for the cost of a call
        recorder = open_recorder()
        if recorder is None:
            return original(self, args, kwargs, *rest, **options)
        place = current_place()
        begin = monotonic_ns()
        if options.get("num_returns") == 0 and ray_private.make_room_for_hidden_keyword(self):
            parent = ray_private.current_task_id() or b""
            kwargs = {**(kwargs or {}), _ORIGIN: (parent, begin, place[1])}
        result = original(self, args, kwargs, *rest, **options)
        with suppress(Exception):  # the call has been made; whether it could be noted must not matter
            task_id = _task_id_of(result)
            if task_id:
                recorder.submitted(place, task_id, options.get("name") or name, begin, size_of(args, kwargs))
        return result

    return submit


Attempt = tuple[Recorder, int, Place | None]
"""What `begin_attempt` hands to `end_attempt`: the recorder, the attempt's number, and where the thread stood before."""


def begin_attempt(name: str, kwargs: dict[str, Any], args: tuple[Any, ...]) -> Attempt | None:
    """A worker is about to run the user's function; None when nothing is recorded. Takes nestviz's keyword out of `kwargs`."""
    origin = kwargs.pop(_ORIGIN, None)
    try:
        recorder = open_recorder()
        if recorder is None:
            return None
        task_id, attempt = ray_private.current_task_id(), ray_private.current_attempt_number()
        scope = recorder.started(task_id, attempt, name, size_of(args, kwargs))
        if origin is not None:
            recorder.came_from(scope, *origin)
        return recorder, scope, enter(scope)
    except Exception:  # noqa: BLE001 - the user's function runs, whatever keeps it from being recorded
        return None


def end_attempt(attempt: Attempt | None, problem: BaseException | None = None) -> None:
    """The function has returned, or raised `problem`."""
    if attempt is None:
        return
    recorder, scope, before = attempt
    with suppress(Exception):  # the function's result counts, not whether its end could be noted
        if problem is None:
            recorder.ended(scope, State.FINISHED, "")
        else:
            recorder.ended(scope, _state_after(problem), _describe(problem))
    leave(scope, before)


def plain_name(function: Call) -> str:
    """The name to show: the qualified name without the functions around it."""
    return str(getattr(function, "__qualname__", function.__class__.__name__)).rsplit("<locals>.", 1)[-1]


def size_of(args: Any, kwargs: Any) -> int:
    """Elements of the largest argument that knows its length cheaply; UNKNOWN_SIZE when none does."""
    largest = UNKNOWN_SIZE
    for value in (*(args or ()), *(kwargs or {}).values()):
        if isinstance(value, _SIZED):
            largest = max(largest, len(value))
        elif type(value).__name__ == "ndarray" and "numpy" in sys.modules:
            largest = max(largest, int(value.size))
    return largest


def _task_id_of(result: Any) -> bytes:
    if isinstance(result, ray.ObjectRef):
        return bytes(result.binary()[:ID_BYTES])
    if isinstance(result, list) and result and isinstance(result[0], ray.ObjectRef):
        return bytes(result[0].binary()[:ID_BYTES])
    return ray_private.generator_task_id(result)


def _state_after(problem: BaseException) -> State:
    is_cancelled = isinstance(problem, (KeyboardInterrupt, ray.exceptions.TaskCancelledError))
    return State.CANCELLED if is_cancelled else State.FAILED


def _describe(problem: BaseException) -> str:
    """Type and first words of an exception. Its text is the user's code too and may raise."""
    try:
        text = str(getattr(problem, "cause", None) or problem).strip()
    except Exception:  # noqa: BLE001 - the user's __str__ may raise anything
        text = ""
    kind = type(problem).__name__
    return f"{kind}: {text}"[:_MAX_ERROR] if text else kind
