"""One clock for all records: those of processes on other nodes are moved to the counter of the collector's node, before the join."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nestviz.events import EventKind
from nestviz.trace.joins import id_keys, lookup
from nestviz.trace.model import Ints
from nestviz.trace.store import Records, RecordStore

__all__ = ["aligned"]

_TIMES = {
    EventKind.SUBMIT: ("a", "b"),
    EventKind.ORIGIN: ("a",),
    EventKind.START: ("a",),
    EventKind.END: ("a",),
    EventKind.WAIT_BEGIN: ("a",),
    EventKind.WAIT_END: ("a", "b"),
    EventKind.SPAN_BEGIN: ("a",),
    EventKind.SPAN_END: ("b",),
    EventKind.ITEMS: ("a", "b"),
    EventKind.CANCEL: ("a",),
    EventKind.PUT: ("a", "b"),
}
"""The fields of each kind that are times."""


def aligned(store: RecordStore, shifts: Mapping[int, int]) -> RecordStore:
    """The records with the times of each process shifted by so many nanoseconds (0 for processes not named)."""
    return _AlignedStore(store, shifts) if any(shifts.values()) else store


class _AlignedStore(RecordStore):
    """A view of a store for one moment; each kind is shifted at its first use."""

    def __init__(self, store: RecordStore, shifts: Mapping[int, int]) -> None:
        super().__init__()
        self._store = store
        self._shift_of = np.zeros(max(shifts) + 1, np.int64)
        self._shift_of[list(shifts)] = list(shifts.values())
        self._shifted: dict[EventKind, Records] = {}

    def of(self, kind: EventKind) -> Records:
        """All records of a kind, by process, then number."""
        if kind not in self._shifted:
            records = self._store.of(kind)
            self._shifted[kind] = self._shift(kind, records) if kind in _TIMES and len(records) else records
        return self._shifted[kind]

    def _shift(self, kind: EventKind, records: Records) -> Records:
        raw = records.raw.copy()
        process = self._callers(records) if kind == EventKind.ORIGIN else records.process
        shift = np.where((process >= 0) & (process < len(self._shift_of)), self._shift_of[process % len(self._shift_of)], 0)
        for column in _TIMES[kind]:
            raw[column] += shift
        return Records(raw, records.process, records.number)

    def _callers(self, origins: Records) -> Ints:
        """An ORIGIN is in the child's ring, but its time was read in the caller's process; -1: in the driver, which needs no shift."""
        starts = self._store.of(EventKind.START)
        backwards = lookup(id_keys(starts.raw["id"])[::-1], id_keys(origins.raw["id"]))
        if not len(starts):
            return backwards
        callers: Ints = np.where(backwards >= 0, starts.process[::-1][backwards], -1)
        return callers
