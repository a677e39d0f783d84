"""How tasks ended of which no process tells: those that were cancelled, and those that ran where nothing is recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nestviz.events import EventKind, State, WaitKind
from nestviz.trace.joins import id_keys, lookup
from nestviz.trace.model import UNKNOWN, Ints, Rows, Waits
from nestviz.trace.store import RecordStore

__all__ = ["with_cancellations", "with_outcomes"]

_RECURSIVE = 2


def with_cancellations(rows: Rows, store: RecordStore, clock_ns: int) -> Rows:
    """Rows that were told to stop, or whose callers were, and that never started or died without a word are cancelled.

    A task that never started ended when it was told to.
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
    died = has_been & (rows.state == State.LOST) & (rows.end >= told)
    return replace(
        rows,
        state=np.where(never | died, State.CANCELLED, rows.state).astype(np.uint8),
        end=np.where(never, told, rows.end),
    )


def with_outcomes(rows: Rows, waits: Waits) -> Rows:
    """A task whose result somebody got has finished, wherever it ran; of its execution nothing else is known."""
    wait = np.repeat(np.arange(len(waits)), np.diff(waits.offset))
    row = waits.refs.astype(np.int64)
    is_result = waits.got & (row >= 0) & (waits.end[wait] != UNKNOWN) & (waits.kind[wait] != WaitKind.WAIT)
    is_result &= (rows.state[row] == State.SUBMITTED) & (rows.start[row] == UNKNOWN)
    if not is_result.any():
        return rows
    far = np.iinfo(np.int64).max
    end = np.full(len(rows), far, np.int64)
    np.minimum.at(end, row[is_result], waits.end[wait[is_result]])
    known = end != far
    return replace(
        rows,
        state=np.where(known, State.FINISHED, rows.state).astype(np.uint8),
        end=np.where(known, end, rows.end),
    )


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
