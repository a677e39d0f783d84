"""`nestviz.remote`: `ray.remote` whose functions and actors report what they do."""

from __future__ import annotations

import inspect
from typing import Any  # Ray's decorator takes and returns anything

import ray

from nestviz import ray_private
from nestviz.capture.session import is_switched_off
from nestviz.capture.submission import wrap_actor_class
from nestviz.capture.wrapping import wrap

__all__ = ["remote"]


def remote(*args: Any, **options: Any) -> Any:
    """Make a function or class remote, as `ray.remote` does, and record its calls.

    Takes what `ray.remote` takes, bare or with options, and returns what it returns. With NESTVIZ=0 in the environment this is
    `ray.remote` and nothing else.
    """
    if is_switched_off():
        return ray.remote(*args, **options)
    if len(args) == 1 and not options and callable(args[0]):
        return _recorded(ray.remote, args[0])
    decorate = ray.remote(*args, **options)
    return lambda target: _recorded(decorate, target)


def _recorded(decorate: Any, target: Any) -> Any:
    if inspect.isclass(target):
        made = decorate(target)
        wrap_actor_class(made)
        return made
    # what Ray itself refuses goes to Ray as it is
    is_refused = not callable(target) or inspect.iscoroutinefunction(target) or inspect.isasyncgenfunction(target)
    return decorate(target if is_refused or ray_private.is_remote(target) else wrap(target))
