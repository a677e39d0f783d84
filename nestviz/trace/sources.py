"""Which sources a trace comes from, and what it cannot know because one was missing, cut or late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nestviz.events import RowKind
from nestviz.trace.model import UNKNOWN, Rows

if TYPE_CHECKING:
    from nestviz.trace.fold import Known

__all__ = ["missing_of", "sources_of"]

_CAPTURE, _TIMELINE, _STATE_API = "capture", "ray.timeline", "state api"
_WITHOUT_IT = "fetching arguments counts as queue and storing results is not seen"


def sources_of(known: Known) -> tuple[str, ...]:
    """The sources that were used, capture first."""
    used = {str(reading["source"]) for reading in known.readings.values() if not reading.get("problem")}
    return (*([] if known.is_attached else [_CAPTURE]), *(name for name in (_TIMELINE, _STATE_API) if name in used))


def missing_of(known: Known, rows: Rows, state: str) -> tuple[str, ...]:
    """One sentence for each thing that is not known for want of a source; none when nothing is wanting."""
    tasks = rows.kind == RowKind.TASK
    has_run = tasks & (rows.start != UNKNOWN) & (rows.end != UNKNOWN)
    runs, told = int(np.count_nonzero(has_run)), int(np.count_nonzero(has_run & (rows.fetch != UNKNOWN)))
    orphans = int(np.count_nonzero(tasks & np.isin(rows.parent, np.flatnonzero(rows.kind == RowKind.UNKNOWN_PARENT))))
    sources = sources_of(known)
    sentences = []
    if known.is_attached:
        sentences.append(
            "Made from Ray's own record alone: time blocked in ray.get, time in .remote() calls and in receiving results, and the "
            "arguments' sizes are not known; they count as compute."
        )
    if runs and not told:
        why = _reason(known, _TIMELINE) or ("it is read when the program ends" if state == "live" else "it was not read in time")
        sentences.append(f"Ray's own record of the tasks is not here ({why}): {_WITHOUT_IT}.")
    elif told < runs:
        sentences.append(f"Ray's own record tells of {told:,} of {runs:,} executions; for the others {_WITHOUT_IT}.")
    if orphans and _STATE_API not in sources:
        why = _reason(known, _STATE_API) or "it was not asked"
        sentences.append(f"The parents of {orphans:,} tasks are not known: only the State API could tell them ({why}).")
    sentences += sorted({f"{cut[0].upper()}{cut[1:]}." for cut in _told(known, "cut", "")})
    return tuple(sentences)


def _reason(known: Known, source: str) -> str:
    """Why the source could not be used, as the last reading says it."""
    return next(reversed(_told(known, "problem", source)), "")


def _told(known: Known, field: str, source: str) -> list[str]:
    """What the readings say in that field, oldest first; of one source, or of all."""
    return [
        str(reading[field])
        for _, reading in sorted(known.readings.items(), key=lambda item: str(item[1].get("at_ns", "")))
        if reading.get(field) and source in {"", reading.get("source")}
    ]
