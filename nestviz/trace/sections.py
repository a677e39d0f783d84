"""Sections: the tasks submitted inside `with nestviz.record(name)` and all that descends from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any  # the values of `dataclasses.replace`

import numpy as np
from numpy.typing import NDArray

from nestviz.errors import RecordingNotFound
from nestviz.events import RowKind, State
from nestviz.trace.joins import roots_and_depths
from nestviz.trace.model import UNKNOWN, Dependencies, Ints, Items, Notes, Puts, Rows, Section, Segments, Small, Trace, Waits

__all__ = ["find_sections", "section_of"]


def find_sections(
    rows: Rows, block_rows: Ints, is_section: NDArray[np.bool_], texts: tuple[str, ...]
) -> tuple[tuple[Section, ...], Small]:
    """The sections in order of their begin, and each row's section: that of its innermost enclosing block, else its parent's."""
    places = np.flatnonzero(is_section)
    above = np.where(block_rows >= 0, block_rows, rows.parent).astype(np.int64)
    above[places] = -1
    root, _ = roots_and_depths(above)
    number = np.full(len(rows), UNKNOWN, np.int32)
    number[places] = np.arange(len(places), dtype=np.int32)
    sections = tuple(
        Section(texts[int(rows.name[i])], int(rows.start[i]), int(rows.end[i]), bool(rows.state[i] == State.FAILED))
        for i in places.tolist()
    )
    return sections, number[root]


def section_of(trace: Trace, name: str) -> Trace:
    """The part of a trace that belongs to the section of that name (the last one, if several bear it), with the driver above it.

    The driver's own waits, notes and phases are cut to the section's time. RecordingNotFound when there is no such section.
    """
    numbers = [i for i, section in enumerate(trace.sections) if section.name == name]
    if not numbers:
        known = ", ".join(section.name for section in trace.sections) or "none"
        raise RecordingNotFound(f"recording {trace.info.recording} has no section named {name!r} (it has: {known})")
    number = numbers[-1]
    section, rows = trace.sections[number], trace.rows
    is_open = section.end_ns == UNKNOWN
    keep = (rows.section == number) | (rows.kind == RowKind.DRIVER)
    parents = rows.parent[keep]
    keep[parents[parents >= 0]] = True
    place = np.cumsum(keep) - 1
    part = rows.take(keep)
    parent = np.where(part.parent >= 0, place[part.parent], part.parent).astype(np.int32)
    drivers = part.kind == RowKind.DRIVER
    last = UNKNOWN if is_open else section.end_ns
    part = replace(
        part,
        parent=parent,
        section=np.where(part.section == number, 0, UNKNOWN).astype(np.int32),
        start=np.where(drivers, section.begin_ns, part.start),
        end=np.where(drivers, last, part.end),
    )
    now_ns = trace.now_ns
    if not is_open and not bool(np.any((part.kind == RowKind.TASK) & (part.end == UNKNOWN))):
        now_ns = max(section.end_ns, int(part.end.max(initial=section.end_ns)))
    until = trace.now_ns if is_open else section.end_ns
    inner = _cut_inner(trace, keep, place, section.begin_ns, until)
    driver_rows = np.flatnonzero(drivers)
    sums = {
        phase: part[phase].copy() for phase in ("spawn", "blocked", "receive")
    }
    from nestviz.events import Phase
    from nestviz.trace.phases import phase_totals

    for phase_name, values in sums.items():
        values[driver_rows] = phase_totals(inner, len(part), Phase[phase_name.upper()])[driver_rows]
    part = replace(part, **{key: value.astype(np.int64) for key, value in sums.items()})
    return replace(
        trace,
        rows=part,
        waits=_cut_waits(trace, keep, place, section.begin_ns, until),
        notes=_cut_notes(trace, keep, place, number),
        **_cut_tables(trace, keep, place),
        sections=(section,),
        inner=inner,
        now_ns=now_ns,
    )


def _cut_inner(trace: Trace, keep: NDArray[np.bool_], place: Ints, begin_ns: int, end_ns: int) -> Segments:
    inner, rows = trace.inner, trace.rows
    is_driver = rows.kind[inner.row] == RowKind.DRIVER
    begin = np.where(is_driver, np.clip(inner.begin, begin_ns, end_ns), inner.begin)
    end = np.where(is_driver, np.clip(inner.end, begin_ns, end_ns), inner.end)
    stay = keep[inner.row] & (end > begin)
    return Segments(place[inner.row[stay]].astype(np.int32), inner.phase[stay], begin[stay], end[stay])


def _cut_waits(trace: Trace, keep: NDArray[np.bool_], place: Ints, begin_ns: int, end_ns: int) -> Waits:
    waits, rows = trace.waits, trace.rows
    inside = (rows.kind[waits.row] != RowKind.DRIVER) | ((waits.begin >= begin_ns) & (waits.begin <= end_ns))
    which = np.flatnonzero(keep[waits.row] & inside)
    lengths = np.diff(waits.offset)[which]
    offset = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    taken = np.repeat(waits.offset[:-1][which] - offset[:-1], lengths) + np.arange(int(offset[-1]))
    refs = waits.refs[taken]
    refs = np.where((refs >= 0) & keep[refs], place[refs], -1).astype(np.int32)
    return Waits(
        row=place[waits.row[which]].astype(np.int32),
        kind=waits.kind[which],
        begin=waits.begin[which],
        end=waits.end[which],
        blocked_end=waits.blocked_end[which],
        asked=waits.asked[which],
        offset=offset,
        refs=refs,
        got=waits.got[taken],
    )


def _cut_tables(trace: Trace, keep: NDArray[np.bool_], place: Ints) -> dict[str, Any]:
    items, puts, dependencies = trace.items, trace.puts, trace.dependencies
    yielding, putting = keep[items.row], keep[puts.row]
    both = keep[dependencies.row] & keep[dependencies.on]
    return {
        "items": Items(_at(place, items.row[yielding]), items.first[yielding], items.last[yielding], items.count[yielding]),
        "puts": Puts(_at(place, puts.row[putting]), puts.count[putting], puts.size_bytes[putting]),
        "dependencies": Dependencies(_at(place, dependencies.row[both]), _at(place, dependencies.on[both])),
    }


def _at(place: Ints, row: Small) -> Small:
    moved: Small = place[row].astype(np.int32)
    return moved


def _cut_notes(trace: Trace, keep: NDArray[np.bool_], place: Ints, number: int) -> Notes:
    notes = trace.notes
    is_driver = trace.rows.kind[notes.row] == RowKind.DRIVER
    which = np.flatnonzero(keep[notes.row] & ((notes.section == number) | ~is_driver))
    return Notes(
        row=place[notes.row[which]].astype(np.int32),
        section=np.where(notes.section[which] == number, 0, UNKNOWN).astype(np.int32),
        key=tuple(notes.key[i] for i in which),
        value=tuple(notes.value[i] for i in which),
    )
