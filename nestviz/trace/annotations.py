"""What the program said of its tasks with `annotate`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from nestviz.events import EventKind
from nestviz.trace.model import UNKNOWN, Ints, Notes, Rows
from nestviz.trace.store import Records, RecordStore
from nestviz.trace.texts import Texts

if TYPE_CHECKING:
    from nestviz.trace.assembly import Owners

__all__ = ["gather_notes", "said_sizes"]

_INT, _FLOAT = 0, 1
_SIZE_KEY = "n"


def gather_notes(store: RecordStore, texts: Texts, owners: Owners, rows: Rows) -> Notes:
    """All annotations in the order of process and time; those of nobody known are left out."""
    records = store.of(EventKind.NOTE)
    row = owners.rows_of(records.key("scope"))
    block = owners.block_rows(np.where(records.raw["block"] > 0, records.key("block"), UNKNOWN))
    keep = np.flatnonzero(row < len(rows))
    records, row, block = records.take(keep), row[keep], block[keep]
    section = np.where(block >= 0, rows.section[block], rows.section[row])
    keys = texts.of(records).tolist()
    return Notes(
        row=row.astype(np.int32),
        section=section.astype(np.int32),
        key=tuple(texts.table[key] for key in keys),
        value=tuple(_values(records, texts)),
    )


def said_sizes(store: RecordStore, texts: Texts, rows_of: Callable[[Ints], Ints], size: Ints) -> Ints:
    """Sizes of rows, where `annotate(n=…)` overrules what the arguments' lengths say."""
    records = store.of(EventKind.NOTE)
    if _SIZE_KEY not in texts.table or not len(records):
        return size
    key = texts.table.index(_SIZE_KEY)
    which = np.flatnonzero((texts.of(records) == key) & (records.raw["flags"] <= _FLOAT))
    records = records.take(which)
    row = rows_of(records.key("scope"))
    bits = records.raw["size"]
    as_float = np.nan_to_num(bits.view(np.float64) if bits.flags.c_contiguous else np.ascontiguousarray(bits).view(np.float64))
    value = np.where(records.raw["flags"] == _INT, bits, np.clip(as_float, -(2.0**62), 2.0**62).astype(np.int64))
    said: Ints = size.copy()
    inside = row < len(size)
    said[row[inside]] = value[inside]
    return said


def _values(records: Records, texts: Texts) -> list[int | float | str]:
    kinds = records.raw["flags"].tolist()
    bits = np.ascontiguousarray(records.raw["size"])
    numbers, floats = bits.tolist(), bits.view(np.float64).tolist()
    words = texts.of_numbers(records.process, bits)
    return [
        numbers[i] if kind == _INT else floats[i] if kind == _FLOAT else texts.table[words[i]] for i, kind in enumerate(kinds)
    ]
