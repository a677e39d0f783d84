"""Waits: from the records of `ray.get`, `ray.wait` and `await ref` to intervals split into blocked and receive, with the rows awaited.

*Blocked* lasts until the last awaited result exists. A ref counts as there from the start when its task was still running after
the wait had ended: then it is an object that the task put, not its result. Refs of a generator that still yields and of an unknown
task leave the whole wait as blocked.
A get that raised was blocked until the first awaited failure, or, without one (a timeout), to its end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nestviz.events import ID_BYTES, EventKind, RowKind, State, WaitKind
from nestviz.trace.joins import id_keys, lookup
from nestviz.trace.model import UNKNOWN, Ids, Ints, Rows, Waits
from nestviz.trace.store import RecordStore
from nestviz.trace.texts import Texts

__all__ = ["assemble_waits", "rows_of_results"]

Mask = NDArray[np.bool_]

_FAR = np.iinfo(np.int64).max


def assemble_waits(
    store: RecordStore, texts: Texts, rows: Rows, rows_of: Callable[[Ints], Ints], clock_ns: int, generators: NDArray[np.int32]
) -> Waits:
    """All waits in order of their begin. Waits of nobody known are left out. `generators` are the rows that yield items."""
    begins, ends = store.of(EventKind.WAIT_BEGIN), store.of(EventKind.WAIT_END)
    key = begins.key("block")
    owner = rows_of(begins.key("scope"))
    owner = np.where(owner < len(rows), owner, -1)
    end_at = lookup(ends.key("block"), key)
    has_ended = end_at >= 0
    end = np.full(len(key), UNKNOWN, np.int64)
    end[has_ended] = ends.raw["b"][end_at[has_ended]] + clock_ns
    has_failed = np.zeros(len(key), np.bool_)
    has_failed[has_ended] = ends.raw["flags"][end_at[has_ended]] > 0
    error = np.zeros(len(key), np.int64)
    error[has_ended] = texts.of(ends)[end_at[has_ended]]
    begin = begins.raw["a"] + clock_ns
    kind = begins.raw["flags"].astype(np.uint8)
    wait, row, got = _refs(store, rows, key, kind != WaitKind.WAIT)
    got &= ~has_failed[wait]
    got &= has_ended[wait]
    got |= has_ended[wait] & has_failed[wait] & _is_failure(rows, row) & (rows.end[row] <= end[wait])
    yields = np.zeros(len(rows) + 1, np.bool_)  # the last place is that of the row -1
    yields[generators] = True
    blocked_end = _blocked_ends(rows, begin, end, has_failed, wait, row, got, yields)
    keep = owner >= 0
    order = np.flatnonzero(keep)[np.argsort(begin[keep], kind="stable")]
    place = np.full(len(key), -1, np.int64)
    place[order] = np.arange(len(order))
    kept = place[wait] >= 0
    wait, row, got = place[wait[kept]], row[kept], got[kept]
    sort = np.lexsort((row, wait))
    offset = np.searchsorted(wait[sort], np.arange(len(order) + 1))
    return Waits(
        row=owner[order].astype(np.int32),
        kind=kind[order],
        begin=begin[order],
        end=end[order],
        blocked_end=blocked_end[order],
        asked=begins.raw["size"][order],
        error=error[order],
        offset=offset,
        refs=row[sort].astype(np.int32),
        got=got[sort],
    )


def _refs(store: RecordStore, rows: Rows, key: Ints, is_get: Mask) -> tuple[Ints, Ints, Mask]:
    """Per awaited ref: the wait, the row (-1: unknown task), whether it was got. A ref that `ray.wait` returned counts once."""
    begins, refs = store.of(EventKind.WAIT_BEGIN), store.of(EventKind.WAIT_REF)
    first = np.flatnonzero(begins.raw["size"] > 0)
    has_id = np.ascontiguousarray(begins.raw["id"]).view(np.uint64).reshape(-1, 3)[first].any(axis=1)
    first = first[has_id]
    at = lookup(key, refs.key("block"))
    known = at >= 0
    wait = np.concatenate([first, at[known]])
    ids = np.concatenate([begins.raw["id"][first], refs.raw["id"][known]])
    got = np.concatenate([is_get[first], (refs.raw["flags"][known] > 0) | is_get[at[known]]])
    row = rows_of_results(rows, ids)
    unknown = np.flatnonzero(row < 0)
    row[unknown] = _rows_of_puts(rows, ids[unknown])
    order = np.lexsort((~got, id_keys(ids), wait))
    wait, row, got, keys = wait[order], row[order], got[order], id_keys(ids)[order]
    if len(wait):
        fresh = np.concatenate([[True], (wait[1:] != wait[:-1]) | (keys[1:] != keys[:-1])])
        wait, row, got = wait[fresh], row[fresh], got[fresh]
    return wait, row, got


def rows_of_results(rows: Rows, ids: Ids) -> Ints:
    """The row whose end makes those tasks' results: their last attempt."""
    nodes = np.flatnonzero((rows.kind == RowKind.TASK) | (rows.kind == RowKind.DRIVER))
    nodes = nodes[np.argsort(-rows.attempt[nodes], kind="stable")]
    at = lookup(id_keys(rows.task_id[nodes]), id_keys(ids))
    if not len(nodes):
        return np.full(len(ids), -1, np.int64)
    return np.where(at >= 0, nodes[at], -1)


def _rows_of_puts(rows: Rows, ids: Ids) -> Ints:
    """The attempts, or the driver, that put those objects: Ray names them by the task's id with the attempt as its first byte."""
    if not len(ids):
        return np.zeros(0, np.int64)
    nodes = np.flatnonzero((rows.kind == RowKind.TASK) | (rows.kind == RowKind.DRIVER))
    putters = np.ascontiguousarray(rows.task_id[nodes]).view(np.uint8).reshape(-1, ID_BYTES).copy()
    putters[:, 0] = rows.attempt[nodes]
    at = lookup(id_keys(putters.reshape(-1).view("V24")), id_keys(ids))
    return np.where(at >= 0, nodes[at], -1)


def _is_failure(rows: Rows, row: Ints) -> Mask:
    failed = np.isin(rows.state[row], [State.FAILED, State.CANCELLED, State.LOST])
    known: Mask = failed & (row >= 0) & (rows.end[row] != UNKNOWN)
    return known


def _blocked_ends(rows: Rows, begin: Ints, end: Ints, has_failed: Mask, wait: Ints, row: Ints, got: Mask, yields: Mask) -> Ints:
    """When the last awaited result existed, within the wait; UNKNOWN while it waits."""
    ready = np.where(row >= 0, rows.end[row], end[wait])
    is_early = (row >= 0) & ((ready == UNKNOWN) | (ready > end[wait]))
    stored = np.minimum(ready + np.maximum(rows.store[row], 0), end[wait])  # the result exists once it is stored
    ready = np.where(is_early, np.where(yields[row], end[wait], begin[wait]), np.where(row >= 0, stored, ready))
    latest = np.full(len(begin), -_FAR, np.int64)
    np.maximum.at(latest, wait[got & ~has_failed[wait]], ready[got & ~has_failed[wait]])
    earliest = np.full(len(begin), _FAR, np.int64)
    failing = got & has_failed[wait]
    np.minimum.at(earliest, wait[failing], ready[failing])
    moment = np.where(has_failed, earliest, np.where(latest == -_FAR, end, latest))
    return np.where(end == UNKNOWN, UNKNOWN, np.clip(moment, begin, np.maximum(end, begin)))
