"""How busy the CPUs were at each moment, and with how many tasks that could have run: running totals over time.

A task that waits for what it depends on could not have run, so it does not count as waiting here. In a recording with sections,
what lies between them is the program's own affair, and nothing is missed there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.diagnoses.measures import RunningTotal
from nestviz.events import Phase
from nestviz.trace.model import UNKNOWN, Ints, Trace

__all__ = ["Load", "load_of"]


@dataclass(frozen=True)
class Load:
    """Step functions: `running[i]` tasks held a CPU and `waiting[i]` could have run from `times[i]` to `times[i + 1]`.

    `is_watched` is false between sections.
    """

    times: Ints
    running: Ints
    waiting: Ints
    is_watched: NDArray[np.bool_]
    cpus: float

    @cached_property
    def _free(self) -> NDArray[np.float64]:
        if not self.cpus:
            return np.zeros(len(self.times))
        return np.clip(1 - self.running / self.cpus, 0.0, 1.0)

    @cached_property
    def busy(self) -> RunningTotal:
        """How many tasks held a CPU."""
        return RunningTotal.of(self.times, self.running)

    @cached_property
    def spare(self) -> RunningTotal:
        """1 while a whole CPU was free."""
        return RunningTotal.of(self.times, self.running + 1 <= self.cpus)

    @cached_property
    def starved(self) -> RunningTotal:
        """The share of the CPUs that was free while no task waited for one."""
        return RunningTotal.of(self.times, np.where(self.is_watched & (self.waiting == 0), self._free, 0.0))

    @cached_property
    def delayed(self) -> RunningTotal:
        """The share of the CPUs that was free while tasks waited for one: it takes Ray time to start them."""
        return RunningTotal.of(self.times, np.where(self.is_watched & (self.waiting > 0), self._free, 0.0))

    @cached_property
    def alone(self) -> RunningTotal:
        """1 while one task ran and none waited for a CPU."""
        return RunningTotal.of(self.times, self.is_watched & (self.running == 1) & (self.waiting == 0))

    @cached_property
    def idle(self) -> RunningTotal:
        """1 while no task ran and none waited for a CPU."""
        return RunningTotal.of(self.times, self.is_watched & (self.running == 0) & (self.waiting == 0))


def load_of(trace: Trace, ready: Ints, placed: Ints, end: Ints) -> Load:
    """The load by all tasks of a trace; the three columns say when each row could have a place, had it, and gave it back."""
    rows, inner = trace.rows, trace.inner
    tasks = np.flatnonzero(trace.is_task)
    run = tasks[rows.start[tasks] != UNKNOWN]
    held = np.flatnonzero((inner.phase == Phase.BLOCKED) & trace.is_task[inner.row])
    queued = tasks[rows.submit_begin[tasks] != UNKNOWN]
    opened = np.array([section.begin_ns for section in trace.sections], np.int64)
    closed = np.array([section.end_ns if section.end_ns != UNKNOWN else trace.now_ns for section in trace.sections], np.int64)
    moments = [placed[run], end[run], inner.begin[held], inner.end[held], ready[queued], placed[queued], opened, closed]
    times = np.concatenate([*moments, np.array([trace.begin_ns, trace.end_ns])])
    changes = ((1, 0, 0), (-1, 0, 0), (-1, 0, 0), (1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1), (0, 0, 0))
    sizes = [*(len(part) for part in moments), 2]
    order = np.argsort(times, kind="stable")
    times = times[order]
    last = np.flatnonzero(np.append(times[1:] != times[:-1], True))
    running, waiting, sections = (np.cumsum(np.repeat([change[i] for change in changes], sizes)[order])[last] for i in range(3))
    return Load(times[last], running, waiting, (sections > 0) | (not trace.sections), trace.info.cpus)
