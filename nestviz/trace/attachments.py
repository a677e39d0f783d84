"""What is known of few tasks, in tables beside the rows: items yielded, objects put, results awaited as arguments, needs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nestviz.events import EventKind
from nestviz.trace.joins import id_keys, lookup
from nestviz.trace.model import UNKNOWN, Ids, Ints, Rows
from nestviz.trace.side_tables import Dependencies, Exports, Items, Puts, Repeats, Requirements
from nestviz.trace.store import Records, RecordStore
from nestviz.trace.texts import Texts
from nestviz.trace.waiting import rows_of_results

__all__ = ["gather_dependencies", "gather_exports", "gather_items", "gather_puts", "gather_repeats", "gather_requirements"]

RowsOf = Callable[[Ints], Ints]


def gather_items(store: RecordStore, rows: Rows, rows_of: RowsOf, clock_ns: int) -> Items:
    """The last word of each generator on what it has yielded, by row."""
    records = store.of(EventKind.ITEMS)
    row = rows_of(records.key("scope"))
    known = np.flatnonzero(row < len(rows))
    row, records = row[known], records.take(known)
    last = np.flatnonzero(np.append(row[1:] != row[:-1], [True])) if len(row) else np.zeros(0, np.int64)
    last = last[np.argsort(row[last], kind="stable")]
    raw = records.raw[last]
    return Items(row[last].astype(np.int32), raw["a"] + clock_ns, raw["b"] + clock_ns, raw["size"].astype(np.int64))


def gather_puts(store: RecordStore, rows: Rows, rows_of: RowsOf) -> Puts:
    """Calls that succeeded, by row; the driver's too."""
    records = store.of(EventKind.PUT)
    row = rows_of(records.key("scope"))
    well = (row < len(rows)) & (records.raw["flags"] == 0)
    row, size = row[well], np.maximum(records.raw["size"][well], 0)
    who, place, count = np.unique(row, return_inverse=True, return_counts=True)
    total = np.zeros(len(who), np.int64)
    np.add.at(total, place, size)
    return Puts(who.astype(np.int32), count.astype(np.int64), total)


def gather_dependencies(store: RecordStore, rows: Rows) -> Dependencies:
    """The pairs of which both tasks are known; a task's first attempt waits, the other's last attempt is waited for."""
    records = store.of(EventKind.DEPEND)
    waiting = lookup(id_keys(rows.task_id), id_keys(_children_ids(records)))
    awaited = rows_of_results(rows, records.raw["id"])
    known = (waiting >= 0) & (awaited >= 0)
    return Dependencies(waiting[known].astype(np.int32), awaited[known].astype(np.int32))


def gather_exports(store: RecordStore, rows: Rows) -> Exports:
    """Those whose call is known, in the order of the calls."""
    row, records = _of_calls(store, EventKind.EXPORT, rows)
    return Exports(row.astype(np.int32), records.raw["size"].astype(np.int64))


def gather_repeats(store: RecordStore, rows: Rows) -> Repeats:
    """Those whose call is known, in the order of the calls."""
    row, records = _of_calls(store, EventKind.REPEAT, rows)
    return Repeats(row.astype(np.int32), (records.raw["flags"] & 1) > 0, (records.raw["flags"] & 2) > 0)


def gather_requirements(store: RecordStore, texts: Texts) -> Requirements:
    """What was said of each task, by the key of its id."""
    records = store.of(EventKind.REQUIRE)
    key, first = np.unique(id_keys(records.raw["id"]), return_index=True)
    return Requirements(key, texts.of(records)[first] if len(first) else np.full(0, UNKNOWN, np.int64))


def _of_calls(store: RecordStore, kind: EventKind, rows: Rows) -> tuple[Ints, Records]:
    """Records that name a known call, and its first attempt's row, in the order of the rows."""
    records = store.of(kind)
    row = lookup(id_keys(rows.task_id), id_keys(records.raw["id"]))
    known = np.flatnonzero(row >= 0)
    known = known[np.argsort(row[known], kind="stable")]
    return row[known], records.take(known)


def _children_ids(records: Records) -> Ids:
    words = np.stack([records.raw["a"], records.raw["b"], records.raw["size"]], axis=1)
    ids: Ids = np.ascontiguousarray(words).view("V24").reshape(-1)
    return ids
