"""Putting the hooks into Ray, once per process."""

from __future__ import annotations

import functools
from typing import Any, cast  # Ray's own calls take and return anything

import ray

from nestviz import ray_private
from nestviz.capture.calls import wrap_submission
from nestviz.capture.session import close_recording, is_switched_off
from nestviz.capture.waits import install_waits

__all__ = ["install_hooks"]

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
