"""What several diagnoses need to know of a trace, each computed in whole columns at its first use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.diagnoses.got import Gets, gets_of
from nestviz.analysis.diagnoses.load import Load, load_of
from nestviz.analysis.diagnoses.measures import covered_ns, groups_of, subtree_sums
from nestviz.analysis.totals import last_attempts, phases_of
from nestviz.events import ID_BYTES, Phase
from nestviz.trace.model import UNKNOWN, Ints, Rows, Trace
from nestviz.trace.phases import life_of

__all__ = ["Facts"]

Mask = NDArray[np.bool_]

_FUNCTIONS = 50  # the most-called functions are looked at one by one; a program may give every call a name of its own
_WORTH = 0.02  # of the makespan: less than that is within the noise of a run
_SAMPLES = 5
_NONE = 0xFF  # fills the part of a task's id that names an actor when there is none, and the task's own part when it creates one


class Facts:
    """Columns over `trace.rows`; durations in nanoseconds."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.rows: Rows = trace.rows
        self.cpus = trace.info.cpus
        self.makespan_ns = trace.end_ns - trace.begin_ns

    @property
    def is_captured(self) -> bool:
        """Whether nestviz was in the program. Ray's own record alone does not tell computing from waiting."""
        return "capture" in self.trace.sources

    def is_worth(self, won_ns: float) -> bool:
        """So much time is worth a word."""
        return won_ns > 0 and won_ns >= _WORTH * self.makespan_ns

    @staticmethod
    def saved_ns(amount: NDArray[np.generic], begin: Ints, end: Ints) -> float:
        """The makespan that could be won with so much time in each interval: their sum, but no more than the intervals cover."""
        return min(float(amount.sum()), covered_ns(begin, end))

    def distinct(self, rows: NDArray[np.integer]) -> Ints:
        """Those rows in ascending order, each once."""
        mask = np.zeros(len(self.rows), np.bool_)
        mask[rows] = True
        return np.flatnonzero(mask)

    def functions(self, which: Ints, at_least: int) -> Iterator[tuple[str, Ints]]:
        """Those rows by function: its name and its rows in order of submission, the most-called functions first."""
        for group in groups_of(self.rows.name[which], at_least, _FUNCTIONS):
            yield self.trace.name_of(int(which[group[0]])), which[group]

    @cached_property
    def final(self) -> Mask:
        """The last attempt of each task."""
        if not np.any(self.rows.attempt):
            return self.trace.is_task
        mask = np.zeros(len(self.rows), np.bool_)
        mask[last_attempts(self.rows)] = True
        return mask

    @cached_property
    def calls(self) -> Mask:
        """The last attempts of plain functions: what an actor does cannot be run elsewhere, later or in larger pieces."""
        mask: Mask = self.final & (self._ids[:, 8:20] == _NONE).all(axis=1)
        return mask

    @cached_property
    def methods(self) -> Mask:
        """The last attempts of actors' methods: they wait for their turn, not for resources."""
        mask: Mask = self.final & ~self.calls & (self._ids[:, :8] != _NONE).any(axis=1)
        return mask

    @cached_property
    def _ids(self) -> NDArray[np.uint8]:
        return np.ascontiguousarray(self.rows.task_id).view(np.uint8).reshape(-1, ID_BYTES)

    @cached_property
    def started(self) -> Mask:
        """Attempts that have begun."""
        mask: Mask = self.trace.is_task & (self.rows.start != UNKNOWN)
        return mask

    @cached_property
    def leaves(self) -> Ints:
        """Finished calls that made no calls."""
        return np.flatnonzero(self.calls & self.started & (self.rows.end != UNKNOWN) & (self.rows.children == 0))

    @cached_property
    def _life(self) -> tuple[Ints, Ints, Ints, Ints]:
        return life_of(self.rows, self.trace.now_ns)

    @property
    def begin(self) -> Ints:
        """When each row's life begins."""
        return self._life[0]

    @property
    def start(self) -> Ints:
        """When each row's execution begins; `now_ns` for what has not started."""
        return self._life[2]

    @property
    def end(self) -> Ints:
        """When each row's execution ends; `now_ns` while it lives."""
        return self._life[3]

    @cached_property
    def placed(self) -> Ints:
        """When each row had a process and a CPU: it starts once its arguments are fetched there."""
        return np.maximum(self.start - np.maximum(self.rows.fetch, 0), self._life[1])

    @cached_property
    def ready(self) -> Ints:
        """When each row could have had a place, had there been one: it was handed over, and what it depends on was there.

        A ref of what the driver, the parent or a task that still runs has put is there from the beginning.
        """
        ready = self._life[1].copy()
        row, on = self.trace.dependencies.row, self.trace.dependencies.on
        is_result = self.trace.is_task[on] & (on != self.rows.parent[row]) & (self.end[on] <= self.start[row])
        np.maximum.at(ready, row[is_result], self.end[on[is_result]])
        when: Ints = np.minimum(ready, self.placed)
        return when

    @cached_property
    def phases(self) -> Mapping[Phase, Ints]:
        """Every phase per row."""
        return phases_of(self.trace)

    @cached_property
    def compute(self) -> Ints:
        """What each attempt of a task computed."""
        return np.where(self.trace.is_task, self.phases[Phase.COMPUTE], 0)

    @cached_property
    def work(self) -> Ints:
        """What each row and all below it computed."""
        return subtree_sums(self.rows.parent, self.compute)

    @cached_property
    def gets(self) -> Gets:
        """Every result that a `ray.get` returned."""
        return gets_of(self.trace)

    @cached_property
    def load(self) -> Load:
        """How busy the CPUs were."""
        return load_of(self.trace, self.ready, self.placed, self.end)

    @cached_property
    def previous_end(self) -> Ints:
        """Per row the end of the attempt that its process ran before it, UNKNOWN for a process's first."""
        rows = np.flatnonzero(self.started)
        rows = rows[np.lexsort((self.rows.start[rows], self.rows.process[rows]))]
        before = np.full(len(self.rows), UNKNOWN, np.int64)
        same = self.rows.process[rows[1:]] == self.rows.process[rows[:-1]]
        before[rows[1:][same]] = self.end[rows[:-1][same]]
        return before

    @cached_property
    def dispatch_ns(self) -> int:
        """What Ray takes to place a task that could start in a process that is free; 0 when too few were seen.

        The lower quartile over all tasks: above it stand those that waited for a CPU which another process held.
        """
        seen = np.flatnonzero(self.started & (self.previous_end != UNKNOWN) & (self.rows.submit_end != UNKNOWN))
        if len(seen) < _SAMPLES:
            return 0
        free = np.maximum(self.ready[seen], self.previous_end[seen])
        return int(np.quantile(np.maximum(self.placed[seen] - free, 0), 0.25))

    def call_cost_ns(self, rows: Ints) -> int:
        """What each of those calls costs beside its work: handing over, dispatching, taking the result. Medians of the run itself."""
        submit = self.phases[Phase.SUBMIT][rows]
        receive = self.gets.receive_of(rows)
        return int(np.median(submit)) + self.dispatch_ns + (int(np.median(receive)) if len(receive) else 0)
