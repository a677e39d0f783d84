"""The records of a recording as they came: decoded, freed of duplicates, kept by kind."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nestviz.events import RECORD_BYTES, EventKind

__all__ = ["RECORD_TYPE", "RecordStore", "Records"]

RECORD_TYPE = np.dtype(
    [
        ("kind", "u1"),
        ("flags", "u1"),
        ("aux", "<u2"),
        ("code", "<u4"),
        ("a", "<i8"),
        ("b", "<i8"),
        ("scope", "<u4"),
        ("block", "<u4"),
        ("id", "V24"),
        ("size", "<i8"),
    ]
)
assert RECORD_TYPE.itemsize == RECORD_BYTES

Raw = NDArray[np.void]


@dataclass(frozen=True)
class Records:
    """All records of one kind: `raw` has RECORD_TYPE; `process` and `number` tell whose they are and order them."""

    raw: Raw
    process: NDArray[np.int64]
    number: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.raw)

    def key(self, column: str) -> NDArray[np.int64]:
        """Process and one of its 32-bit numbers as one integer."""
        low: NDArray[np.int64] = self.raw[column].astype(np.int64)
        return (self.process << 32) | low

    def take(self, which: NDArray[np.generic]) -> Records:
        """The records at those places or under that mask."""
        return Records(self.raw[which], self.process[which], self.number[which])


@dataclass
class _Pile:
    """Records of one kind, as chunks since the last time somebody looked."""

    parts: list[Records] = field(default_factory=list)

    def joined(self) -> Records:
        if not self.parts:
            empty = np.zeros(0, np.int64)
            return Records(np.zeros(0, RECORD_TYPE), empty, empty)
        if len(self.parts) > 1:
            raw = np.concatenate([part.raw for part in self.parts])
            process = np.concatenate([part.process for part in self.parts])
            number = np.concatenate([part.number for part in self.parts])
            order = np.lexsort((number, process))
            self.parts = [Records(raw[order], process[order], number[order])]
        return self.parts[0]


class RecordStore:
    """Takes batches in any order and any number of times; each record counts once."""

    def __init__(self) -> None:
        self._piles = {int(kind): _Pile() for kind in EventKind}
        self._seen: dict[int, list[tuple[int, int]]] = {}
        self.count = 0

    def add(self, process: int, first: int, payload: bytes) -> None:
        """Records of one process; `first` is the number of the first. A payload that is no whole number of records is cut."""
        whole = len(payload) // RECORD_BYTES
        raw = np.frombuffer(payload, dtype=RECORD_TYPE, count=whole)
        for begin, end in self._unseen(process, first, first + whole):
            self._sort_in(process, begin, raw[begin - first : end - first])

    def of(self, kind: EventKind) -> Records:
        """All records of a kind, by process, then number."""
        return self._piles[int(kind)].joined()

    def _sort_in(self, process: int, first: int, raw: Raw) -> None:
        self.count += len(raw)
        number = np.arange(first, first + len(raw), dtype=np.int64)
        for kind in np.unique(raw["kind"]):
            pile = self._piles.get(int(kind))
            if pile is None:
                continue
            which = raw["kind"] == kind
            size = int(np.count_nonzero(which))
            pile.parts.append(Records(raw[which], np.full(size, process, np.int64), number[which]))

    def _unseen(self, process: int, begin: int, end: int) -> list[tuple[int, int]]:
        """The parts of a range of numbers that are new; afterwards they are not."""
        known = self._seen.setdefault(process, [])
        if begin >= end:
            return []
        if not known or begin == known[-1][1]:
            if known:
                known[-1] = (known[-1][0], end)
            else:
                known.append((begin, end))
            return [(begin, end)]
        fresh, at = [], begin
        for low, high in known:
            if low >= end:
                break
            if at < low:
                fresh.append((at, low))
            at = max(at, high)
        if at < end:
            fresh.append((at, end))
        known[:] = _merged([*known, (begin, end)])
        return fresh


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged
