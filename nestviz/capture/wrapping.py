"""Functions and actor classes that report each execution when they run as Ray tasks.

A wrapper travels to workers pickled by value and names nothing of nestviz outside its body: in a worker that cannot import nestviz it
is the user's function and nothing else. It also tells the worker whether all of the program is recorded (`is_all`).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any  # the user's functions take and return anything

from nestviz.capture.describing import plain_name
from nestviz.capture.session import is_everything_traced

__all__ = ["MARK", "unwrap_class", "wrap", "wrap_class"]

MARK = "__nestviz_name__"
"""The attribute of a wrapped function or class that says so; its value is the name to show."""

_CALLED_BY_RAY = {"__init__", "__call__", "__ray_call__", "__ray_ready__"}
"""Of the methods with such names. Others are called by Python itself, some before the actor is made."""

Function = Callable[..., Any]


def wrap(function: Function, name: str = "") -> Function:
    """The same function, recorded under `name` (by default its own). A wrapped one comes back as it is."""
    if hasattr(function, MARK):
        return function
    name = name or plain_name(function)
    wrapped = functools.wraps(function)(_wrapper_for(function)(function, name, is_everything_traced()))
    setattr(wrapped, MARK, name)
    return wrapped


def wrap_class(actor_class: type) -> None:
    """Wrap the methods of the subclass that Ray makes of a user's class; the user's own class is not touched.

    What methods call of each other stays unrecorded: that is no call of Ray.
    """
    name = plain_name(getattr(actor_class, "__ray_actor_class__", actor_class))
    for method_name, method in inspect.getmembers(actor_class, inspect.isroutine):
        if method_name.startswith("__") and method_name.endswith("__") and method_name not in _CALLED_BY_RAY:
            continue
        raw = inspect.getattr_static(actor_class, method_name)
        function = getattr(method, "__func__", method)
        if not inspect.isfunction(function):
            continue
        wrapped: Any = wrap(function, f"{name}.{method_name}")
        if isinstance(raw, (staticmethod, classmethod)):
            wrapped = type(raw)(wrapped)
        setattr(actor_class, method_name, wrapped)
    setattr(actor_class, MARK, name)


def unwrap_class(actor_class: type) -> list[Function]:
    """Give the class its plain methods back where it stands for the actor itself, and return them: Ray has taken the wrapped ones.

    What the actor's methods call of each other then costs nothing.
    """
    plain = []
    for name, raw in list(actor_class.__dict__.items()):
        function = getattr(raw, "__func__", raw)
        if hasattr(function, MARK):
            plain.append(function.__wrapped__)
            _restore(actor_class, name, raw, function.__wrapped__)
    delattr(actor_class, MARK)
    return plain


def _restore(actor_class: type, name: str, raw: object, plain: Function) -> None:
    delattr(actor_class, name)
    inherited = inspect.getattr_static(actor_class, name, None)
    if getattr(inherited, "__func__", inherited) is not plain:  # Ray's own methods stand in the subclass itself
        setattr(actor_class, name, type(raw)(plain) if isinstance(raw, (staticmethod, classmethod)) else plain)


def _wrapper_for(function: Function) -> Callable[[Function, str, bool], Function]:
    if inspect.isasyncgenfunction(function):
        return _async_generator
    if inspect.iscoroutinefunction(function):
        return _coroutine
    return _generator if inspect.isgeneratorfunction(function) else _call


def _call(function: Function, name: str, is_all: bool) -> Function:
    def traced_call(*args: Any, **kwargs: Any) -> Any:
        import time

        entered = time.perf_counter_ns()
        try:
            from nestviz.capture.execution import begin_attempt, end_attempt
        except ImportError:
            kwargs.pop("_nestviz_origin", None)
            return function(*args, **kwargs)
        attempt = begin_attempt(name, entered, function, args, kwargs, is_all=is_all)
        try:
            result = function(*args, **kwargs)
        except BaseException as problem:
            end_attempt(attempt, problem)
            raise
        end_attempt(attempt)
        return result

    return traced_call


def _generator(function: Function, name: str, is_all: bool) -> Function:
    def traced_generator(*args: Any, **kwargs: Any) -> Any:
        import time

        entered = time.perf_counter_ns()
        try:
            from nestviz.capture.execution import TimedItems, begin_attempt, end_attempt
        except ImportError:
            kwargs.pop("_nestviz_origin", None)
            return (yield from function(*args, **kwargs))
        attempt = begin_attempt(name, entered, function, args, kwargs, is_all=is_all)
        try:
            result = yield from TimedItems(function(*args, **kwargs), attempt)
        except BaseException as problem:
            end_attempt(attempt, problem)
            raise
        end_attempt(attempt)
        return result

    return traced_generator


def _coroutine(function: Function, name: str, is_all: bool) -> Function:
    async def traced_coroutine(*args: Any, **kwargs: Any) -> Any:
        import time

        entered = time.perf_counter_ns()
        try:
            from nestviz.capture.execution import begin_attempt, end_attempt
        except ImportError:
            kwargs.pop("_nestviz_origin", None)
            return await function(*args, **kwargs)
        attempt = begin_attempt(name, entered, function, args, kwargs, is_all=is_all)
        try:
            result = await function(*args, **kwargs)
        except BaseException as problem:
            end_attempt(attempt, problem)
            raise
        end_attempt(attempt)
        return result

    return traced_coroutine


def _async_generator(function: Function, name: str, is_all: bool) -> Function:
    async def traced_async_generator(*args: Any, **kwargs: Any) -> Any:
        import time

        entered = time.perf_counter_ns()
        try:
            from nestviz.capture.execution import begin_attempt, end_attempt
        except ImportError:
            kwargs.pop("_nestviz_origin", None)
            async for item in function(*args, **kwargs):
                yield item
            return
        attempt = begin_attempt(name, entered, function, args, kwargs, is_all=is_all)
        try:
            async for item in function(*args, **kwargs):
                if attempt is not None:
                    attempt.yielded()
                yield item
        except BaseException as problem:
            end_attempt(attempt, problem)
            raise
        end_attempt(attempt)

    return traced_async_generator
