"""The concurrency profile: how many tasks computed, waited and queued at each moment, and how many worker processes there were."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.slots import FullTime, cpus_of
from nestviz.events import Phase
from nestviz.trace.model import UNKNOWN, Ints, Trace

__all__ = ["Profile", "profile_of"]

_COMPUTING, _BLOCKED, _QUEUED, _WORKERS, _NOT_COUNTED = range(5)
_COUNT_OF_PHASE = np.full(len(Phase), _COMPUTING, np.int8)
_COUNT_OF_PHASE[[Phase.SUBMIT, Phase.QUEUE]] = _QUEUED
_COUNT_OF_PHASE[Phase.BLOCKED] = _BLOCKED
_EPSILON = 1e-6
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Profile:
    """Step functions: the counts at `times[i]` hold until `times[i + 1]`; the last ones are those at the end. Times are Unix ns.

    `workers` counts the processes that have begun a task by then: Ray keeps them, also while they wait.
    """

    times: Ints
    computing: Ints
    blocked: Ints
    queued: Ints
    workers: Ints
    cpus: NDArray[np.float64]
    """CPUs that the computing tasks took."""

    def full_time(self, cpus: float) -> FullTime:
        """When all of that many CPUs were taken by tasks of this recording; what other programs took is not known."""
        return FullTime(self.times, (self.cpus >= cpus - _EPSILON) & (cpus > 0))

    def sampled(self, begin_ns: int, end_ns: int, count: int) -> Profile:
        """At most about `count` steps in a window: between two kept times the highest value stands, so that no peak is lost."""
        first = max(int(np.searchsorted(self.times, begin_ns, side="right")) - 1, 0)
        last = int(np.searchsorted(self.times, end_ns, side="right"))
        profile = Profile(*(getattr(self, field.name)[first:last] for field in fields(self)))
        times = profile.times
        if len(times) > count:
            slot = np.minimum((times - times[0]) * count // max(int(times[-1] - times[0]), 1), count - 1)
            starts = np.flatnonzero(np.concatenate([[True], slot[1:] != slot[:-1]]))
            highest = (np.maximum.reduceat(getattr(profile, field.name), starts) for field in fields(self)[1:])
            return Profile(times[starts], *highest)
        return profile


def profile_of(trace: Trace) -> Profile:
    """The profile of all tasks of a trace; the driver is not counted."""
    segments = trace.segments
    count = np.where(trace.is_task[segments.row], _COUNT_OF_PHASE[segments.phase], np.int8(_NOT_COUNTED))
    # along a row a count changes where its neighbour is of another one, and at both ends of the row
    changes = (np.diff(segments.row, prepend=-1) != 0) | (np.diff(count, prepend=_NOT_COUNTED) != 0)
    rises = np.flatnonzero(changes & (count != _NOT_COUNTED))
    falls = np.flatnonzero(np.append(changes[1:], np.ones(min(len(changes), 1), np.bool_)) & (count != _NOT_COUNTED))
    births = _first_starts(trace)
    moments = np.concatenate([segments.begin[rises], segments.end[falls], births])
    order = np.argsort(moments, kind="stable")  # quickest for what is sorted in stretches
    moments = moments[order]
    changed = np.concatenate([count[rises], count[falls], np.full(len(births), _WORKERS, np.int8)])[order]
    by = np.repeat(np.array([1, -1, 1], np.int8), [len(rises), len(falls), len(births)])[order]
    lasts = np.flatnonzero(np.append(moments[1:] != moments[:-1], np.ones(min(len(moments), 1), np.bool_)))
    columns = (np.cumsum(np.where(changed == number, by, np.int8(0)), dtype=np.int64)[lasts] for number in range(_WORKERS + 1))
    computing, blocked, queued, workers = columns
    amount = cpus_of(trace)[np.concatenate([segments.row[rises], segments.row[falls], np.zeros(len(births), np.int32)])[order]]
    taken = np.cumsum(np.where(changed == _COMPUTING, by * amount, 0))[lasts]
    return Profile(moments[lasts], computing, blocked, queued, workers, taken)


def _first_starts(trace: Trace) -> Ints:
    """When each process that ran a task began its first one."""
    rows = trace.rows
    started = np.flatnonzero(trace.is_task & (rows.start != UNKNOWN) & (rows.process >= 0))
    births = np.full(len(trace.processes), _NEVER, np.int64)
    np.minimum.at(births, rows.process[started].astype(np.int64), rows.start[started])
    known: Ints = births[births != _NEVER]
    return known
