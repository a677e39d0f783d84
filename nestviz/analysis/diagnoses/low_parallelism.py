"""Not enough to do at the same time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import Ints
from nestviz.wording import duration

__all__ = ["LowParallelism"]

_SHARE = 0.4  # of the CPUs' time


class LowParallelism(Pattern):
    """CPUs that had nothing to do, and no task waited for one: the tree, and not Ray, did not have enough for them."""

    id = "low-parallelism"
    looks_for = "CPUs that are free for more than two fifths of the time while no task waits for one"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one."""
        tasks = np.flatnonzero(facts.final & facts.started)
        if facts.cpus < 2 or len(tasks) < 2:  # noqa: PLR2004 - one CPU, or one task, has no parallelism to lack
            return
        whole = np.array([facts.trace.begin_ns]), np.array([facts.trace.end_ns])
        starved_ns = float(facts.load.starved.within(*whole)[0])
        if starved_ns <= _SHARE * facts.makespan_ns:
            return
        average = float(facts.load.busy.within(*whole)[0]) / facts.makespan_ns
        yield Finding(
            title=f"{average:.1f} of {facts.cpus:g} CPUs were busy on average, and no task waited for the others",
            rows=_without_company(facts, tasks),
            won_ns=starved_ns,
            confidence=Confidence.SURE,
            advice=f"The program had too little to do at the same time: {duration(int(facts.compute[tasks].sum()))} of work in "
            f"{duration(facts.makespan_ns)}. Divide it into more tasks, or make calls before waiting for the first of them.",
        )


def _without_company(facts: Facts, tasks: Ints) -> Ints:
    """The tasks that ran while, on average, half of the CPUs or more had nothing to do."""
    length = np.maximum(facts.end[tasks] - facts.start[tasks], 1)
    free = facts.load.starved.within(facts.start[tasks], facts.end[tasks])
    lonely: Ints = tasks[free >= length / 2]
    return lonely
