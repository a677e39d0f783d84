"""The texts of a recording: each process numbers its own; here they become one table."""

from __future__ import annotations

import numpy as np

from nestviz.events import RECORD_BYTES, TEXT_BYTES, EventKind
from nestviz.trace.joins import lookup
from nestviz.trace.model import Ints
from nestviz.trace.store import Records, RecordStore

__all__ = ["Texts"]

_LAST = 0x8000


class Texts:
    """One table of all texts; number 0 is the empty text, which also stands for one that was never written out."""

    def __init__(self, store: RecordStore) -> None:
        records = store.of(EventKind.TEXT)
        table = {"": 0}
        keys, numbers = [], []
        for key, text in _assembled(records):
            keys.append(key)
            numbers.append(table.setdefault(text, len(table)))
        self._keys = np.array(keys, np.int64)
        self._numbers = np.array(numbers, np.int64)
        self.table = tuple(table)

    def of(self, records: Records, column: str = "code") -> Ints:
        """The table's number of the text that each record names."""
        return self.of_numbers(records.process, records.raw[column].astype(np.int64))

    def of_numbers(self, process: Ints, number: Ints) -> Ints:
        """The table's numbers of the texts that those processes know by those numbers."""
        at = lookup(self._keys, (process << 32) | number)
        if not len(self._numbers):
            return np.zeros(len(number), np.int64)
        numbers: Ints = np.where(at >= 0, self._numbers[at], 0)
        return numbers


def _assembled(records: Records) -> list[tuple[int, str]]:
    """Key and text of each text whose parts are all there."""
    raw = records.raw
    bodies = raw.view(np.uint8).reshape(len(raw), RECORD_BYTES)[:, -TEXT_BYTES:]
    parts: dict[int, dict[int, bytes]] = {}
    last: dict[int, int] = {}
    for i, key in enumerate(records.key("code").tolist()):
        index = int(raw["aux"][i]) & (_LAST - 1)
        parts.setdefault(key, {})[index] = bodies[i, : min(int(raw["flags"][i]), TEXT_BYTES)].tobytes()
        if int(raw["aux"][i]) & _LAST:
            last[key] = index
    texts = []
    for key, end in last.items():
        found = parts[key]
        if len(found) == end + 1:
            texts.append((key, b"".join(found[i] for i in range(end + 1)).decode("utf-8", "replace")))
    return texts
