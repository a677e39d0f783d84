"""What if: the recorded program on other numbers of CPUs, and with its small calls done in place instead of calling on.

Taken as recorded: the order of calls and waits, how long each stretch of work took, what each call cost. Assumed: work takes as long
on other CPUs and in place as it did in tasks of its own; results reach their task by the calls that brought them then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nestviz.analysis.costs import Workers, costs_of
from nestviz.analysis.scalability import Scalability, scalability_of
from nestviz.analysis.script import NOT_IN_PLACE, script_of
from nestviz.analysis.simulator import simulate
from nestviz.trace.model import Ints, Trace
from nestviz.wording import count, duration

__all__ = [
    "CPU_COUNTS",
    "MOST_TASKS",
    "CpuPoint",
    "ThresholdPoint",
    "Thresholds",
    "WhatIf",
    "cpu_curve",
    "done_in_place",
    "predicted",
    "thresholds",
    "what_if",
]

MOST_TASKS = 20_000
CPU_COUNTS = (1, 2, 4, 8, 16, 32, 64)
_MOST_THRESHOLDS = 10
_WORTH_SAYING = 0.97
_DIGITS = 2


@dataclass(frozen=True)
class CpuPoint:
    """The program on that many CPUs: predicted, at best (work / CPUs or span), and by Cilkscale's burdened bound. Nanoseconds."""

    cpus: int
    makespan_ns: int
    lower_bound_ns: int
    burdened_bound_ns: int


@dataclass(frozen=True)
class ThresholdPoint:
    """The program when calls of at most `size` elements do all their work in place: predicted makespan, and tasks left."""

    size: int
    makespan_ns: int
    tasks: int


@dataclass(frozen=True)
class Thresholds:
    """Predictions for one function's threshold, by rising size; the first point (size -1) is the program as it is.

    `sentence` names the best one when it is worth it, else says that there is none. All is empty without sizes.
    """

    name: str
    points: tuple[ThresholdPoint, ...]
    best: ThresholdPoint | None
    sentence: str


NO_THRESHOLDS = Thresholds("", (), None, "")


@dataclass(frozen=True)
class WhatIf:
    """Both predictions for a recording with its processes as they were; empty above MOST_TASKS tasks."""

    curve: tuple[CpuPoint, ...]
    thresholds: Thresholds


def what_if(trace: Trace) -> WhatIf:
    """Predict what a summary shows: other numbers of CPUs, other thresholds. Some seconds at MOST_TASKS tasks."""
    if not 0 < int(np.count_nonzero(trace.is_task)) <= MOST_TASKS:
        return WhatIf((), NO_THRESHOLDS)
    return WhatIf(cpu_curve(trace), thresholds(trace))


def predicted(trace: Trace, cpus: float, workers: Workers = "recorded", in_place: Ints | None = None) -> int:
    """The makespan in nanoseconds on that many CPUs; `in_place` as from `done_in_place`."""
    costs = costs_of(trace, workers)
    return simulate(script_of(trace, costs, in_place), costs, cpus).makespan_ns


def cpu_curve(
    trace: Trace, cpus: Sequence[int] = CPU_COUNTS, workers: Workers = "recorded", limits: Scalability | None = None
) -> tuple[CpuPoint, ...]:
    """The predicted makespan against the number of CPUs."""
    limits = scalability_of(trace) if limits is None else limits
    costs = costs_of(trace, workers)
    script = script_of(trace, costs)
    return tuple(
        CpuPoint(number, simulate(script, costs, number).makespan_ns, limits.lower_bound_ns(number), limits.burdened_bound_ns(number))
        for number in cpus
    )


def thresholds(trace: Trace, cpus: float | None = None, workers: Workers = "recorded") -> Thresholds:
    """Try sizes below which the calls of one function run in place: of that with the most calls that call on and have a size."""
    cpus = trace.info.cpus if cpus is None else cpus
    rows = trace.rows
    calling = np.flatnonzero(trace.is_task & (rows.children > 0) & (rows.size >= 0))
    if not len(calling) or cpus <= 0:
        return NO_THRESHOLDS
    name = int(np.argmax(np.bincount(rows.name[calling])))
    sizes = np.unique(rows.size[calling[rows.name[calling] == name]])
    if len(sizes) > _MOST_THRESHOLDS:
        wanted = np.geomspace(max(int(sizes[0]), 1), int(sizes[-1]), _MOST_THRESHOLDS)
        sizes = np.unique(sizes[[*np.searchsorted(sizes, wanted[:-1]).tolist(), -1]])
    costs = costs_of(trace, workers)
    points = []
    for size in (-1, *sizes.tolist()):
        place = done_in_place(trace, name, size)
        run = simulate(script_of(trace, costs, place), costs, cpus)
        left = int(np.count_nonzero(trace.is_task & (np.array(run.start_ns) >= 0)))
        points.append(ThresholdPoint(size, run.makespan_ns, left))
    best = min(points, key=lambda point: point.makespan_ns)
    best = best if best.makespan_ns < _WORTH_SAYING * points[0].makespan_ns else points[0]
    return Thresholds(trace.texts[name], tuple(points), best, _advice(trace.texts[name], points, best))


def done_in_place(trace: Trace, name: int, size: int) -> Ints:
    """Per row NOT_IN_PLACE, or the row whose task does its work: the first above it, or itself, of that function and no greater size.

    `name` is a number in `Trace.texts`; rows of unknown size go on calling.
    """
    rows = trace.rows
    small = trace.is_task & (rows.name == name) & (rows.size >= 0) & (rows.size <= size)
    place = np.where(small, np.arange(len(rows)), NOT_IN_PLACE)
    tasks = np.flatnonzero(trace.is_task & (rows.parent >= 0))
    tasks = tasks[np.argsort(rows.depth[tasks], kind="stable")]
    bounds = np.flatnonzero(np.diff(rows.depth[tasks], prepend=-1)).tolist()
    for low, high in zip(bounds, [*bounds[1:], len(tasks)], strict=True):
        level = tasks[low:high]
        above = place[rows.parent[level]]
        place[level] = np.where(above == NOT_IN_PLACE, place[level], above)
    return place


def _advice(name: str, points: Sequence[ThresholdPoint], best: ThresholdPoint) -> str:
    now = points[0]
    if best is now:
        return f"a larger threshold of {name} would not help: {duration(now.makespan_ns)} as it is"
    # what is left of queueing is taken over as recorded, so that larger pieces usually end sooner than this says
    change = f"{duration(now.makespan_ns)} → about {duration(best.makespan_ns)} or less"
    if best is points[-1]:
        return f"run {name} without calling on at any size recorded, up to {count(best.size)}: {change}"
    return f"run {name} of at most about {count(_rounded(best.size))} elements in place: {change}"


def _rounded(size: int) -> int:
    """Two digits, upwards, so that the size itself is below it."""
    unit: int = 10 ** max(len(str(size)) - _DIGITS, 0)
    return -(-size // unit) * unit
