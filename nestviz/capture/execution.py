"""Recording the execution of a call in its worker: its begin, the items that it yields, its end."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any  # the user's functions take and return anything

from nestviz import ray_private
from nestviz.capture.clock import monotonic_ns
from nestviz.capture.context import Place, enter, is_plain_call, leave
from nestviz.capture.describing import error_text, size_of, state_after
from nestviz.capture.hooks import hook_names_of, install
from nestviz.capture.recorder import Recorder
from nestviz.capture.session import current_recording, is_everything_traced, open_recorder
from nestviz.capture.wrapping import MARK, unwrap_class
from nestviz.events import State

__all__ = ["Attempt", "TimedItems", "begin_attempt", "end_attempt"]


class Attempt:
    """One execution under way: where it is recorded, its number, where the thread stood before, and what it has yielded."""

    __slots__ = ("before", "first_ns", "items", "last_ns", "recorder", "scope")

    def __init__(self, recorder: Recorder, scope: int, before: tuple[Place | None, bytes]) -> None:
        self.recorder = recorder
        self.scope = scope
        self.before = before
        self.items = self.first_ns = self.last_ns = 0

    def yielded(self) -> None:
        """One more item. The first is recorded at once, the others with the end."""
        self.last_ns = monotonic_ns()
        self.items += 1
        if self.items == 1:
            self.first_ns = self.last_ns
            self.recorder.yielded(self.scope, 1, self.first_ns, self.last_ns)


def begin_attempt(
    name: str, entered: int, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, is_all: bool
) -> Attempt | None:
    """A worker has been about to run the user's `function` since `entered` (monotonic ns): what loads nestviz is the attempt's time.

    None when nothing is recorded, or when the function is called plainly. Takes nestviz's keyword out of `kwargs`. `is_all`: all of
    the program is recorded, so what this worker makes remote is, too.
    """
    origin = kwargs.pop(ray_private.HIDDEN_KEYWORD, None)
    try:
        if is_all and not is_everything_traced():
            install()
        recorder = open_recorder()
        if recorder is None or current_recording() is not None:
            return None
        task_id = ray_private.current_task_id()
        if is_plain_call(task_id):
            return None
        is_first = bool(args) and MARK in type(args[0]).__dict__
        hook_names_of(unwrap_class(type(args[0])) if is_first else (function,))
        scope = recorder.started(task_id, ray_private.current_attempt_number(), name, entered, size_of(args, kwargs))
        if origin is not None:
            recorder.came_from(scope, *origin)
        return Attempt(recorder, scope, enter(scope, task_id))
    except Exception:  # noqa: BLE001 - the user's function runs, whatever keeps it from being recorded
        return None


def end_attempt(attempt: Attempt | None, problem: BaseException | None = None) -> None:
    """The function has returned, or raised `problem`."""
    if attempt is None:
        return
    recorder, scope = attempt.recorder, attempt.scope
    with suppress(Exception):  # the function's result counts, not whether its end could be noted
        if attempt.items > 1:
            recorder.yielded(scope, attempt.items, attempt.first_ns, attempt.last_ns)
        if problem is None:
            recorder.ended(scope, State.FINISHED, "")
        else:
            state = state_after(problem)
            recorder.ended(scope, state, "" if state == State.FINISHED else error_text(problem))
    leave(scope, attempt.before)


class TimedItems(Generator[Any, Any, Any]):
    """A generator whose items are counted to an attempt; `yield from` sends, throws and closes through it as without."""

    def __init__(self, generator: Generator[Any, Any, Any], attempt: Attempt | None) -> None:
        self._generator = generator
        self._attempt = attempt

    def __next__(self) -> Any:
        return self._noted(next(self._generator))

    def send(self, value: Any) -> Any:
        """As the generator's own."""
        return self._noted(self._generator.send(value))

    def throw(self, *problem: Any) -> Any:
        """As the generator's own."""
        return self._noted(self._generator.throw(*problem))

    def close(self) -> None:
        """As the generator's own."""
        self._generator.close()

    def _noted(self, item: Any) -> Any:
        if self._attempt is not None:
            with suppress(Exception):  # the item counts, not whether it could be noted
                self._attempt.yielded()
        return item
