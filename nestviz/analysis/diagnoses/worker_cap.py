"""Tasks of one function that Ray holds back, longer each time, while CPUs are free."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.wording import count, duration

__all__ = ["WorkerCap"]

_STEP_NS = 900_000_000  # Ray's cap begins with one second; a start is seen a little before or after
_TASKS = 3
_IDLE = 0.8  # of the wait
_GROWTH = 1.5  # the cap doubles its wait, process start does not
_ADVICE = (
    "Pass refs on instead of getting them, submit in one task and combine in another, block fewer parents of {name} at a time, or run "
    "larger cases in place. RAY_worker_cap_enabled=0 switches the cap off, at the price of what it guards against: deadlocks and "
    "floods of processes from nested tasks."
)


class WorkerCap(Pattern):
    """Ray lets a function have as many workers as CPUs; each further one waits 1 s, then 2 s, then 4 s, when others are blocked.

    Process start looks much the same in a pure CPU tree. It is told apart by the steps between the starts: they double.
    """

    id = "worker-cap"
    looks_for = "tasks of one function that wait for seconds with CPUs free, each longer than the one before"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        waited = facts.placed - facts.ready
        rows = np.flatnonzero(facts.calls & facts.started & (waited >= _STEP_NS) & (facts.rows.submit_begin != UNKNOWN))
        spare = facts.load.spare.within(facts.ready[rows], facts.placed[rows])
        rows = rows[spare >= _IDLE * waited[rows]]
        for name, held in facts.functions(rows, _TASKS):
            full = held[_running_of(facts, held) >= facts.cpus]
            if len(full) < _TASKS:
                continue
            idle = facts.load.spare.within(facts.ready[full], facts.placed[full])
            won_ns = facts.saved_ns(idle, facts.ready[full], facts.placed[full])
            if facts.is_worth(won_ns):
                is_cap = _doubles(np.sort(facts.placed[full]))
                cause = "by Ray's worker cap" if is_cap else "by Ray's worker cap, or by the start of processes,"
                yield Finding(
                    title=f"{count(len(full))} tasks of {name} were held back {cause} for up to {duration(int(waited[full].max()))} "
                    "while CPUs were free",
                    rows=full,
                    won_ns=won_ns,
                    confidence=Confidence.LIKELY if is_cap else Confidence.NOT_ENOUGH_DATA,
                    advice=_ADVICE.format(name=name),
                )


def _running_of(facts: Facts, rows: Ints) -> Ints:
    """How many attempts of the same function had started and not ended just before each of those rows started."""
    same = np.flatnonzero(facts.started & (facts.rows.name == facts.rows.name[rows[0]]))
    begun = np.searchsorted(np.sort(facts.placed[same]), facts.placed[rows], side="left")
    over: Ints = np.searchsorted(np.sort(facts.end[same]), facts.placed[rows], side="right")
    return (begun - over).astype(np.int64)


def _doubles(starts: Ints) -> bool:
    """The steps between the starts begin with about a second and grow like the cap's."""
    steps = np.diff(starts)
    steps = steps[steps >= _STEP_NS]
    return len(steps) >= _TASKS - 1 and bool(np.all(steps[1:] >= _GROWTH * steps[:-1]))
