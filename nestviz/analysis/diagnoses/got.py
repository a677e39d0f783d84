"""Results in the hands of those who asked for them: one entry per ref that a `ray.get` or an `await` returned, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nestviz.events import WaitKind
from nestviz.trace.model import UNKNOWN, Ints, Trace

__all__ = ["Gets", "gets_of"]


@dataclass(frozen=True)
class Gets:
    """Columns over the refs got, in order of the gets' begins, and one over all rows."""

    waiter: Ints
    task: Ints  # the row whose result, or whose put, was got
    begin: Ints
    blocked_end: Ints
    end: Ints
    asked: Ints  # refs that this get asked for
    is_own: NDArray[np.bool_]  # the waiter made the call
    first: Ints  # per row: the place of the first get by its parent, UNKNOWN where there is none

    def got_at(self, rows: Ints) -> Ints:
        """When the parents of those rows had their results, UNKNOWN where they never did."""
        first = self.first[rows]
        return np.where(first == UNKNOWN, UNKNOWN, np.append(self.end, UNKNOWN)[first])

    def receive_of(self, rows: Ints) -> Ints:
        """What fetching one result took in the parents of those rows that got theirs; a get of many is shared among them."""
        at = self.first[rows]
        at = at[at != UNKNOWN]
        each: Ints = (self.end[at] - self.blocked_end[at]) // np.maximum(self.asked[at], 1)
        return each


def gets_of(trace: Trace) -> Gets:
    """All results got."""
    waits, rows = trace.waits, trace.rows
    lengths = np.diff(waits.offset)
    wait = np.repeat(np.arange(len(waits)), lengths)
    done = np.isin(waits.kind, (WaitKind.GET, WaitKind.AWAIT)) & (waits.end != UNKNOWN)
    which = np.flatnonzero(waits.got & (waits.refs >= 0) & done[wait])
    wait, task = wait[which], waits.refs[which].astype(np.int64)
    waiter = waits.row[wait].astype(np.int64)
    is_own = (rows.parent[task] == waiter) & trace.is_task[task]
    first = np.full(len(rows), UNKNOWN, np.int64)
    own = np.flatnonzero(is_own)[::-1]  # the first get is written last
    first[task[own]] = own
    return Gets(
        waiter=waiter,
        task=task,
        begin=waits.begin[wait],
        blocked_end=waits.blocked_end[wait],
        end=waits.end[wait],
        asked=waits.asked[wait],
        is_own=is_own,
        first=first,
    )
