"""Every private name of Ray that nestviz cannot do without, each with the reason and what happens on a Ray that lacks it.

* `RemoteFunction._remote`, `ActorClass._remote`, `ActorHandle._actor_method_call`: the places through which all calls go, however
  they were written. Without one of them calls of that kind are not seen and their tasks hang below the unknown parent.
* `RemoteFunction._function`, `_uuid`, `_last_export_cluster_and_job` and `modified_class`, `actor_creation_function_descriptor`,
  `last_export_cluster_and_job` of `ActorClass.__ray_metadata__`: the user's function or class, exchanged for one that records, also
  after Ray has sent it out. Without them `nestviz run` records nothing.
* `RemoteFunction._function_signature`, `_inject_lock`, `ActorHandle._ray_method_signatures`, `method_meta.signatures` and
  `ray._common.signature.extract_signature`: to let a hidden keyword travel with a call that returns no ref. Without it such tasks hang
  below the unknown parent.
* `ActorHandle._ray_actor_creation_function_descriptor` and `_actor_id`: the actor's class and id, for names and for the id of the task
  that creates it. Without them such calls are not seen.
* `global_worker.core_worker.get_current_task_id()`: 0.35 µs instead of 3.4 µs through the public runtime context, which is used
  when it is missing.
* `global_worker.core_worker.should_capture_child_tasks_in_placement_group()`, `get_placement_group_id()`: 0.2 µs, the public way
  several. Without it a call that inherits its placement group is recorded as one that needs none.
* `global_worker.core_worker.get_current_task_attempt_number()`: there is no public way. Without it attempts are
  numbered as they start.
* `global_worker.node.get_session_dir_path()`: the session's name on a Ray whose runtime context does not tell it. Without both nothing
  is recorded: processes would not find each other.
* `ObjectRefGenerator._generator_ref`: the id of a streaming task. Without it such tasks hang below the unknown parent.
* `ray._raylet.asyncio`: `ObjectRef` is a compiled class whose `__await__` cannot be exchanged; it calls `asyncio.wrap_future`, which
  can. Without it time in `await ref` counts as compute.
* `ray._private.utils.format_error_message`: the traceback of a failed task as its caller sees it. Without it there is a frame of
  nestviz in it.
* `ray._private.serialization.SerializationContext.serialize`: how many bytes arguments and puts become. Without it that is unknown.
* `ray._private.worker._global_node.is_head()`: whether the cluster ends with this driver. Without it that is assumed, and Ray's own
  record is not waited for at the end.
* `ray._private.state.jobs()`: which jobs run, for `nestviz attach` where no dashboard tells it. Without it the dashboard is needed.
"""

from __future__ import annotations

import asyncio
import inspect
import types
import uuid
from collections.abc import Callable
from typing import Any  # Ray's own calls take and return anything

import ray
import ray._common.signature
import ray._private.serialization
import ray._private.state
import ray._private.utils
import ray._raylet
import ray.actor
import ray.remote_function
from ray._private import worker as _worker

__all__ = [
    "HIDDEN_KEYWORD",
    "actor_class_names",
    "captured_group",
    "class_behind",
    "creation_task_id",
    "current_attempt_number",
    "current_task_id",
    "function_behind",
    "function_name",
    "generator_task_id",
    "is_cluster_own",
    "is_driver",
    "is_recorded",
    "is_remote",
    "jobs",
    "make_room_for_hidden_keyword",
    "make_room_in_method",
    "mark_as_recorded",
    "patch_error_messages",
    "patch_futures",
    "patch_serialization",
    "patch_submission",
    "pickled_function",
    "replace_function",
    "session_name",
]

HIDDEN_KEYWORD = "_nestviz_origin"
ID_BYTES = 24
_MARKED_METHOD = "__ray_ready__"  # Ray gives it to every actor

Call = Callable[..., Any]
Wrap = Callable[[Call], Call]


def is_driver() -> bool:
    """Whether this process is a Ray driver (and not a worker)."""
    return bool(_worker.global_worker.mode == _worker.SCRIPT_MODE)


def is_cluster_own() -> bool:
    """Whether this driver started the cluster, which then ends with it; also when that cannot be told."""
    is_head = getattr(getattr(_worker, "_global_node", None), "is_head", None)
    return True if is_head is None else bool(is_head())


def jobs() -> list[dict[str, Any]]:
    """Ray's table of jobs: JobID (hex), IsDead, DriverPid, StartTime (Unix ms), Entrypoint. AttributeError on a Ray without it."""
    found: list[dict[str, Any]] = ray._private.state.jobs()
    return found


def session_name() -> str:
    """The name of this run of the cluster."""
    context = ray.get_runtime_context()
    if hasattr(context, "get_session_name"):
        return str(context.get_session_name())
    return str(_worker.global_worker.node.get_session_dir_path()).rpartition("/")[2]  # type: ignore[union-attr]  # we are connected


def _core_worker() -> Any:
    return getattr(_worker.global_worker, "core_worker")  # noqa: B009 - set only once Ray is connected, and not declared


def current_task_id() -> bytes:
    """Ray's id of the task that this thread runs, 24 bytes; b"" when it runs none."""
    try:
        ident: bytes = _core_worker().get_current_task_id().binary()
    except AttributeError:
        text = ray.get_runtime_context().get_task_id()
        ident = bytes.fromhex(text) if text else b""
    return ident


def current_attempt_number() -> int:
    """How often the running task was tried before, as far as Ray says: it says 0 to retried methods of actors."""
    try:
        return int(_core_worker().get_current_task_attempt_number())
    except AttributeError:
        return 0


def captured_group() -> str:
    """The placement group, in hex, in which calls of the running task run when nothing else is said; "" for none."""
    try:
        worker = _core_worker()
        return str(worker.get_placement_group_id().hex()) if worker.should_capture_child_tasks_in_placement_group() else ""
    except AttributeError:
        return ""


def generator_task_id(value: object) -> bytes:
    """The id of the task behind a streaming generator; b"" when `value` is none."""
    ref = getattr(value, "_generator_ref", None)
    return bytes(ref.binary()[:ID_BYTES]) if ref is not None else b""


def creation_task_id(handle: Any) -> bytes:
    """The id of the task that creates the actor."""
    return bytes(ray.TaskID.for_actor_creation_task(handle._actor_id).binary())


def actor_class_names(handle: Any) -> tuple[str, str]:
    """Module and qualified name of an actor's class."""
    descriptor = getattr(handle, "_ray_actor_creation_function_descriptor", None)
    return str(getattr(descriptor, "module_name", "")), str(getattr(descriptor, "class_name", "actor"))


def patch_submission(function_call: Wrap, actor_call: Wrap, method_call: Wrap) -> None:
    """Put `wrap(original)` in the place of the calls through which functions, actors and methods are submitted, where they exist."""
    for owner, name, wrap in (
        (ray.remote_function.RemoteFunction, "_remote", function_call),
        (ray.actor.ActorClass, "_remote", actor_call),
        (ray.actor.ActorHandle, "_actor_method_call", method_call),
    ):
        _patch(owner, name, wrap)


def patch_serialization(wrap: Wrap) -> bool:
    """Put `wrap(original)` in the place of what serializes arguments and puts; False when this Ray has none."""
    return _patch(getattr(ray._private.serialization, "SerializationContext", object), "serialize", wrap)


def patch_futures(wrap: Wrap) -> bool:
    """Put `wrap(original)` in the place of the `asyncio.wrap_future` that `await ref` calls; False when this Ray calls none."""
    if getattr(ray._raylet, "asyncio", None) is not asyncio:
        return False
    stand_in = types.ModuleType("asyncio")
    setattr(stand_in, "__getattr__", lambda name: getattr(asyncio, name))  # noqa: B010 - what a module lacks is asked of this
    setattr(stand_in, "wrap_future", wrap(asyncio.wrap_future))  # noqa: B010 - modules have no declared attributes
    setattr(ray._raylet, "asyncio", stand_in)  # noqa: B010 - a compiled module's global
    return True


def patch_error_messages(wrap: Wrap) -> bool:
    """Put `wrap(original)` in the place of what makes a failed task's traceback nice; False when this Ray has none."""
    return _patch(ray._private.utils, "format_error_message", wrap)


def _patch(owner: Any, name: str, wrap: Wrap) -> bool:
    original = getattr(owner, name, None)
    if original is None:
        return False
    setattr(owner, name, wrap(original))
    return True


def is_remote(value: object) -> bool:
    """Whether `ray.remote` has made it already."""
    return isinstance(value, (ray.remote_function.RemoteFunction, ray.actor.ActorClass))


def function_behind(remote_function: Any) -> Call | None:
    """The Python function behind a remote one; None for one in another language."""
    plain = getattr(remote_function, "_function", None)
    return plain if callable(plain) and not getattr(remote_function, "_is_cross_language", False) else None


def function_name(remote_function: Any) -> str:
    """The qualified name of the Python function behind a remote one; "" for one in another language."""
    return str(getattr(function_behind(remote_function), "__qualname__", ""))


def pickled_function(remote_function: Any) -> bytes:
    """What Ray sent of a remote function to the cluster, another object each time it does; b"" before its first call."""
    return getattr(remote_function, "_pickled_function", None) or b""


def replace_function(remote_function: Any, function: Call) -> None:
    """Have a remote function run another Python function, also when Ray has sent the old one to its workers before."""
    remote_function._function = function
    if getattr(remote_function, "_last_export_cluster_and_job", None) is not None:
        remote_function._uuid = uuid.uuid4()
        remote_function._last_export_cluster_and_job = None


def class_behind(actor_class: Any) -> type | None:
    """The subclass that Ray made of the user's class; None for an actor in another language."""
    metadata = getattr(actor_class, "__ray_metadata__", None)
    plain = getattr(metadata, "modified_class", None)
    return plain if isinstance(plain, type) and not getattr(metadata, "is_cross_language", False) else None


def make_room_for_hidden_keyword(function: Any) -> bool:
    """Let calls of a remote function carry `HIDDEN_KEYWORD`; False when this Ray checks arguments in another way."""
    try:
        lock = function._inject_lock
        with lock:
            parameters = function._function_signature
            if parameters is None:  # Ray fills it in at the first call
                parameters = ray._common.signature.extract_signature(function._function)
            function._function_signature = _with_room(parameters)
    except AttributeError:
        return False
    return True


def mark_as_recorded(actor_class: Any) -> None:
    """Say in an actor class's signatures, which travel with its handles, that its methods understand `HIDDEN_KEYWORD`.

    If Ray has sent the class to its workers before, it will do so anew.
    """
    metadata = actor_class.__ray_metadata__
    if getattr(metadata, "last_export_cluster_and_job", None) is not None:
        describe = type(metadata.actor_creation_function_descriptor).from_class
        metadata.actor_creation_function_descriptor = describe(metadata.modified_class.__ray_actor_class__)
        metadata.last_export_cluster_and_job = None
    signatures = getattr(getattr(metadata, "method_meta", None), "signatures", None)
    if isinstance(signatures, dict) and _MARKED_METHOD in signatures:
        signatures[_MARKED_METHOD] = _with_room(signatures[_MARKED_METHOD])


def is_recorded(handle: Any) -> bool:
    """Whether the actor behind the handle is known to report what it executes."""
    signatures = getattr(handle, "_ray_method_signatures", None) or {}
    return any(parameter.name == HIDDEN_KEYWORD for parameter in signatures.get(_MARKED_METHOD, ()))


def make_room_in_method(handle: Any, method_name: str) -> bool:
    """Let calls of that method through that handle carry `HIDDEN_KEYWORD`; False when the actor may not understand it."""
    if not is_recorded(handle):
        return False
    signatures = handle._ray_method_signatures
    signatures[method_name] = _with_room(signatures[method_name])
    return True


def _with_room(parameters: list[inspect.Parameter]) -> list[inspect.Parameter]:
    if any(p.name == HIDDEN_KEYWORD for p in parameters):
        return parameters
    hidden = inspect.Parameter(HIDDEN_KEYWORD, inspect.Parameter.KEYWORD_ONLY, default=None)
    open_ended = [p for p in parameters if p.kind is inspect.Parameter.VAR_KEYWORD]
    return [*(p for p in parameters if p not in open_ended), hidden, *open_ended]
