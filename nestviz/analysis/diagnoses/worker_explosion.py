"""Blocked parents that hold many more processes than there are CPUs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.analysis.diagnoses.worker_start import first_uses
from nestviz.events import Phase
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.wording import count

__all__ = ["WorkerExplosion"]

_TIMES = 4


class WorkerExplosion(Pattern):
    """A blocked parent is normal and gives back its CPU; but it keeps its process, and for every one of them Ray starts another."""

    id = "worker-explosion"
    looks_for = "more than four worker processes for each CPU, most of them holding tasks that are blocked in ray.get"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one."""
        used = np.unique(facts.rows.process[facts.started & (facts.rows.process != UNKNOWN)])
        if not facts.cpus or len(used) <= _TIMES * facts.cpus:
            return
        most, blocked = _blocked_at_most(facts)
        if 2 * most <= len(used):
            return
        rows, waited = first_uses(facts)
        beyond = rows[int(facts.cpus) :]
        won_ns = facts.saved_ns(waited[int(facts.cpus) :], facts.ready[beyond], facts.placed[beyond])
        yield Finding(
            title=f"{count(len(used))} worker processes on {facts.cpus:g} CPUs: up to {count(most)} of them held a blocked task",
            rows=blocked,
            won_ns=won_ns,
            confidence=Confidence.SURE,
            advice="Have fewer parents blocked at a time: run small cases in place, pass refs on instead of getting them, "
            "or submit in one task and combine in another that takes the results as arguments.",
        )


def _blocked_at_most(facts: Facts) -> tuple[int, Ints]:
    """How many tasks were blocked at the moment when most were, and which."""
    inner = facts.trace.inner
    held = np.flatnonzero((inner.phase == Phase.BLOCKED) & facts.trace.is_task[inner.row])
    moments = np.concatenate([inner.end[held], inner.begin[held]])
    change = np.repeat([-1, 1], len(held))
    order = np.argsort(moments, kind="stable")
    level = np.cumsum(change[order])
    if not len(level):
        return 0, held
    at = moments[order][int(np.argmax(level))]
    now = held[(inner.begin[held] <= at) & (inner.end[held] > at)]
    return int(level.max()), np.unique(inner.row[now]).astype(np.int64)
