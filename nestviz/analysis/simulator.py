"""A discrete-event run of a recorded program on any number of CPUs, by Ray's rules: a blocked task gives its CPU back.

A call is handed over, waits for its arguments, is on its way for its delay, then queues for CPUs: the deepest call first, among
equals the oldest. (Ray has no such rule, but a caller uses the process it was lent again for its next call; on recordings of nested
programs this order came out, down to the number of tasks alive at once.) With its CPU a call needs a process, one that is free or
the next that is made, and begins after its hold. A task whose wait is over needs a CPU again, and comes before calls that have not
begun. An actor's calls need no CPU by default; as many run at once as did in the recording, and keep their place while they wait.
The same script always gives the same run.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass

from nestviz.analysis.costs import Costs
from nestviz.analysis.script import Script

__all__ = ["Run", "simulate"]

_HANDED, _GOES_ON, _PROCESS = 0, 1, 2
_UNSEEN = -1


@dataclass(frozen=True)
class Run:
    """Nanoseconds from the first submission; per row, -1 for what never ran. `workers` is how many processes there had to be."""

    makespan_ns: int
    start_ns: list[int]
    end_ns: list[int]
    workers: int


def simulate(script: Script, costs: Costs, cpus: float) -> Run:
    """Run the script on that many CPUs (math.inf: any number); a task that needs more than there are takes all."""
    simulation = _Simulation(script, costs, cpus)
    simulation.go()
    ends = [end for end, is_task in zip(simulation.end, script.is_task, strict=True) if is_task and end != _UNSEEN]
    begin = simulation.first_submit
    return Run(max(ends) - begin if ends else 0, simulation.start, simulation.end, simulation.workers)


class _Simulation:
    def __init__(self, script: Script, costs: Costs, cpus: float) -> None:
        self._script = script
        self._costs = costs
        self._cpus = cpus
        self._free = [cpus, *(float(limit) for limit in script.pools[1:])]
        self._idle = cpus if costs.are_workers_made else math.inf
        self.workers = 0 if math.isinf(cpus) else int(cpus)
        self._living = 0
        rows = len(script.rest)
        self._at = script.first[:-1].copy()
        self._missing = [0] * rows
        self._handed: dict[int, int] = {}
        """When calls were handed over that still wait for their arguments."""
        self._waiters: dict[int, list[int]] = {}
        self._queues: list[list[tuple[int, int, int]]] = [[] for _ in script.pools]
        """Calls that wait for a CPU, as heaps: the deepest first, then the oldest; an actor's calls in their order."""
        self._resumed: deque[int] = deque()
        self._without_process: deque[int] = deque()
        self._events: list[tuple[int, int, int, int]] = []
        self._count = 0
        self.start = [_UNSEEN] * rows
        self.end = [_UNSEEN] * rows
        self.first_submit = -1

    def go(self) -> None:
        for row, begin in self._script.begins:
            if self._script.is_task[row]:
                self._submit(row, begin)
            else:
                self.start[row] = begin
                self._go_on_after_work(row, begin)
        while self._events:
            now, _, what, row = heapq.heappop(self._events)
            if what == _GOES_ON:
                self._act(row, now)
            elif what == _PROCESS:
                self._process_is_free(now)
            elif self._need(row):
                pool = self._script.pool[row]
                self._count += 1
                heapq.heappush(self._queues[pool], (0 if pool else -self._script.depth[row], self._count, row))
                self._fill(pool, now)
            else:
                self._start(row, now)

    def _put(self, time: int, what: int, row: int) -> None:
        self._count += 1
        heapq.heappush(self._events, (time, self._count, what, row))

    def _submit(self, row: int, now: int) -> None:
        if self.first_submit < 0:
            self.first_submit = now
        handed = now + self._script.submit[row]
        missing = self._wait_for(row, self._script.arguments.get(row, ()))
        if missing:
            self._handed[row] = handed
        else:
            self._put(handed + self._script.delay[row], _HANDED, row)

    def _wait_for(self, row: int, awaited: list[int] | tuple[()]) -> int:
        missing = 0
        for one in awaited:
            if self.end[one] == _UNSEEN:
                self._waiters.setdefault(one, []).append(row)
                missing += 1
        self._missing[row] = missing
        return missing

    def _go_on_after_work(self, row: int, now: int) -> None:
        at = self._at[row]
        own = self._script.own[at] if at < self._script.first[row + 1] else self._script.rest[row]
        self._put(now + own, _GOES_ON, row)

    def _act(self, row: int, now: int) -> None:
        script, at = self._script, self._at[row]
        if at >= script.first[row + 1]:
            self._finish(row, now)
            return
        self._at[row] = at + 1
        child = script.child[at]
        if child >= 0:
            self._submit(child, now)
            self._go_on_after_work(row, now)
        elif self._wait_for(row, script.awaited[script.waits[at]]):
            if script.is_task[row] and not script.pool[row]:
                self._give_back(row, now)
        else:
            self._go_on_after_work(row, now)

    def _finish(self, row: int, now: int) -> None:
        self.end[row] = now
        for waiter in self._waiters.pop(row, ()):
            self._missing[waiter] -= 1
            if not self._missing[waiter]:
                self._ready(waiter, now)
        if self._script.is_task[row]:
            self._living -= 1
            if not self._script.pool[row]:
                self._process_is_free(now)
            self._give_back(row, now)

    def _ready(self, row: int, now: int) -> None:
        """The last result that the row waited for exists."""
        script = self._script
        if row in self._handed:
            self._put(max(now, self._handed.pop(row)) + script.delay[row], _HANDED, row)
        elif script.is_task[row] and not script.pool[row]:
            self._resumed.append(row)
            self._fill(0, now)
        else:
            self._go_on_after_work(row, now)

    def _need(self, row: int) -> float:
        return 1.0 if self._script.pool[row] else min(self._script.need[row], self._cpus)

    def _give_back(self, row: int, now: int) -> None:
        pool = self._script.pool[row]
        self._free[pool] += self._need(row)
        self._fill(pool, now)

    def _fill(self, pool: int, now: int) -> None:
        """Give what is free to those who wait for it."""
        while pool == 0 and self._resumed and self._free[0] >= self._need(self._resumed[0]):
            row = self._resumed.popleft()
            self._free[0] -= self._need(row)
            self._go_on_after_work(row, now)
        queue = self._queues[pool]
        while queue and self._free[pool] >= self._need(queue[0][2]) and not (pool == 0 and self._resumed):
            self._start(heapq.heappop(queue)[2], now)

    def _start(self, row: int, now: int) -> None:
        self._free[self._script.pool[row]] -= self._need(row)
        self._living += 1
        self.workers = max(self.workers, self._living)
        if self._script.pool[row]:
            self._begin(row, now)
        elif self._idle >= 1:
            self._idle -= 1
            self._begin(row, now)
        else:
            self._without_process.append(row)
            self._put(now + self._costs.worker_start_ns, _PROCESS, row)

    def _begin(self, row: int, now: int) -> None:
        self.start[row] = now + self._script.hold[row]
        self._go_on_after_work(row, self.start[row])

    def _process_is_free(self, now: int) -> None:
        """A process was made, or its task has ended; who waits longest takes it."""
        if self._without_process:
            self._begin(self._without_process.popleft(), now)
        else:
            self._idle += 1
