"""Why tasks queued: for another's result, for a CPU, for a new worker process, held back by Ray's worker cap, or unknown.

What the evidence is, in the order in which a task's queue time is shared out:

- *dependencies*: until the last task whose result is an argument had ended.
- *CPU*: while the recording's own tasks that ran and were not blocked took every CPU. An actor's calls need none.
- *cap*: CPUs were free, at least as many tasks of the same function were running or blocked as the CPUs allow, and for a second
  or more, Ray's first backoff step, nothing else kept the task: its process lay idle, or was only made after that. Time in which
  Ray was making as many other processes as there are CPUs is not counted.
- *worker*: CPUs were free, and the process that ran the task was made for it, or was in use until then because there was no other
  (unless the cap can be the reason for that).
- *unknown*: the rest. Handing a task to an idle process belongs here, and CPUs that other programs took. Where a system does not
  say when a process was made, so does the wait of its first task.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.concurrency import Profile, profile_of
from nestviz.analysis.slots import FullTime, cpus_of, is_actor_row
from nestviz.trace.model import UNKNOWN, Ints, Trace
from nestviz.trace.phases import life_of

__all__ = ["QueueCause", "queue_causes"]

_FIRST_BACKOFF_NS = 950_000_000
"""Ray waits a second (worker_cap_initial_backoff_delay_ms) before it looks again; a little less is allowed for the clocks."""


class QueueCause(enum.IntEnum):
    """What a task was waiting for while it queued."""

    DEPENDENCIES = 0
    CPU = 1
    WORKER = 2
    CAP = 3
    UNKNOWN = 4


def queue_causes(trace: Trace, profile: Profile | None = None) -> Mapping[QueueCause, Ints]:
    """Nanoseconds of queue time by cause, per row; over all causes they add up to the row's queue phase."""
    rows = trace.rows
    _, handed, start, end = life_of(rows, trace.now_ns)
    begun = start - np.where(rows.fetch == UNKNOWN, 0, np.minimum(rows.fetch, start - handed))
    ready = np.clip(_arguments_there(trace, handed, end), handed, begun)
    cpus = cpus_of(trace)
    full = (profile_of(trace) if profile is None else profile).full_time(trace.info.cpus)

    def idle_until(until: Ints) -> Ints:
        """Per row the time after `ready` in which it found no CPU, or needed none."""
        idle = np.zeros(len(rows), np.int64)
        at = np.flatnonzero(until > ready)
        idle[at] = until[at] - ready[at] - np.where(cpus[at] > 0, full.between(ready[at], until[at]), 0)
        return idle

    uses = _uses(trace)
    idle = idle_until(begun)
    is_made = uses.born > ready  # this is the first task of a process that did not exist yet
    before_birth, in_use = idle_until(np.minimum(uses.born, begun)), idle_until(np.minimum(uses.free, begun))
    throttled = np.zeros(len(rows), np.int64)
    made = np.flatnonzero(is_made)
    throttled[made] = np.minimum(uses.making.between(ready[made], np.minimum(uses.born, begun)[made]), before_birth[made])
    capped = np.where(is_made, before_birth - throttled, idle - in_use)
    is_capped = uses.is_known & (capped >= _FIRST_BACKOFF_NS)
    is_capped[is_capped] = _is_class_full(trace, cpus, np.flatnonzero(is_capped), ready)
    capped = np.where(is_capped, capped, 0)
    worker = np.where(is_made, idle - capped, np.where(is_capped, 0, in_use))
    worker = np.where(uses.is_known, worker, 0)
    return MappingProxyType(
        {
            QueueCause.DEPENDENCIES: ready - handed,
            QueueCause.CPU: begun - ready - idle,
            QueueCause.WORKER: worker,
            QueueCause.CAP: capped,
            QueueCause.UNKNOWN: idle - worker - capped,
        }
    )


def _arguments_there(trace: Trace, handed: Ints, end: Ints) -> Ints:
    """When the last result that a task takes as an argument existed; `handed` for tasks that take none."""
    there: Ints = handed.copy()
    np.maximum.at(there, trace.dependencies.row.astype(np.int64), end[trace.dependencies.on])
    return there


@dataclass(frozen=True)
class _Uses:
    """Per row: when its process was made if it was the first task there (else 0), since when it was free, whether that is known.

    `making`: when as many processes were being made as there are CPUs; Ray makes no more at a time.
    """

    born: Ints
    free: Ints
    is_known: NDArray[np.bool_]
    making: FullTime


def _uses(trace: Trace) -> _Uses:
    rows = trace.rows
    order = np.flatnonzero(trace.is_task & (rows.start != UNKNOWN) & (rows.process >= 0))
    order = order[np.lexsort((rows.start[order], rows.process[order]))]
    process = rows.process[order]
    is_first = np.diff(process, prepend=-1) != 0
    born, free = np.zeros((2, len(rows)), np.int64)
    is_known = np.zeros(len(rows), np.bool_)
    births = np.array([process.born_ns for process in trace.processes] or [UNKNOWN], np.int64)
    firsts = order[is_first]
    born[firsts] = births[process[is_first]]
    is_known[order] = ~is_first | (births[process] != UNKNOWN)
    ends = rows.end[order]
    free[order[~is_first]] = ends[:-1][~is_first[1:]]
    made = firsts[born[firsts] > 0]
    making = FullTime.of_intervals(born[made], np.maximum(rows.start[made], born[made]), trace.info.cpus)
    return _Uses(born, free, is_known & ~is_actor_row(trace), making)


def _is_class_full(trace: Trace, cpus: NDArray[np.float64], asked: Ints, when: Ints) -> NDArray[np.bool_]:
    """For each of the rows `asked`: did as many tasks of its function run or wait at `when` as the CPUs allow at once."""
    rows = trace.rows
    full = np.zeros(len(rows), np.bool_)
    ran = trace.is_task & (rows.start != UNKNOWN) & (cpus > 0)
    ends = np.where(rows.end == UNKNOWN, trace.now_ns, rows.end)
    for name in np.unique(rows.name[asked]):
        same, mine = np.flatnonzero(ran & (rows.name == name)), asked[rows.name[asked] == name]
        begun = np.searchsorted(np.sort(rows.start[same]), when[mine], side="right")
        ended = np.searchsorted(np.sort(ends[same]), when[mine], side="right")
        full[mine] = (begun - ended) * cpus[mine] >= trace.info.cpus
    is_full: NDArray[np.bool_] = full[asked]
    return is_full
