"""How calls are described in records: names, sizes, what a task needs to run, how it ended. The values are the user's own."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any  # the user's values are anything

import ray

from nestviz.events import UNKNOWN_SIZE, State

__all__ = ["error_text", "hide_frames", "last_part", "plain_name", "requirement", "result_error", "size_of", "state_after"]

_SIZED = (list, tuple, dict, set, frozenset, str, bytes, bytearray, range, memoryview)
_MAX_ERROR = 1_500
_NAMED_AMOUNTS = (("num_cpus", "CPU"), ("num_gpus", "GPU"))
_NEEDS = frozenset({"num_cpus", "num_gpus", "resources", "memory", "scheduling_strategy", "placement_group"})
_MIB = 1 << 20
_OUR_FRAME = re.compile(r'  File "[^"]*\bnestviz[/\\]capture[/\\]\w+\.py", line .*\n(?:    .*\n)*')


def plain_name(function: object) -> str:
    """The name to show: the qualified name without the functions around it."""
    return last_part(str(getattr(function, "__qualname__", function.__class__.__name__)))


def last_part(name: str) -> str:
    """A qualified name without the functions around it."""
    return name.rsplit("<locals>.", 1)[-1]


def size_of(args: Any, kwargs: Any) -> int:
    """Elements of the largest argument that knows its length cheaply; UNKNOWN_SIZE when none does."""
    largest = UNKNOWN_SIZE
    for value in (*(args or ()), *(kwargs or {}).values()):
        if isinstance(value, _SIZED):
            largest = max(largest, len(value))
        elif type(value).__name__ == "ndarray" and "numpy" in sys.modules:
            largest = max(largest, int(value.size))
    return largest


def requirement(options: Mapping[str, Any], *, cpus: float = 1, inherited_group: str = "") -> str:
    """What a call needs to run, as "2 CPU, 1 GPU, placement group 3f2a…"; "" for Ray's default of `cpus` CPUs.

    `inherited_group` is the placement group of the caller when its children run there too, unless they are told otherwise.
    """
    if not inherited_group and _NEEDS.isdisjoint(options):
        return ""
    amounts = [(label, options.get(key)) for key, label in _NAMED_AMOUNTS]
    parts = [f"{value:g} {label}" for label, value in amounts if value is not None and (label, value) != ("CPU", cpus)]
    parts += [f"{value:g} {label}" for label, value in (options.get("resources") or {}).items()]
    if options.get("memory"):
        parts.append(f"{options['memory'] / _MIB:g} MiB")
    strategy: Any = options.get("scheduling_strategy")
    group: Any = getattr(strategy, "placement_group", None) or options.get("placement_group")
    if getattr(group, "id", None) is not None:
        parts.append(f"placement group {group.id.hex()[:8]}")
    elif getattr(strategy, "node_id", None):
        parts.append(f"node {strategy.node_id[:8]}")
    elif inherited_group and (strategy is None or strategy == "DEFAULT") and options.get("placement_group", "default") == "default":
        parts.append(f"placement group {inherited_group[:8]}")
    return ", ".join(parts)


def state_after(problem: BaseException) -> State:
    """The state of an attempt that raised: an actor that takes its leave has finished, who is interrupted was cancelled.

    Whoever is made to exit, as Ray does with orphans, is lost with its process.
    """
    if isinstance(problem, ray.exceptions.AsyncioActorExit) or (isinstance(problem, SystemExit) and not problem.code):
        return State.FINISHED
    if isinstance(problem, SystemExit):
        return State.LOST
    is_cancelled = isinstance(problem, (KeyboardInterrupt, GeneratorExit, ray.exceptions.TaskCancelledError))
    return State.CANCELLED if is_cancelled or type(problem).__name__ == "CancelledError" else State.FAILED


def error_text(problem: BaseException) -> str:
    """Type and first words of an exception. Its text is the user's code too and may raise."""
    try:
        text = str(getattr(problem, "cause", None) or problem).strip()
    except Exception:  # noqa: BLE001 - the user's __str__ may raise anything
        text = ""
    kind = type(problem).__name__
    return f"{kind}: {text}"[:_MAX_ERROR] if text else kind


def result_error(problem: BaseException | None) -> str:
    """The error that is the result of a task, out of what a wait for it raised; "" for all else, such as a wait that timed out."""
    is_own = isinstance(problem, ray.exceptions.GetTimeoutError) and not isinstance(problem, ray.exceptions.RayTaskError)
    return error_text(problem) if isinstance(problem, ray.exceptions.RayError) and not is_own else ""


def hide_frames(original: Callable[..., str]) -> Callable[..., str]:
    """What makes a traceback's text nice, which also takes nestviz's frames out of it: the user did not write them."""

    @functools.wraps(original)
    def nicer(message: str, *args: Any, **kwargs: Any) -> str:
        return original(_OUR_FRAME.sub("", message), *args, **kwargs)

    return nicer
