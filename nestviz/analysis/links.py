"""What had to come before what: which execution every attempt began in, and whose results it waited for.

The one reading of a trace that span, critical path and simulator share. A retry begins in the attempt before it, at its end. An
argument that was a ref of another task's result is a wait too, from the submission to the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nestviz.events import RowKind
from nestviz.trace.joins import id_keys, running_maximum
from nestviz.trace.model import UNKNOWN, Ints, Trace
from nestviz.trace.phases import life_of

__all__ = ["Joins", "Links", "links_of"]


@dataclass(frozen=True)
class Joins:
    """One entry per awaited task whose end a row waited for, by row, then begin of the wait. Times are Unix ns.

    `ready` is when the wait had all it needed, `end` when it was over; an open wait has both at the trace's `now_ns`. The joins of
    row r are those from `offset[r]` to `offset[r + 1]`; among them `reach` is the latest `end` so far.
    """

    waiter: Ints
    awaited: Ints
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
    return Links(_origins(trace), begin, handed, start, end, _joins(trace, end))


def _origins(trace: Trace) -> Ints:
    """The parent, or the driver where the parent is unknown, or for a retry the attempt before it."""
    rows = trace.rows
    origin = rows.parent.astype(np.int64)
    drivers = np.flatnonzero(rows.kind == RowKind.DRIVER)
    lost = (origin >= 0) & (rows.kind[origin] == RowKind.UNKNOWN_PARENT)
    origin[lost] = drivers[0] if len(drivers) else -1
    origin[~trace.is_task] = -1
    if bool(np.any(rows.attempt > 0)):
        tasks = np.flatnonzero(trace.is_task)
        keys = id_keys(rows.task_id[tasks])
        order = np.lexsort((rows.attempt[tasks], keys))
        follows = keys[order][1:] == keys[order][:-1]
        origin[tasks[order[1:][follows]]] = tasks[order[:-1][follows]]
    return origin


def _joins(trace: Trace, end: Ints) -> Joins:
    waits = trace.waits
    wait = np.repeat(np.arange(len(waits)), np.diff(waits.offset))
    is_open = waits.end[wait] == UNKNOWN
    awaited = waits.refs.astype(np.int64)
    keep = (awaited >= 0) & (waits.got | is_open)
    keep &= trace.is_task[awaited] & (awaited != waits.row[wait])
    wait, is_open, awaited = wait[keep], is_open[keep], awaited[keep]
    waiter = waits.row[wait].astype(np.int64)
    opened = waits.begin[wait]
    ready = np.where(is_open, trace.now_ns, waits.blocked_end[wait])
    closed = np.where(is_open, trace.now_ns, waits.end[wait])
    holds = end[awaited] <= ready  # a task that lived on had put the object before it ended
    order = np.flatnonzero(holds)[np.argsort(waiter[holds], kind="stable")]
    waiter, closed = waiter[order], closed[order]
    return Joins(
        waiter=waiter,
        awaited=awaited[order],
        begin=opened[order],
        ready=ready[order],
        end=closed,
        is_open=is_open[order],
        reach=running_maximum(waiter, closed),
        offset=np.searchsorted(waiter, np.arange(len(trace.rows) + 1)),
    )
