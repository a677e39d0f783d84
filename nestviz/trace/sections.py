"""Sections: the tasks submitted inside `with nestviz.record(name)` and all that descends from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nestviz.errors import RecordingNotFound
from nestviz.events import RowKind, State
from nestviz.trace.joins import roots_and_depths
from nestviz.trace.model import UNKNOWN, Ints, Rows, Section, Small, Trace
from nestviz.trace.parts import part_of

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
    is_drivers = rows.kind[trace.notes.row] == RowKind.DRIVER
    notes = (trace.notes.section == number) | ~is_drivers
    part = part_of(trace, keep, notes, driver_begin_ns=section.begin_ns, driver_end_ns=trace.now_ns if is_open else section.end_ns)
    drivers = part.rows.kind == RowKind.DRIVER
    now_ns = trace.now_ns
    if not is_open and not bool(np.any(part.is_task & (part.rows.end == UNKNOWN))):
        now_ns = max(section.end_ns, int(part.rows.end[~drivers].max(initial=section.end_ns)))
    last = UNKNOWN if is_open else section.end_ns
    return replace(
        part,
        rows=replace(
            part.rows,
            section=np.where(part.rows.section == number, 0, UNKNOWN).astype(np.int32),
            start=np.where(drivers, section.begin_ns, part.rows.start),
            end=np.where(drivers, last, part.rows.end),
        ),
        notes=replace(part.notes, section=np.where(part.notes.section == number, 0, UNKNOWN).astype(np.int32)),
        sections=(section,),
        now_ns=now_ns,
    )
