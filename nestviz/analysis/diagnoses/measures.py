"""Arithmetic on intervals and groups that diagnoses share, in whole columns. Times and durations are integer nanoseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nestviz.trace.model import Ints

__all__ = ["RunningTotal", "covered_ns", "groups_of", "subtree_sums"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RunningTotal:
    """A step function over time, summed up: how much of it lies in an interval takes two look-ups.

    `levels[i]` holds from `times[i]` to `times[i + 1]`; outside the times the function is 0.
    """

    times: Ints
    levels: Floats
    totals: Floats

    @classmethod
    def of(cls, times: Ints, levels: NDArray[np.generic]) -> RunningTotal:
        """Of a step function; `times` ascend."""
        heights = levels.astype(np.float64)
        heights[-1:] = 0
        return cls(times, heights, np.concatenate([[0.0], np.cumsum(heights[:-1] * np.diff(times))])[: len(times)])

    def within(self, begin: Ints, end: Ints) -> Floats:
        """The sum over each interval, in nanoseconds × the function's unit; 0 where the end is not after the begin."""
        if not len(self.times):
            return np.zeros(len(begin))
        return np.where(end > begin, self._until(end) - self._until(begin), 0.0)

    def _until(self, moment: Ints) -> Floats:
        at = np.maximum(np.searchsorted(self.times, moment, side="right") - 1, 0)
        until: Floats = self.totals[at] + self.levels[at] * np.maximum(moment - self.times[at], 0)
        return until


def covered_ns(begin: Ints, end: Ints) -> int:
    """The length of the union of intervals."""
    if not len(begin):
        return 0
    order = np.argsort(begin, kind="stable")
    begin, end = begin[order], end[order]
    reached = np.concatenate([begin[:1], np.maximum.accumulate(end)[:-1]])
    return int(np.maximum(end - np.maximum(begin, reached), 0).sum())


def groups_of(keys: NDArray[np.generic], at_least: int, at_most: int) -> Iterator[Ints]:
    """Places of equal keys, ascending: the `at_most` largest groups of those with `at_least` members."""
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    size = np.diff(np.append(first, len(keys)))
    large = np.flatnonzero(size >= at_least)
    for group in large[np.argsort(-size[large], kind="stable")][:at_most].tolist():
        yield order[first[group] : first[group] + size[group]]


def subtree_sums(parent: NDArray[np.integer], values: Ints) -> Ints:
    """For each node of a forest the sum over it and all below it, by pointer doubling. `parent` is negative at roots."""
    count = len(parent)
    sums = np.append(values, 0)
    above = np.append(np.where(parent < 0, count, parent), count).astype(np.int64)
    for _ in range(count.bit_length() + 1):
        moving = np.flatnonzero(above[:count] < count)
        if not len(moving):
            break
        before = sums[moving]
        np.add.at(sums, above[moving], before)
        above = above[above]
    return sums[:count]
