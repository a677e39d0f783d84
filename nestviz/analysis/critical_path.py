"""The critical path: which stretch of which task the end of the program waited for, at every moment.

Walks back from the last end. Inside a task every stretch belongs to it, but where it was blocked, or queued for its arguments, the
path steps to the awaited task that ended last; at a task's start it goes through queue and submit to the row it began in. The
segments tile the makespan exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nestviz.analysis.links import Links, links_of
from nestviz.events import Phase, RowKind
from nestviz.trace.model import Trace

__all__ = ["PathSegment", "critical_path"]

_WAITING = (Phase.BLOCKED, Phase.QUEUE)


@dataclass(frozen=True)
class PathSegment:
    """One stretch of the path: a row's phase from `begin_ns` to `end_ns` (Unix ns)."""

    row: int
    phase: Phase
    begin_ns: int
    end_ns: int


def critical_path(trace: Trace, links: Links | None = None) -> tuple[PathSegment, ...]:
    """The path in time order; empty when there is no task. Its cost grows with its own length, not with the tasks beside it."""
    if not bool(np.any(trace.is_task)):
        return ()
    walk = _Walk(trace, links_of(trace) if links is None else links)
    walk.go()
    return tuple(reversed(walk.found))


class _Walk:
    def __init__(self, trace: Trace, links: Links) -> None:
        self._trace, self._links = trace, links
        self._offset = np.concatenate([[0], np.cumsum(np.bincount(trace.segments.row, minlength=len(trace.rows)))])
        tasks = np.flatnonzero(trace.is_task)
        self._row = int(tasks[np.argmax(links.end[tasks])])
        self._now = trace.end_ns
        self._first = trace.begin_ns
        drivers = np.flatnonzero(trace.rows.kind == RowKind.DRIVER)
        self._top = int(drivers[0] if len(drivers) else tasks[0])
        self._seen: set[int] = set()
        """Rows that the path has been in at this very moment: it must not go round between them."""
        self.found: list[PathSegment] = []

    def go(self) -> None:
        segments = self._trace.segments
        while self._now > self._first:
            at = self._segment_before_now()
            if at < 0:
                self._step_up()
                continue
            begin, end, phase = int(segments.begin[at]), int(segments.end[at]), Phase(int(segments.phase[at]))
            if end < self._now:
                self._say(Phase.COMPUTE, end)
                continue
            join = self._join_in(begin) if phase in _WAITING else -1
            if join < 0:
                self._say(phase, begin)
                continue
            self._say(phase, min(int(self._links.joins.ended[join]), self._now))
            self._seen.add(self._row)
            self._row = int(self._links.joins.awaited[join])

    def _say(self, phase: Phase, since: int) -> None:
        """The path was in this phase of its row from `since` until now."""
        begin = max(since, self._first)
        if begin >= self._now:
            return
        end, row = self._now, self._row
        if self.found and self.found[-1].row == row and self.found[-1].phase == phase and self.found[-1].begin_ns == end:
            end = self.found.pop().end_ns
        self.found.append(PathSegment(row, phase, begin, end))
        self._now = begin
        self._seen.clear()

    def _segment_before_now(self) -> int:
        """The segment of the row that covers the moment before now, or the last one before it; -1 when the row had not begun."""
        low, high = int(self._offset[self._row]), int(self._offset[self._row + 1])
        at = low + int(np.searchsorted(self._trace.segments.begin[low:high], self._now)) - 1
        return at if at >= low else -1

    def _step_up(self) -> None:
        """Go on in the row in which this one began; with none, the rest is the driver's."""
        self._seen.add(self._row)
        above = int(self._links.origin[self._row])
        if above >= 0 and above not in self._seen:
            self._row = above
            return
        self._row = self._top
        self._say(Phase.COMPUTE, self._first)

    def _join_in(self, begin: int) -> int:
        """The join whose task ended last, between `begin` and now, of those the row was waiting for; -1 when none is known."""
        joins, now = self._links.joins, self._now
        low, high = int(joins.offset[self._row]), int(joins.offset[self._row + 1])
        last = low + int(np.searchsorted(joins.begin[low:high], now))
        first = low + int(np.searchsorted(joins.reach[low:last], begin, side="right"))
        if first == last:
            return -1
        which = slice(first, last)
        ended = np.where(joins.is_open[which], np.minimum(joins.ended[which], now), joins.ended[which])
        fits = (ended > begin) & (ended <= now) & (joins.is_open[which] | (joins.end[which] > begin))
        if self._seen:
            fits &= ~np.isin(joins.awaited[which], list(self._seen))
        best = int(np.argmax(np.where(fits, ended, -1)))
        return first + best if fits[best] else -1
