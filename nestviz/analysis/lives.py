"""How much of some phases every row had behind it at certain moments: all rows' lives laid end to end and searched at once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.links import Links
from nestviz.events import Phase
from nestviz.trace.model import Ints, Trace

__all__ = ["Lives"]

_RANKS = 3


class Lives:
    """Moments of rows in the order of row, time and rank: `order` are their places in the columns given, `row` their rows.

    `rank` (0, 1 or 2) settles what comes first at the same moment of a row. A moment before its row's life counts as its begin, one
    after it as later than all of it: a wait may outlive its task in a thread.
    """

    def __init__(self, trace: Trace, links: Links, row: Ints, time: Ints, rank: Ints) -> None:
        segments = trace.segments
        extent = links.end - links.begin
        since = np.maximum(time - links.begin[row], 0)
        np.maximum.at(extent, row, since)
        base = np.cumsum(extent + 1) - extent - 1  # one ascending number for every moment of every row
        place = base[row] + since
        self.order: Ints = np.argsort(place * _RANKS + rank, kind="stable")
        self.row: Ints = row[self.order]
        place = place[self.order]
        segment_place = base[segments.row] + segments.begin - links.begin[segments.row]
        self._index = np.maximum(np.searchsorted(segment_place, place, side="right") - 1, 0)
        self._since = place - segment_place[self._index] if len(segments) else place
        self._offset = np.concatenate([[0], np.cumsum(np.bincount(segments.row, minlength=len(extent)))])
        self._segments = segments

    def measured(self, phases: Iterable[Phase], rows: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """Nanoseconds of the phases that each moment's row had run by then, and each row's total; 0 outside the mask `rows`."""
        segments = self._segments
        wanted = np.zeros(len(Phase), np.bool_)
        wanted[list(phases)] = True
        length = np.where(wanted[segments.phase] & rows[segments.row], segments.end - segments.begin, 0)
        sums = np.concatenate([[0], np.cumsum(length)])
        first = sums[self._offset[:-1]]
        total = sums[self._offset[1:]] - first
        if not len(length):
            return np.zeros(len(self.row), np.int64), total
        so_far = sums[self._index] - first[self.row] + np.minimum(self._since, length[self._index])
        return np.where(total[self.row] > 0, so_far, 0), total
