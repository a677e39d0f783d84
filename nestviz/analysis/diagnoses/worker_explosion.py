"""Blocked parents that hold many more processes than there are CPUs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.analysis.diagnoses.worker_start import first_uses
from nestviz.events import Phase
from nestviz.trace.model import Ints
from nestviz.wording import count

__all__ = ["WorkerExplosion"]

_TIMES = 4


class WorkerExplosion(Pattern):
    """A blocked parent is normal and gives back its CPU; but it keeps its process, and for every one of them Ray starts another."""

    id = "worker-explosion"
    looks_for = "more than four worker processes for each CPU, most of them holding tasks that are blocked in ray.get"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one."""
        at, blocked = _most_blocked(facts)
        inside = facts.started & (facts.start <= at) & (facts.end > at) & (facts.rows.process >= 0)
        held = int(np.count_nonzero(np.bincount(facts.rows.process[inside])))
        if not facts.cpus or held <= _TIMES * facts.cpus or 2 * len(blocked) <= held:
            return
        rows, waited = first_uses(facts)
        beyond = rows[int(facts.cpus) :]
        won_ns = facts.saved_ns(waited[int(facts.cpus) :], facts.ready[beyond], facts.placed[beyond])
        yield Finding(
            title=f"{count(held)} processes at a time on {facts.cpus:g} CPUs: {count(len(blocked))} of them held blocked tasks",
            rows=blocked,
            won_ns=won_ns,
            confidence=Confidence.SURE,
            advice="Have fewer parents blocked at a time: run small cases in place, pass refs on instead of getting them, "
            "or submit in one task and combine in another that takes the results as arguments.",
        )


def _most_blocked(facts: Facts) -> tuple[int, Ints]:
    """The moment when most tasks were blocked, and which."""
    inner = facts.trace.inner
    held = np.flatnonzero((inner.phase == Phase.BLOCKED) & facts.trace.is_task[inner.row])
    if not len(held):
        return facts.trace.begin_ns, held
    moments = np.concatenate([inner.end[held], inner.begin[held]])
    order = np.argsort(moments, kind="stable")
    level = np.cumsum(np.repeat([-1, 1], len(held))[order])
    at = int(moments[order][np.argmax(level)])
    now = held[(inner.begin[held] <= at) & (inner.end[held] > at)]
    return at, facts.distinct(inner.row[now])
