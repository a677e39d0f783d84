"""`nestviz.remote`: `ray.remote` whose functions report what they do."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any  # Ray's decorator takes and returns anything

import ray

from nestviz.capture.calls import MARK, begin_attempt, end_attempt, plain_name
from nestviz.capture.session import is_switched_off

__all__ = ["instrument", "plain_remote", "remote"]

plain_remote: Callable[..., Any] = ray.remote
"""Ray's own decorator."""


def remote(*args: Any, **options: Any) -> Any:
    """Make a function remote, as `ray.remote` does, and record its calls.

    Takes what `ray.remote` takes, bare or with options, and returns what it returns. Classes become plain Ray actors. With
    NESTVIZ=0 in the environment this is `ray.remote` and nothing else.
    """
    if is_switched_off():
        return plain_remote(*args, **options)
    if len(args) == 1 and not options and callable(args[0]):
        return plain_remote(instrument(args[0]))
    decorate = plain_remote(*args, **options)
    return lambda function: decorate(instrument(function))


def instrument(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, reporting each execution when it runs as a Ray task.

    What Ray itself refuses (coroutine functions) and classes come back as they are, for Ray to judge.
    """
    is_plain = inspect.isfunction(function) and not hasattr(function, MARK)
    if not is_plain or inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return function
    name = plain_name(function)

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def traced_generator(*args: Any, **kwargs: Any) -> Any:
            attempt = begin_attempt(name, kwargs, args)
            try:
                result = yield from function(*args, **kwargs)
            except BaseException as problem:
                end_attempt(attempt, problem)
                raise
            end_attempt(attempt)
            return result

        traced: Callable[..., Any] = traced_generator
    else:

        @functools.wraps(function)
        def traced_call(*args: Any, **kwargs: Any) -> Any:
            attempt = begin_attempt(name, kwargs, args)
            try:
                result = function(*args, **kwargs)
            except BaseException as problem:
                end_attempt(attempt, problem)
                raise
            end_attempt(attempt)
            return result

        traced = traced_call
    setattr(traced, MARK, name)
    return traced
