"""What had to come before what: which execution every attempt began in, and whose results it waited for.

The one reading of a trace that span, critical path and simulator share. A retry begins in the attempt before it, at its end. An
argument that was a ref of another task's result is a wait too, from the submission to the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nestviz.events import RowKind, State
from nestviz.trace.joins import id_keys, running_maximum
from nestviz.trace.model import UNKNOWN, Ints, Trace
from nestviz.trace.phases import life_of

__all__ = ["Joins", "Links", "links_of"]


@dataclass(frozen=True)
class Joins:
    """One entry per awaited task whose end a row waited for, by row, then begin of the wait. Times are Unix ns.

    `ended` is when the awaited task's life ended, as far as it was waited for; `ready` when the wait had all it needed, `end` when
    it was over; an open wait has both at the trace's `now_ns`. The joins of row r are those from `offset[r]` to `offset[r + 1]`;
    among them `reach` is the latest `end` so far.
    """

    waiter: Ints
    awaited: Ints
    ended: Ints
    begin: Ints
    ready: Ints
    end: Ints
    is_open: NDArray[np.bool_]
    reach: Ints
    offset: Ints


@dataclass(frozen=True)
class Links:
    """Per row `origin` (the row it began in, -1 for none) and its life; and the joins.

    `begin ≤ handed ≤ start ≤ end` are those of `life_of`: `begin` is also the moment in the origin's life at which it began.
    """

    origin: Ints
    begin: Ints
    handed: Ints
    start: Ints
    end: Ints
    joins: Joins


def links_of(trace: Trace) -> Links:
    """Read the links of a trace; O(n log n), no loop per task."""
    begin, handed, start, end = life_of(trace.rows, trace.now_ns)
    return Links(_origins(trace), begin, handed, start, end, _joins(trace, handed, start, end))


def _origins(trace: Trace) -> Ints:
    """The parent, or the driver where the parent is unknown, or for a retry the failed attempt before it."""
    rows = trace.rows
    origin = rows.parent.astype(np.int64)
    drivers = np.flatnonzero(rows.kind == RowKind.DRIVER)
    lost = (origin >= 0) & (rows.kind[origin] == RowKind.UNKNOWN_PARENT)
    origin[lost] = drivers[0] if len(drivers) else -1
    origin[~trace.is_task] = -1
    if bool(np.any(rows.attempt > 0)):
        tasks = np.flatnonzero(trace.is_task)
        keys = id_keys(rows.task_id[tasks])
        order = tasks[np.lexsort((rows.attempt[tasks], keys))]
        keys = np.sort(keys)
        follows = (keys[1:] == keys[:-1]) & (rows.state[order[:-1]] != State.FINISHED)
        origin[order[1:][follows]] = order[:-1][follows]
    return origin


def _joins(trace: Trace, handed: Ints, start: Ints, end: Ints) -> Joins:
    waits, arguments = trace.waits, trace.dependencies
    wait = np.repeat(np.arange(len(waits)), np.diff(waits.offset))
    is_open = waits.end[wait] == UNKNOWN
    keep = waits.got | is_open
    wait, is_open = wait[keep], is_open[keep]
    waiter = np.concatenate([waits.row[wait], arguments.row]).astype(np.int64)
    awaited = np.concatenate([waits.refs[keep], arguments.on]).astype(np.int64)
    is_open = np.concatenate([is_open, trace.rows.start[arguments.row] == UNKNOWN])
    opened = np.concatenate([waits.begin[wait], handed[arguments.row]])
    ready = np.where(is_open, trace.now_ns, np.concatenate([waits.blocked_end[wait], start[arguments.row]]))
    closed = np.where(is_open, trace.now_ns, np.concatenate([waits.end[wait], start[arguments.row]]))
    # a task that ran on had put the object before it ended
    ran_until = np.where(trace.rows.end == UNKNOWN, end, trace.rows.end)
    holds = (awaited >= 0) & trace.is_task[awaited] & (awaited != waiter) & (ran_until[awaited] <= ready)
    order = np.flatnonzero(holds)
    order = order[np.argsort(opened[order], kind="stable")] if len(arguments) else order
    order = order[np.argsort(waiter[order], kind="stable")]
    waiter, closed = waiter[order], closed[order]
    return Joins(
        waiter=waiter,
        awaited=awaited[order],
        ended=np.minimum(end[awaited], ready)[order],
        begin=opened[order],
        ready=ready[order],
        end=closed,
        is_open=is_open[order],
        reach=running_maximum(waiter, closed),
        offset=np.searchsorted(waiter, np.arange(len(trace.rows) + 1)),
    )
