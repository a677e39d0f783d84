"""How many CPUs each task takes while it runs, and for how long something was the case, such as that all of them were taken."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from nestviz.events import RowKind
from nestviz.trace.joins import id_keys, lookup
from nestviz.trace.model import Ints, Trace

__all__ = ["FullTime", "cpus_of", "is_actor_row"]

_CPUS = re.compile(r"(?:^|, )([0-9.e+-]+) CPU(?:,|$)")
_ACTOR = slice(8, 20)  # the bytes of a task's id that are its actor's, all ones for a plain task
_NO_ACTOR = 0xFF


def is_actor_row(trace: Trace) -> NDArray[np.bool_]:
    """Which rows create an actor or call one: their ids carry the actor's, those of plain tasks all ones in its place."""
    raw = np.ascontiguousarray(trace.rows.task_id).view(np.uint8).reshape(len(trace.rows), -1)
    is_actor: NDArray[np.bool_] = trace.is_task & (raw[:, _ACTOR] != _NO_ACTOR).any(axis=1)
    return is_actor


def cpus_of(trace: Trace) -> NDArray[np.float64]:
    """The CPUs that each row takes: what the call asked for, else 1 for a task and 0 for an actor's; 0 for what is no task."""
    rows = trace.rows
    cpus = np.where(trace.is_task & ~is_actor_row(trace), 1.0, 0.0)
    if len(trace.requirements.key):
        said = [_said(trace.texts[number]) for number in trace.requirements.text.tolist()]
        amounts = np.array([-1.0 if amount is None else amount for amount in said])
        at = lookup(trace.requirements.key, id_keys(rows.task_id))
        known = (at >= 0) & (amounts[at] >= 0) & (rows.kind == RowKind.TASK)
        cpus[known] = amounts[at[known]]
    return cpus


def _said(requirement: str) -> float | None:
    found = _CPUS.search(requirement)
    try:
        return float(found.group(1)) if found else None
    except ValueError:
        return None


class FullTime:
    """For any stretch of time, how much of it a condition held that `holds[i]` says of the time from `times[i]` to `times[i + 1]`."""

    def __init__(self, times: Ints, holds: NDArray[np.bool_]) -> None:
        self._times = times
        self._holds = holds
        lengths = np.append(np.diff(times), np.zeros(min(len(times), 1), np.int64))
        self._before = np.concatenate([[0], np.cumsum(np.where(holds, lengths, 0))])

    @classmethod
    def of_intervals(cls, begin: Ints, end: Ints, limit: float) -> FullTime:
        """When at least `limit` of the intervals held."""
        moments = np.concatenate([begin, end])
        order = np.argsort(moments, kind="stable")
        count = np.cumsum(np.repeat([1, -1], len(begin))[order])
        return cls(moments[order], (count >= limit) & (limit > 0))

    def between(self, begin: Ints, end: Ints) -> Ints:
        """Nanoseconds of each stretch."""
        return self._until(end) - self._until(begin)

    def last_before(self, time: Ints) -> Ints:
        """The last moment up to each `time` at which it held; 0 where it never did."""
        if not len(self._times):
            return np.zeros(len(time), np.int64)
        at = np.searchsorted(self._times, time, side="left") - 1
        latest = np.maximum.accumulate(np.where(self._holds, np.arange(len(self._times)), -1))[np.maximum(at, 0)]
        moment: Ints = np.where(latest == at, time, self._times[np.minimum(latest + 1, len(self._times) - 1)])
        return np.where((at < 0) | (latest < 0), 0, moment)

    def _until(self, time: Ints) -> Ints:
        if not len(self._times):
            return np.zeros(len(time), np.int64)
        at = np.maximum(np.searchsorted(self._times, time, side="right") - 1, 0)
        inside = np.where(self._holds[at], np.maximum(time - self._times[at], 0), 0)
        so_far: Ints = self._before[at] + inside
        return so_far
