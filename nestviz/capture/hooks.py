"""Putting the hooks into Ray, once per process."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any  # Ray's own calls take and return anything

import ray

from nestviz import ray_private
from nestviz.capture.context import carry_into_threads
from nestviz.capture.describing import hide_frames
from nestviz.capture.objects import count_serialized, plain_put, traced_put
from nestviz.capture.session import close_recording, is_switched_off, trace_everything
from nestviz.capture.submission import wrap_actor_call, wrap_function_call, wrap_method_call
from nestviz.capture.waits import plain_cancel, plain_get, plain_wait, traced_cancel, traced_get, traced_wait, wrap_future

__all__ = ["hook_names_of", "install", "install_hooks"]

_MARK = "__nestviz__"
_plain_shutdown = ray.shutdown


@functools.wraps(_plain_shutdown)
def _traced_shutdown(*args: Any, **kwargs: Any) -> Any:  # signature is Ray's
    close_recording()
    return _plain_shutdown(*args, **kwargs)


_REPLACED: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "get": (plain_get, traced_get),
    "wait": (plain_wait, traced_wait),
    "put": (plain_put, traced_put),
    "cancel": (plain_cancel, traced_cancel),
    "shutdown": (_plain_shutdown, _traced_shutdown),
}


def install_hooks() -> None:
    """Record calls, waits and the end of the driver from now on; does nothing with NESTVIZ=0 or when done before."""
    if is_switched_off() or getattr(ray.get, _MARK, False):
        return
    ray_private.patch_submission(wrap_function_call, wrap_actor_call, wrap_method_call)
    ray_private.patch_futures(wrap_future)
    ray_private.patch_error_messages(hide_frames)
    count_serialized()
    carry_into_threads()
    for name, (plain, traced) in _REPLACED.items():
        traced.__module__ = "ray"  # so that it is pickled as ray.get, which every worker has
        setattr(ray, name, traced)
        _replace_where_imported(name, plain, traced)
    setattr(ray.get, _MARK, True)


def install() -> None:
    """Record all remote functions and actors of this program from now on, as if `ray.remote` were `nestviz.remote`.

    Those that were made remote before are recorded from their next call on. In the workers of the same recording this happens by
    itself, so that what is made remote inside tasks is recorded too. With NESTVIZ=0 in the environment it does nothing.
    """
    if is_switched_off():
        return
    install_hooks()
    trace_everything()


def hook_names_of(functions: Iterable[Callable[..., Any]]) -> None:
    """Functions that brought nestviz to this worker may have brought Ray's plain `get` before: exchange what they name."""
    if _unhooked:
        _unhooked.clear()
        traced = {id(plain): recorded for plain, recorded in _REPLACED.values()}
        # Ray's tracing and the user's decorators stand around what the user wrote
        every = (getattr(inspect.unwrap(one), "__globals__", {}) for one in functions)
        for names in {id(names): names for names in every}.values():
            if not str(names.get("__name__", "")).startswith("ray."):
                names.update({name: traced[id(value)] for name, value in names.items() if id(value) in traced})


_unhooked = ["whatever was unpickled before these hooks were in place"]


def _replace_where_imported(name: str, plain: Callable[..., Any], traced: Callable[..., Any]) -> None:
    """Modules of the program may have said `from ray import get` before."""
    for module_name, module in list(sys.modules.items()):
        is_ours = module_name.partition(".")[0] in {"ray", "nestviz"}
        if not is_ours and getattr(module, "__dict__", {}).get(name) is plain:
            setattr(module, name, traced)
