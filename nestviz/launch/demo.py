"""A demonstration: a workload over several sizes, sequential against distributed, each size a section of one recording."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import ray

import nestviz
from nestviz.errors import LaunchError
from nestviz.launch.request import check_request, find_workload
from nestviz.workloads import Workload, WrongResult

__all__ = ["DemoResult", "DemoStep", "run_demo"]


@dataclass(frozen=True)
class DemoResult:
    """One size: seconds for both ways (None: not run), and the recording and section that show it ("": nothing recorded)."""

    workload: str
    size: int
    threshold: int | None
    seed: int
    sequential_s: float | None
    distributed_s: float
    recording: str
    section: str


@dataclass(frozen=True)
class DemoStep:
    """What has just happened: a size began (no seconds), or was run in one of the two ways."""

    size: int
    stage: Literal["began", "sequential", "distributed"]
    seconds: float = 0.0


def run_demo(
    workload: str,
    sizes: Sequence[int],
    threshold: int | None,
    seed: int,
    *,
    is_sequential_run: bool = True,
    on_step: Callable[[DemoStep], None] | None = None,
    on_result: Callable[[DemoResult], None] | None = None,
) -> list[DemoResult]:
    """Run a workload at each size, in a driver that is connected to Ray, and check every result.

    Each distributed run is the section "WORKLOAD SIZE" of the recording; the times are noted there as `sequential_s` and
    `distributed_s` beside `size`. Raises UsageError for a number out of range, LaunchError when a run fails or its result is
    wrong.
    """
    chosen = find_workload(workload)
    check_request(chosen, sizes, threshold, seed)
    os.environ.setdefault("NESTVIZ_NAME", chosen.name)
    default = chosen.threshold.default if chosen.threshold is not None else 0
    request = _Request(chosen, default if threshold is None else threshold, seed, is_sequential_run, on_step or _ignore)
    results: list[DemoResult] = []
    for size in sizes:
        results.append(_run_size(request, size))
        if on_result is not None:
            on_result(results[-1])
    return results


@dataclass(frozen=True)
class _Request:
    """What is the same for all sizes."""

    workload: Workload
    limit: int
    seed: int
    is_sequential_run: bool
    on_step: Callable[[DemoStep], None]


def _run_size(request: _Request, size: int) -> DemoResult:
    section = f"{request.workload.name} {size}"
    try:
        return _run_checked(request, size, section)
    except WrongResult as error:
        raise LaunchError(f"{section} gave a wrong result: {error}") from error
    except ray.exceptions.RayError as error:
        raise LaunchError(f"{section} failed: {_last_line(error)}") from error


def _run_checked(request: _Request, size: int, section: str) -> DemoResult:
    program, limit = request.workload.load(), request.limit
    request.on_step(DemoStep(size, "began"))
    given = program.make_input(size, request.seed)
    sequential_s: float | None = None
    if request.is_sequential_run:
        begin = perf_counter()
        result = program.run_sequential(given, limit)
        sequential_s = perf_counter() - begin
        program.check(given, result)
        del result  # the next run has the memory to itself
        request.on_step(DemoStep(size, "sequential", sequential_s))
    with nestviz.record(section) as handle:
        begin = perf_counter()
        result = program.run_distributed(given, limit)
        distributed_s = perf_counter() - begin
        nestviz.annotate(size=size, distributed_s=distributed_s)
        if sequential_s is not None:
            nestviz.annotate(sequential_s=sequential_s)
    program.check(given, result)
    request.on_step(DemoStep(size, "distributed", distributed_s))
    threshold = limit if request.workload.threshold is not None else None
    place = (handle.recording, section) if handle.recording else ("", "")
    return DemoResult(request.workload.name, size, threshold, request.seed, sequential_s, distributed_s, *place)


def _last_line(error: BaseException) -> str:
    """The cause at the end of an error that carries a whole traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _ignore(_step: DemoStep) -> None:
    """For those who do not want to see the steps."""
