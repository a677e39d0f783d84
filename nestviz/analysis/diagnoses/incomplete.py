"""Holes in the record."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.events import RowKind
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.wording import counted, duration

__all__ = ["Incomplete"]

_CLOCK_ERROR_NS = 5_000_000


class Incomplete(Pattern):
    """What keeps all the other figures from being exact."""

    id = "incomplete"
    looks_for = "tasks of an unknown parent, events that found no room, children that start before they were submitted"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one."""
        trace = facts.trace
        orphans = np.flatnonzero(trace.is_task & (trace.rows.parent >= 0) & (_parents_kinds(facts) == RowKind.UNKNOWN_PARENT))
        early = _early(facts)
        holes = [
            f"{counted(len(orphans), 'task')} without a known parent" if len(orphans) else "",
            f"{counted(trace.lost_events, 'event')} without room" if trace.lost_events else "",
            f"{counted(len(early), 'task')} started before the call" if len(early) else "",
            trace.info.problem,
        ]
        said = [hole for hole in holes if hole]
        if not said:
            return
        ahead = f" The clocks are apart by up to {duration(_ahead_ns(facts, early))}." if len(early) else ""
        yield Finding(
            title=f"The record has holes: {'; '.join(said)}",
            rows=np.concatenate([orphans, early]),
            won_ns=0.0,
            confidence=Confidence.SURE,
            advice="Sums and paths leave out what is missing. Events are lost when a process makes more of them than it can hand "
            f"over, or dies with its node; a parent is unknown when nestviz was not in the process that made the call.{ahead}",
        )


def _parents_kinds(facts: Facts) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return facts.rows.kind[facts.rows.parent]


def _early(facts: Facts) -> Ints:
    """First attempts that started before their call was begun, by more than clocks may differ."""
    table = facts.rows
    known = facts.started & (table.submit_begin != UNKNOWN) & (table.attempt == 0)
    return np.flatnonzero(known & (table.start < table.submit_begin - _CLOCK_ERROR_NS))


def _ahead_ns(facts: Facts, rows: Ints) -> int:
    return int((facts.rows.submit_begin[rows] - facts.rows.start[rows]).max())
