"""The concurrency profile: how many tasks computed, waited and queued at each moment, and how many worker processes there were."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.slots import FullTime, cpus_of
from nestviz.events import Phase
from nestviz.trace.model import UNKNOWN, Ints, Trace

__all__ = ["Profile", "profile_of"]

_COMPUTING, _BLOCKED, _QUEUED, _WORKERS = range(4)
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
    rows, segments = trace.rows, trace.segments
    which = trace.is_task[segments.row]
    row, begin, end = segments.row[which], segments.begin[which], segments.end[which]
    count = _COUNT_OF_PHASE[segments.phase[which]]
    # along a row a count changes where its neighbour is of another one, and at both ends of the row
    rises = (np.diff(row, prepend=-1) != 0) | (np.diff(count, prepend=0) != 0)
    falls = np.append(rises[1:], np.ones(min(len(rises), 1), np.bool_))
    started = np.flatnonzero(trace.is_task & (rows.start != UNKNOWN) & (rows.process >= 0))
    births = np.full(len(trace.processes), _NEVER, np.int64)
    np.minimum.at(births, rows.process[started].astype(np.int64), rows.start[started])
    births = births[births != _NEVER]
    moments = np.concatenate([begin[rises], end[falls], births])
    changed = np.concatenate([count[rises], count[falls], np.full(len(births), _WORKERS)])
    by = np.repeat(np.array([1, -1, 1]), [int(rises.sum()), int(falls.sum()), len(births)])
    amount = cpus_of(trace)[np.concatenate([row[rises], row[falls], np.zeros(len(births), np.int32)])]
    order = np.argsort(moments)
    moments, changed, by = moments[order], changed[order], by[order]
    lasts = np.flatnonzero(np.append(moments[1:] != moments[:-1], np.ones(min(len(moments), 1), np.bool_)))
    columns = (np.cumsum(np.where(changed == number, by, 0))[lasts] for number in range(_WORKERS + 1))
    taken = np.cumsum(np.where(changed == _COMPUTING, by * amount[order], 0))[lasts]
    computing, blocked, queued, workers = columns
    return Profile(moments[lasts], computing, blocked, queued, workers, taken)
