"""Putting the hooks into Ray, once per process."""

from __future__ import annotations

import functools
from typing import Any, cast  # Ray's own calls take and return anything

import ray

from nestviz import ray_private
from nestviz.capture.calls import wrap_submission
from nestviz.capture.functions import plain_remote, remote
from nestviz.capture.session import close_recording, is_switched_off, trace_everything
from nestviz.capture.waits import install_waits

__all__ = ["install", "install_hooks"]

_MARK = "__nestviz__"
_plain_shutdown = ray.shutdown


@functools.wraps(_plain_shutdown)
def _traced_shutdown(*args: Any, **kwargs: Any) -> Any:  # signature is Ray's
    close_recording()
    return _plain_shutdown(*args, **kwargs)


def install_hooks() -> None:
    """Record calls, waits and the end of the driver from now on; does nothing with NESTVIZ=0 or when done before."""
    if is_switched_off() or getattr(ray.get, _MARK, False):
        return
    ray_private.patch_submission(wrap_submission)
    install_waits()
    ray.shutdown = cast("Any", _traced_shutdown)
    setattr(ray.get, _MARK, True)


def install() -> None:
    """Record every `@ray.remote` function of this program from now on, as if it were `@nestviz.remote`.

    Functions that were made remote before stay as they are. In the workers of the same recording this happens by itself, so that
    functions made remote inside tasks are recorded too. With NESTVIZ=0 in the environment it does nothing.
    """
    if is_switched_off():
        return
    install_hooks()
    trace_everything()
    ray.remote = cast("Any", functools.wraps(plain_remote)(remote))
