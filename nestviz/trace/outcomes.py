"""How tasks ended of which no process tells: those that were cancelled, and those that ran where nothing is recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nestviz.events import EventKind, State, WaitKind
from nestviz.trace.joins import id_keys, lookup
from nestviz.trace.model import UNKNOWN, Ints, Rows, Waits
from nestviz.trace.side_tables import Dependencies
from nestviz.trace.store import RecordStore

__all__ = ["with_cancellations", "with_failed_arguments", "with_outcomes"]

_RECURSIVE = 2


def with_cancellations(rows: Rows, store: RecordStore, clock_ns: int, has_told: NDArray[np.bool_]) -> Rows:
    """Rows that were told to stop, or whose callers were, and that never started or died without a word are cancelled.

    A task that never started ended when it was told to. `has_told`: rows whose end their process has reported.
    """
    records = store.of(EventKind.CANCEL)
    at = lookup(id_keys(records.raw["id"]), id_keys(rows.task_id))
    if not np.any(at >= 0):
        return rows
    told = np.where(at >= 0, records.raw["a"][at] + clock_ns, UNKNOWN)
    is_recursive = (records.raw["flags"][at] & _RECURSIVE) > 0
    above = _from_above(np.where(is_recursive, told, UNKNOWN), rows.parent)
    told = np.where(told == UNKNOWN, above, told)
    has_been = (told != UNKNOWN) & (rows.submit_begin != UNKNOWN)
    never = has_been & (rows.state == State.SUBMITTED) & (told >= rows.submit_begin)
    died = has_been & ((rows.state == State.LOST) | (~has_told & (rows.state == State.FAILED))) & (rows.end >= told)
    return replace(
        rows,
        state=np.where(never | died, State.CANCELLED, rows.state).astype(np.uint8),
        end=np.where(never, told, rows.end),
    )


def with_outcomes(rows: Rows, waits: Waits, has_told: NDArray[np.bool_]) -> Rows:
    """A task whose result somebody got has ended, wherever it ran, and well if that is no error, whatever Ray's record makes of it.

    When a wait for several raises the error of one of them, it is the one that never reported anything, if there is just one.
    """
    wait = np.repeat(np.arange(len(waits)), np.diff(waits.offset))
    row = waits.refs.astype(np.int64)
    is_silent = (row >= 0) & ~has_told[row] & np.isin(rows.state[row], [State.SUBMITTED, State.FINISHED])
    is_over = is_silent & (waits.end[wait] != UNKNOWN) & (waits.kind[wait] != WaitKind.WAIT)
    if not is_over.any():
        return rows
    others_failed = np.isin(rows.state[row], [State.FAILED, State.CANCELLED, State.LOST]) & (row >= 0)
    is_alone = (np.bincount(wait, is_silent, len(waits)) == 1) & (np.bincount(wait, others_failed, len(waits)) == 0)
    has_failed = is_over & (waits.error[wait] > 0) & is_alone[wait]
    first = np.flatnonzero(is_over & (waits.got | has_failed))[::-1]  # of several waits for one task the first one is written last
    state, end, error = rows.state.copy(), rows.end.copy(), rows.error.copy()
    state[row[first]] = np.where(has_failed[first], State.FAILED, State.FINISHED)
    ended = rows.end[row[first]]
    end[row[first]] = np.where(ended == UNKNOWN, waits.end[wait[first]], ended)
    error[row[first]] = np.where(has_failed[first], waits.error[wait[first]], UNKNOWN)
    return replace(rows, state=state, end=end, error=error)


def with_failed_arguments(rows: Rows, dependencies: Dependencies) -> Rows:
    """A task that waits for the result of one that failed never starts: Ray fails it too, with that error, down the chain."""
    state, end, error = rows.state.copy(), rows.end.copy(), rows.error.copy()
    row, on = dependencies.row, dependencies.on
    while True:
        is_doomed = (state[row] == State.SUBMITTED) & (rows.start[row] == UNKNOWN)
        is_doomed &= np.isin(state[on], [State.FAILED, State.CANCELLED]) & (end[on] != UNKNOWN)
        if not is_doomed.any():
            return replace(rows, state=state, end=end, error=error)
        doomed, cause = row[is_doomed], on[is_doomed]
        state[doomed] = State.FAILED
        end[doomed] = np.maximum(end[cause], rows.submit_end[doomed])
        error[doomed] = error[cause]


def _from_above(value: Ints, parent: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Ints:
    """Each row's largest value among its ancestors, UNKNOWN without one: pointer doubling, O(n log depth)."""
    up = np.where(parent < 0, np.arange(len(parent)), parent).astype(np.int64)
    highest = np.where(parent < 0, UNKNOWN, value[up])
    for _ in range(int(np.ceil(np.log2(max(len(parent), 2)))) + 1):
        further = np.maximum(highest, highest[up])
        if np.array_equal(further, highest) and np.array_equal(up, up[up]):
            break
        highest, up = further, up[up]
    return highest
