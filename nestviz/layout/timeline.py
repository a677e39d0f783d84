"""The timeline's marks: exact bars where there is room, and where there is not, columns that keep the time in every phase true.

A column stands for a few pixels of one lane: the height of each colour is that phase's share of the column's time. The sum over
all marks of length times height is, for every lane and phase, exactly the time that the lane's tasks spent in that phase there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nestviz.events import Phase, RowKind
from nestviz.layout.lanes import LaneOrder
from nestviz.layout.window import Window
from nestviz.trace.model import Ints, Trace

__all__ = ["Marks", "TimelineLayout", "place_timeline"]

_STEPS = tuple(2.0**i for i in range(12))
_THIN = (Phase.SUBMIT, Phase.QUEUE)


@dataclass(frozen=True)
class Marks:
    """Bars: Unix ns, `low` to `high` within the lane's height (0 to 1 from the top), `row` -1 for columns of several tasks."""

    lane: Ints
    phase: NDArray[np.uint8]
    begin: Ints
    end: Ints
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    row: Ints

    def __len__(self) -> int:
        return len(self.lane)


@dataclass(frozen=True)
class TimelineLayout:
    """Where everything goes. `thin` marks (a task waiting to run) are drawn thin, at the lane's lower edge."""

    order: LaneOrder
    window: Window
    bars: Marks
    thin: Marks
    folded: int
    """How many stretches are in columns instead of bars of their own."""


def place_timeline(trace: Trace, order: LaneOrder, window: Window, *, budget: int) -> TimelineLayout:
    """Marks of all shown rows within the window, about `budget` at the most."""
    segments = trace.segments
    lane = order.lane_of_row[segments.row]
    inside = (lane >= 0) & (segments.end > window.begin_ns) & (segments.begin < window.end_ns)
    inside &= trace.rows.kind[segments.row] != RowKind.SPAN
    which = np.flatnonzero(inside)
    lane, row, phase = lane[which], segments.row[which].astype(np.int64), segments.phase[which]
    begin = np.maximum(segments.begin[which], window.begin_ns)
    end = np.minimum(segments.end[which], window.end_ns)
    thin = np.isin(phase, _THIN)
    shared = _shared_lanes(order)
    thin_marks, thin_folded = _marks(lane[thin], phase[thin], begin[thin], end[thin], row[thin], window, budget // 3, shared)
    bars, folded = _marks(lane[~thin], phase[~thin], begin[~thin], end[~thin], row[~thin], window, budget - len(thin_marks), shared)
    return TimelineLayout(order, window, bars, thin_marks, folded + thin_folded)


def _shared_lanes(order: LaneOrder) -> Ints:
    """Lanes in which several processes' tasks lie over each other: those are always drawn as columns."""
    return np.array([i for i, lane in enumerate(order.lanes) if lane.is_shared], np.int64)


def _marks(
    lane: Ints, phase: NDArray[np.uint8], begin: Ints, end: Ints, row: Ints, window: Window, budget: int, shared: Ints
) -> tuple[Marks, int]:
    """Bars for stretches of at least some pixels, columns for the rest; the fewest pixels that keep to the budget."""
    is_shared = np.isin(lane, shared)
    length = end - begin
    columns = _nothing()
    exact = ~is_shared
    if bool(is_shared.any()) or len(lane) > budget:
        for pixels in _STEPS:
            width = max(window.pixel_ns * pixels, 1.0)
            exact = ~is_shared & (length >= width) if len(lane) > budget else ~is_shared
            columns = _columns(lane[~exact], phase[~exact], begin[~exact], end[~exact], window, width)
            if int(np.count_nonzero(exact)) + len(columns) <= budget:
                break
    keep = np.flatnonzero(exact)
    bars = Marks(
        lane[keep], phase[keep], begin[keep], end[keep], np.zeros(len(keep)), np.ones(len(keep)), row[keep]
    )
    together = Marks(*(np.concatenate([getattr(columns, f), getattr(bars, f)]) for f in Marks.__dataclass_fields__))
    return together, len(lane) - len(keep)


def _columns(lane: Ints, phase: NDArray[np.uint8], begin: Ints, end: Ints, window: Window, width: float) -> Marks:
    """One stack per lane and column; phases from the bottom up in their order. Lanes that overlap themselves are scaled down."""
    if not len(lane):
        return _nothing()
    begin, end = begin - window.begin_ns, end - window.begin_ns  # Unix nanoseconds have no room in a float
    first = (begin / width).astype(np.int64)
    last = np.maximum(((end - 1) / width).astype(np.int64), first)
    times = last - first + 1
    piece = np.repeat(np.arange(len(lane)), times)
    column = first[piece] + (np.arange(len(piece)) - np.repeat(np.cumsum(times) - times, times))
    low = np.maximum(begin[piece], column * width)
    high = np.minimum(end[piece], (column + 1) * width)
    key = (lane[piece] * (int(column.max()) + 1) + column) * len(Phase) + phase[piece]
    keys, inverse = np.unique(key, return_inverse=True)
    amount = np.bincount(inverse, weights=np.maximum(high - low, 0.0)) / width
    stack = keys // len(Phase)
    starts = np.concatenate([[True], stack[1:] != stack[:-1]])
    total = np.cumsum(amount)
    before = total - amount
    base = before - np.repeat(before[starts], np.diff(np.append(np.flatnonzero(starts), len(keys))))
    group = np.cumsum(starts) - 1
    scale = np.maximum(np.bincount(group, weights=amount), 1.0)[group]
    column_of = stack % (int(column.max()) + 1)
    return Marks(
        lane=(stack // (int(column.max()) + 1)).astype(np.int64),
        phase=(keys % len(Phase)).astype(np.uint8),
        begin=window.begin_ns + (column_of * width).astype(np.int64),
        end=window.begin_ns + ((column_of + 1) * width).astype(np.int64),
        low=1.0 - (base + amount) / scale,
        high=1.0 - base / scale,
        row=np.full(len(keys), -1, np.int64),
    )


def _nothing() -> Marks:
    longs, floats = np.zeros(0, np.int64), np.zeros(0)
    return Marks(longs, np.zeros(0, np.uint8), longs, longs, floats, floats, longs)
