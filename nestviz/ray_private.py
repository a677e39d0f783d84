"""Every private name of Ray that nestviz cannot do without, each with the reason and what happens on a Ray that lacks it.

* `RemoteFunction._remote`: the one place through which `.remote()`, `.options().remote()` and `.bind()` submit a task. Without it
  submissions are not seen and tasks hang below the unknown parent.
* `RemoteFunction._function_signature`, `_inject_lock`, `_function` and `ray._common.signature.extract_signature`:
  to let a hidden keyword travel with a call that returns no ref. Without it such tasks hang
  below the unknown parent.
* `global_worker.core_worker.get_current_task_id()`: 0.35 µs instead of 3.4 µs through the public runtime context, which is used
  when it is missing.
* `global_worker.core_worker.get_current_task_attempt_number()`: there is no public way. Without it every attempt counts as the
  first.
* `ObjectRefGenerator._generator_ref`: the id of a streaming task. Without it such tasks hang below the unknown parent.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any  # Ray's own calls take and return anything

import ray
import ray._common.signature
import ray.remote_function
from ray._private import worker as _worker

__all__ = [
    "HIDDEN_KEYWORD",
    "current_attempt_number",
    "current_task_id",
    "generator_task_id",
    "is_driver",
    "make_room_for_hidden_keyword",
    "patch_submission",
]

HIDDEN_KEYWORD = "_nestviz_origin"
ID_BYTES = 24


def is_driver() -> bool:
    """Whether this process is a Ray driver (and not a worker)."""
    return bool(_worker.global_worker.mode == _worker.SCRIPT_MODE)


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
    """How often the running task was tried before."""
    try:
        return int(_core_worker().get_current_task_attempt_number())
    except AttributeError:
        return 0


def generator_task_id(value: object) -> bytes:
    """The id of the task behind a streaming generator; b"" when `value` is none."""
    ref = getattr(value, "_generator_ref", None)
    return bytes(ref.binary()[:ID_BYTES]) if ref is not None else b""


def patch_submission(wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> bool:
    """Put `wrap(original)` in the place of `RemoteFunction._remote`; False when this Ray has none."""
    owner = ray.remote_function.RemoteFunction
    original = getattr(owner, "_remote", None)
    if original is None:
        return False
    setattr(owner, "_remote", wrap(original))  # noqa: B010 - to a type checker this is a method, which nobody assigns to
    return True


def make_room_for_hidden_keyword(function: Any) -> bool:
    """Let calls of a remote function carry `HIDDEN_KEYWORD`; False when this Ray checks arguments in another way."""
    try:
        lock = function._inject_lock
        with lock:
            parameters = function._function_signature
            if parameters is None:  # Ray fills it in at the first call
                parameters = ray._common.signature.extract_signature(function._function)
            if any(p.name == HIDDEN_KEYWORD or p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
                return True
            hidden = inspect.Parameter(HIDDEN_KEYWORD, inspect.Parameter.KEYWORD_ONLY, default=None)
            function._function_signature = [*parameters, hidden]
    except AttributeError:
        return False
    return True
