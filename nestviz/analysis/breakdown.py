"""Where the tasks' time went: the phases of all tasks together or of each function, the causes of queueing, what nesting cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from nestviz.analysis.critical_path import PathSegment
from nestviz.analysis.queueing import QueueCause, queue_causes
from nestviz.analysis.totals import last_attempts, phases_of
from nestviz.events import Phase
from nestviz.trace.model import Ints, Trace

__all__ = ["Breakdown", "breakdown_by_function", "breakdown_of", "lost_on_path"]

_COST = (Phase.SUBMIT, Phase.FETCH, Phase.RECEIVE, Phase.STORE)
_NOT_NESTING = (QueueCause.DEPENDENCIES, QueueCause.CPU)


@dataclass(frozen=True)
class Breakdown:
    """Sums over some tasks, in nanoseconds of tasks' lives: `phases_ns` add up to them, `queue_ns` to the queue phase.

    `lost_ns` is the time lost to nesting: submit, fetch, receive, store, and the queue time that was spent neither for another
    task's result nor for a CPU on which another task computed. Blocked time is not in it: what the awaited task did meanwhile is
    counted there. Nor is spawn: it is the submit time of the children, seen from their parent.
    """

    name: str
    tasks: int
    attempts: int
    phases_ns: Mapping[Phase, int]
    queue_ns: Mapping[QueueCause, int]
    lost_ns: int

    @property
    def life_ns(self) -> int:
        """All phases together."""
        return sum(self.phases_ns.values())


def breakdown_of(functions: Iterable[Breakdown]) -> Breakdown:
    """All of them together, without a name."""
    functions = list(functions)
    return Breakdown(
        name="",
        tasks=sum(one.tasks for one in functions),
        attempts=sum(one.attempts for one in functions),
        phases_ns=MappingProxyType({phase: sum(one.phases_ns[phase] for one in functions) for phase in Phase}),
        queue_ns=MappingProxyType({cause: sum(one.queue_ns[cause] for one in functions) for cause in QueueCause}),
        lost_ns=sum(one.lost_ns for one in functions),
    )


def breakdown_by_function(trace: Trace, causes: Mapping[QueueCause, Ints] | None = None) -> tuple[Breakdown, ...]:
    """One per function name, the one whose tasks lived longest first; `causes` as from `queue_causes`."""
    tasks = np.flatnonzero(trace.is_task)
    numbers, size = trace.rows.name[tasks].astype(np.int64), len(trace.texts)

    def summed(values: Ints) -> Ints:
        total = np.zeros(size, np.int64)
        np.add.at(total, numbers, values[tasks])
        return total

    phases = {phase: summed(values) for phase, values in phases_of(trace).items()}
    queued = {cause: summed(values) for cause, values in (queue_causes(trace) if causes is None else causes).items()}
    attempts = np.bincount(numbers, minlength=size)
    distinct = np.bincount(trace.rows.name[last_attempts(trace.rows)], minlength=size)
    lost = np.sum([phases[phase] for phase in _COST] + [queued[cause] for cause in QueueCause if cause not in _NOT_NESTING], axis=0)
    found = [
        Breakdown(
            name=trace.texts[number],
            tasks=int(distinct[number]),
            attempts=int(attempts[number]),
            phases_ns=MappingProxyType({phase: int(values[number]) for phase, values in phases.items()}),
            queue_ns=MappingProxyType({cause: int(values[number]) for cause, values in queued.items()}),
            lost_ns=int(lost[number]),
        )
        for number in np.flatnonzero(attempts).tolist()
    ]
    return tuple(sorted(found, key=lambda one: (-one.life_ns, one.name)))


def lost_on_path(path: tuple[PathSegment, ...], causes: Mapping[QueueCause, Ints]) -> int:
    """Nanoseconds of the makespan that the critical path spent in what nesting costs: everything but computing and waiting for a CPU.

    The share of its queue segments is that of the whole queue time of their tasks.
    """
    useful = np.sum([causes[cause] for cause in _NOT_NESTING], axis=0)
    queued = np.maximum(np.sum(list(causes.values()), axis=0), 1)
    lost = 0
    for step in path:
        length = step.end_ns - step.begin_ns
        if step.phase == Phase.QUEUE:
            lost += length - int(length * useful[step.row] / queued[step.row])
        elif step.phase != Phase.COMPUTE:
            lost += length
    return lost
