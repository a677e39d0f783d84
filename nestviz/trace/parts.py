"""Cutting a part out of a trace: some of its rows with everything that belongs to them, numbered anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nestviz.events import Phase, RowKind
from nestviz.trace.joins import id_keys, lookup, roots_and_depths
from nestviz.trace.model import (
    NO_PARENT,
    UNKNOWN,
    Ints,
    Notes,
    Rows,
    Segments,
    Small,
    Trace,
    Waits,
)
from nestviz.trace.phases import phase_totals
from nestviz.trace.side_tables import Dependencies, Exports, Items, Puts, Repeats

__all__ = ["part_of", "subtree_of"]

Mask = NDArray[np.bool_]
_ALWAYS = np.iinfo(np.int64).max


def part_of(
    trace: Trace, keep: Mask, notes: Mask | None = None, *, driver_begin_ns: int = -_ALWAYS, driver_end_ns: int = _ALWAYS
) -> Trace:
    """The rows of the mask `keep`, and of the notes on them those of the mask `notes`; a row whose parent is left out has none.

    A driver's own waits and phases are cut to the time between the two moments.
    """
    place = np.cumsum(keep) - 1
    rows = trace.rows.take(keep)
    has_parent = (rows.parent >= 0) & keep[rows.parent]
    inner = _cut_inner(trace, keep, place, driver_begin_ns, driver_end_ns)
    rows = replace(
        rows,
        parent=np.where(has_parent, place[rows.parent], NO_PARENT).astype(np.int32),
        spawn=_totals(rows, rows.spawn, inner, Phase.SPAWN),
        blocked=_totals(rows, rows.blocked, inner, Phase.BLOCKED),
        receive=_totals(rows, rows.receive, inner, Phase.RECEIVE),
    )
    items, puts, dependencies = trace.items, trace.puts, trace.dependencies
    exports, repeats = trace.exports, trace.repeats
    yielding, putting = keep[items.row], keep[puts.row]
    exporting, repeating = keep[exports.row], keep[repeats.row]
    both = keep[dependencies.row] & keep[dependencies.on]
    return replace(
        trace,
        rows=rows,
        waits=_cut_waits(trace, keep, place, driver_begin_ns, driver_end_ns),
        notes=_cut_notes(trace.notes, keep[trace.notes.row] & (True if notes is None else notes), place),
        inner=inner,
        items=Items(_at(place, items.row[yielding]), items.first[yielding], items.last[yielding], items.count[yielding]),
        puts=Puts(_at(place, puts.row[putting]), puts.count[putting], puts.size_bytes[putting]),
        dependencies=Dependencies(_at(place, dependencies.row[both]), _at(place, dependencies.on[both])),
        exports=Exports(_at(place, exports.row[exporting]), exports.size_bytes[exporting]),
        repeats=Repeats(_at(place, repeats.row[repeating]), repeats.is_sent[repeating], repeats.is_got[repeating]),
    )


def subtree_of(trace: Trace, row: int) -> Trace:
    """The task of that row in all its attempts, or what was submitted inside that span block, and everything below.

    For the driver it is the whole trace. All measures of a trace then are those of the subtree.
    """
    rows = trace.rows
    if rows.kind[row] in {RowKind.DRIVER, RowKind.UNKNOWN_PARENT}:
        return trace
    blocks = np.flatnonzero(rows.kind == RowKind.SPAN)
    at = lookup(id_keys(rows.task_id[blocks]), id_keys(rows.block_id))
    above = np.where(at >= 0, blocks[at] if len(blocks) else -1, rows.parent).astype(np.int64)
    tops = np.flatnonzero((rows.task_id == rows.task_id[row]) & (rows.kind == rows.kind[row]))
    above[tops] = NO_PARENT
    root, _ = roots_and_depths(above)
    return part_of(trace, np.isin(root, tops))


def _totals(rows: Rows, before: Ints, inner: Segments, phase: Phase) -> Ints:
    """The drivers' totals are those of what is left of them; all others are whole."""
    return np.where(rows.kind == RowKind.DRIVER, phase_totals(inner, len(rows), phase), before)


def _cut_inner(trace: Trace, keep: Mask, place: Ints, begin_ns: int, end_ns: int) -> Segments:
    inner, rows = trace.inner, trace.rows
    is_driver = rows.kind[inner.row] == RowKind.DRIVER
    begin = np.where(is_driver, np.clip(inner.begin, begin_ns, end_ns), inner.begin)
    end = np.where(is_driver, np.clip(inner.end, begin_ns, end_ns), inner.end)
    stay = keep[inner.row] & (end > begin)
    return Segments(_at(place, inner.row[stay]), inner.phase[stay], begin[stay], end[stay])


def _cut_waits(trace: Trace, keep: Mask, place: Ints, begin_ns: int, end_ns: int) -> Waits:
    waits, rows = trace.waits, trace.rows
    inside = (rows.kind[waits.row] != RowKind.DRIVER) | ((waits.begin >= begin_ns) & (waits.begin <= end_ns))
    which = np.flatnonzero(keep[waits.row] & inside)
    lengths = np.diff(waits.offset)[which]
    offset = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    taken = np.repeat(waits.offset[:-1][which] - offset[:-1], lengths) + np.arange(int(offset[-1]))
    refs = waits.refs[taken]
    return Waits(
        row=_at(place, waits.row[which]),
        kind=waits.kind[which],
        begin=waits.begin[which],
        end=waits.end[which],
        blocked_end=waits.blocked_end[which],
        asked=waits.asked[which],
        error=waits.error[which],
        offset=offset,
        refs=np.where((refs >= 0) & keep[refs], place[refs], UNKNOWN).astype(np.int32),
        got=waits.got[taken],
    )


def _cut_notes(notes: Notes, keep: Mask, place: Ints) -> Notes:
    which = np.flatnonzero(keep)
    return Notes(
        row=_at(place, notes.row[which]),
        section=notes.section[which],
        key=tuple(notes.key[i] for i in which),
        value=tuple(notes.value[i] for i in which),
    )


def _at(place: Ints, row: Small) -> Small:
    moved: Small = place[row].astype(np.int32)
    return moved
