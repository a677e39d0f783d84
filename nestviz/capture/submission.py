"""Recording calls where they are made: remote functions, actors and their methods, wherever they were made remote."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any  # the user's functions take and return anything

import ray

from nestviz import ray_private
from nestviz.capture import values
from nestviz.capture.clock import monotonic_ns
from nestviz.capture.context import current_place
from nestviz.capture.describing import last_part, requirement, size_of
from nestviz.capture.objects import begin_counting, counted_bytes
from nestviz.capture.recorder import Recorder
from nestviz.capture.session import active_recorder, is_everything_traced, open_recorder
from nestviz.capture.wrapping import MARK, wrap, wrap_class
from nestviz.events import ID_BYTES

__all__ = ["wrap_actor_call", "wrap_actor_class", "wrap_function_call", "wrap_method_call"]

_ORIGIN = ray_private.HIDDEN_KEYWORD
_OWN = "nestviz.collector"

Call = Callable[..., Any]


class _Submission:
    """One `.remote()` under way."""

    __slots__ = ("begin", "place", "recorder")

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.place = current_place()
        begin_counting()
        self.begin = monotonic_ns()

    def with_origin(self, kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
        """The keywords with the parent's own word of who it is: for calls that give the parent no id."""
        return {**(kwargs or {}), _ORIGIN: (ray_private.current_task_id() or b"", self.begin, self.place[1])}

    def made(self, task_id: bytes, name: str, args: Any, kwargs: Any, needs: str = "", *, is_tentative: bool = False) -> None:
        """The call has been handed over; b"" for one without an id, of which the child will tell."""
        if not task_id:
            return
        recorder = self.recorder
        size, sent = size_of(args, kwargs), counted_bytes()
        recorder.submitted(self.place, task_id, name, self.begin, size, sent, is_tentative=is_tentative)
        if needs:
            recorder.requires(task_id, needs)
        is_sent = is_got = False
        for value in (*(args or ()), *(kwargs or {}).values()):
            if isinstance(value, ray.ObjectRef):
                recorder.depends(task_id, value.binary()[:ID_BYTES])
            elif sent < 0 or sent >= values.LARGE_BYTES:
                before = values.is_known(self.place[0], value)
                is_sent, is_got = is_sent or before[0], is_got or before[1]
                values.sent(self.place[0], value)
        if is_sent or is_got:
            recorder.repeated(task_id, is_sent=is_sent, is_got=is_got)


def wrap_function_call(original: Call) -> Call:
    """Ray's `RemoteFunction._remote`, which also records the calls."""

    @functools.wraps(original)
    def submit(self: Any, args: Any = None, kwargs: Any = None, *rest: Any, **options: Any) -> Any:  # signature is Ray's
        name, is_tentative = _name_of_function(self), False
        recorder = _recorder() if name else active_recorder()
        if recorder is not None and not name:  # nobody will tell of its execution but Ray's own record
            name, is_tentative = ray_private.function_name(self), True
        if recorder is None or not name:
            return original(self, args, kwargs, *rest, **options)
        call = _Submission(recorder)
        sent = kwargs
        if options.get("num_returns") == 0 and not is_tentative and ray_private.make_room_for_hidden_keyword(self):
            sent = call.with_origin(kwargs)
        needs = requirement(options, inherited_group=ray_private.captured_group())  # Ray takes options away
        pickled = ray_private.pickled_function(self)
        result = original(self, args, sent, *rest, **options)
        with suppress(Exception):  # the call has been made; whether it could be noted must not matter
            task_id = _task_id_of(result)
            call.made(task_id, options.get("name") or last_part(name), args, kwargs, needs, is_tentative=is_tentative)
            if ray_private.pickled_function(self) is not pickled:
                recorder.exported(task_id, len(ray_private.pickled_function(self)))
        return result

    return submit


def wrap_actor_call(original: Call) -> Call:
    """Ray's `ActorClass._remote`, which also records the creation of actors."""

    @functools.wraps(original)
    def create(self: Any, args: Any = None, kwargs: Any = None, **options: Any) -> Any:  # signature is Ray's
        # Where an actor is only looked up, Ray itself comes here again if it has to be created.
        name = "" if options.get("get_if_exists") else _name_of_class(self)
        recorder = _recorder() if name else None
        if recorder is None:
            return original(self, args, kwargs, **options)
        call = _Submission(recorder)
        needs = requirement(options, cpus=0, inherited_group=ray_private.captured_group())
        handle = original(self, args, kwargs, **options)
        with suppress(Exception):  # the actor has been made; whether it could be noted must not matter
            call.made(ray_private.creation_task_id(handle), f"{name}.__init__", args, kwargs, needs)
        return handle

    return create


def wrap_method_call(original: Call) -> Call:
    """Ray's `ActorHandle._actor_method_call`, which also records the calls."""

    @functools.wraps(original)
    def submit(self: Any, method_name: str, *rest: Any, **options: Any) -> Any:  # signature is Ray's
        module, actor = ray_private.actor_class_names(self)
        recorder = None if module.startswith(_OWN) else _recorder()
        if recorder is None:
            return original(self, method_name, *rest, **options)
        call = _Submission(recorder)
        kwargs = options.get("kwargs")
        if options.get("num_returns") == 0 and ray_private.make_room_in_method(self, method_name):
            options["kwargs"] = call.with_origin(kwargs)
        result = original(self, method_name, *rest, **options)
        with suppress(Exception):  # the call has been made; whether it could be noted must not matter
            name = options.get("name") or f"{last_part(actor)}.{method_name}"
            is_tentative = not is_everything_traced() and not ray_private.is_recorded(self)
            call.made(_task_id_of(result), name, options.get("args"), kwargs, is_tentative=is_tentative)
        return result

    return submit


def wrap_actor_class(actor_class: Any) -> str:
    """Have Ray's actor class record its executions; the name to show, "" for one that cannot."""
    plain = ray_private.class_behind(actor_class)
    if plain is None or plain.__module__.startswith(_OWN):
        return ""
    if MARK not in plain.__dict__:
        wrap_class(plain)
        ray_private.mark_as_recorded(actor_class)
    return str(plain.__dict__[MARK])


def _name_of_function(function: Any) -> str:
    """The name of a recorded remote function; when everything is recorded, it becomes one now."""
    plain = ray_private.function_behind(function)
    name = getattr(plain, MARK, "")
    if name or plain is None or not is_everything_traced():
        return str(name)
    wrapped = wrap(plain)
    ray_private.replace_function(function, wrapped)
    return str(getattr(wrapped, MARK))


def _name_of_class(actor_class: Any) -> str:
    plain = ray_private.class_behind(actor_class)
    if is_everything_traced():
        return wrap_actor_class(actor_class)
    return str(getattr(plain, MARK, ""))


def _recorder() -> Recorder | None:
    if active_recorder() is None and not ray.is_initialized():
        ray.init()  # as Ray itself would at once; here, so that the start of Ray is not taken for the cost of a call
    return open_recorder()


def _task_id_of(result: Any) -> bytes:
    if isinstance(result, ray.ObjectRef):
        return bytes(result.binary()[:ID_BYTES])
    if isinstance(result, list) and result and isinstance(result[0], ray.ObjectRef):
        return bytes(result[0].binary()[:ID_BYTES])
    return ray_private.generator_task_id(result)
