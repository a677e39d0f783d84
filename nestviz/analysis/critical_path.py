"""The critical path: which stretch of which task the end of the program waited for, at every moment.

Walks back from the last end. Inside a task every stretch belongs to it, but where it was blocked the path steps to the awaited task
that ended last; at a task's start it goes through queue and submit to the parent. The segments tile the makespan exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nestviz.events import Phase, RowKind
from nestviz.trace.model import UNKNOWN, Trace
from nestviz.trace.phases import life_of

__all__ = ["PathSegment", "critical_path"]


@dataclass(frozen=True)
class PathSegment:
    """One stretch of the path: a row's phase from `begin_ns` to `end_ns` (Unix ns)."""

    row: int
    phase: Phase
    begin_ns: int
    end_ns: int


def critical_path(trace: Trace) -> tuple[PathSegment, ...]:
    """The path in time order; empty when there is no task."""
    if not bool(np.any(trace.is_task)):
        return ()
    walk = _Walk(trace)
    walk.go()
    return tuple(reversed(walk.found))


class _Walk:
    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        segments, waits = trace.segments, trace.waits
        self._row_offset = np.searchsorted(segments.row, np.arange(len(trace.rows) + 1))
        self._wait_order = np.lexsort((waits.begin, waits.row))
        self._wait_offset = np.searchsorted(waits.row[self._wait_order], np.arange(len(trace.rows) + 1))
        self._end = life_of(trace.rows, trace.now_ns)[3]
        drivers = np.flatnonzero(trace.rows.kind == RowKind.DRIVER)
        self._driver = int(drivers[0]) if len(drivers) else -1
        self.found: list[PathSegment] = []

    def go(self) -> None:
        trace = self._trace
        tasks = np.flatnonzero(trace.is_task)
        row = int(tasks[np.argmax(self._end[tasks])])
        now, first = trace.end_ns, trace.begin_ns
        visited: set[int] = set()
        while now > first:
            at = self._segment_ending(row, now)
            if at < 0:
                visited.add(row)
                row = self._above(row, visited)
                if row < 0:
                    self._say(self._driver if self._driver >= 0 else int(tasks[0]), Phase.COMPUTE, first, now)
                    return
                continue
            begin, end = int(trace.segments.begin[at]), int(trace.segments.end[at])
            phase = Phase(int(trace.segments.phase[at]))
            if end < now:
                self._say(row, Phase.COMPUTE, max(end, first), now)
                now = end
                visited.clear()
                continue
            child = self._awaited(row, begin, now, visited) if phase == Phase.BLOCKED else -1
            if child >= 0:
                ended = int(self._end[child])
                if ended < now:
                    self._say(row, phase, max(ended, first), now)
                    now = ended
                    visited.clear()
                visited.add(row)
                row = child
                continue
            self._say(row, phase, max(begin, first), now)
            now = begin
            visited.clear()

    def _say(self, row: int, phase: Phase, begin: int, end: int) -> None:
        if end <= begin:
            return
        if self.found and self.found[-1].row == row and self.found[-1].phase == phase and self.found[-1].begin_ns == end:
            end = self.found.pop().end_ns
        self.found.append(PathSegment(row, phase, begin, end))

    def _segment_ending(self, row: int, now: int) -> int:
        """The segment of the row that covers the moment before `now`, or the last one before it; -1 when the row had not begun."""
        low, high = int(self._row_offset[row]), int(self._row_offset[row + 1])
        return low + int(np.searchsorted(self._trace.segments.begin[low:high], now)) - 1 if self._begins_before(low, high, now) else -1

    def _begins_before(self, low: int, high: int, now: int) -> bool:
        return high > low and int(self._trace.segments.begin[low]) < now

    def _above(self, row: int, visited: set[int]) -> int:
        parent = int(self._trace.rows.parent[row])
        if parent >= 0 and self._trace.rows.kind[parent] == RowKind.UNKNOWN_PARENT:
            parent = self._driver
        return parent if parent not in visited else -1

    def _awaited(self, row: int, begin: int, now: int, visited: set[int]) -> int:
        """The task that ended last of those whose results the row's wait in [begin, now] got; -1 when none is known."""
        waits = self._trace.waits
        best, best_end = -1, begin
        for at in self._wait_order[self._wait_offset[row] : self._wait_offset[row + 1]].tolist():
            if waits.begin[at] >= now or (waits.end[at] != UNKNOWN and waits.end[at] <= begin):
                continue
            is_open = waits.end[at] == UNKNOWN
            for i in range(int(waits.offset[at]), int(waits.offset[at + 1])):
                child = int(waits.refs[i])
                if child < 0 or child in visited or not (waits.got[i] or is_open) or not self._trace.is_task[child]:
                    continue
                ended = min(int(self._end[child]), now) if is_open else int(self._end[child])
                if best_end < ended <= now or (best < 0 and ended == now):
                    best, best_end = child, ended
        return best
