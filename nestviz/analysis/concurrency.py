"""The concurrency profile: how many tasks computed, waited and queued at each moment, and how many worker processes there were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nestviz.events import Phase, RowKind
from nestviz.trace.model import UNKNOWN, Ints, Trace

__all__ = ["Profile", "profile_of"]

_BUSY = (Phase.FETCH, Phase.COMPUTE, Phase.SPAWN, Phase.RECEIVE, Phase.STORE)
_QUEUED = (Phase.SUBMIT, Phase.QUEUE)


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

    def sampled(self, begin_ns: int, end_ns: int, count: int) -> Profile:
        """At most about `count` steps in a window: between two kept times the highest value stands, so that no peak is lost."""
        first = max(int(np.searchsorted(self.times, begin_ns, side="right")) - 1, 0)
        last = int(np.searchsorted(self.times, end_ns, side="right"))
        times = self.times[first:last]
        columns = [column[first:last] for column in (self.computing, self.blocked, self.queued, self.workers)]
        if len(times) > count:
            slot = np.minimum((times - times[0]) * count // max(int(times[-1] - times[0]), 1), count - 1)
            starts = np.flatnonzero(np.concatenate([[True], slot[1:] != slot[:-1]]))
            times = times[starts]
            columns = [np.maximum.reduceat(column, starts) for column in columns]
        return Profile(times, *columns)


def profile_of(trace: Trace) -> Profile:
    """The profile of all tasks of a trace; the driver is not counted."""
    rows, segments = trace.rows, trace.segments
    of_task = rows.kind[segments.row] == RowKind.TASK
    kinds = (_BUSY, (Phase.BLOCKED,), _QUEUED)
    steps = [_steps(segments.begin, segments.end, of_task & np.isin(segments.phase, phases)) for phases in kinds]
    started = np.flatnonzero(trace.is_task & (rows.start != UNKNOWN))
    _, at = np.unique(rows.process[started][np.argsort(rows.start[started], kind="stable")], return_index=True)
    births = np.sort(rows.start[started])[at]
    steps.append((births, np.ones(len(births), np.int64)))
    times = np.unique(np.concatenate([moments for moments, _ in steps]))
    columns = []
    for moments, changes in steps:
        total = np.zeros(len(times), np.int64)
        np.add.at(total, np.searchsorted(times, moments), changes)
        columns.append(np.cumsum(total))
    return Profile(times, *columns)


def _steps(begin: Ints, end: Ints, which: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Moments and changes of a count that rises at each begin and falls at each end."""
    rises = np.ones(int(np.count_nonzero(which)), np.int64)
    return np.concatenate([begin[which], end[which]]), np.concatenate([rises, -rises])
