"""Processes that are started instead of work that is done."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.wording import counted, duration

__all__ = ["WorkerStart", "first_uses"]

_LONG_NS = 100_000_000
_TIMES = 5


class WorkerStart(Pattern):
    """Tasks that waited long though a CPU was free and were the first in their process, where those in used processes did not."""

    id = "worker-start"
    looks_for = "tasks that waited long for a new process with a CPU free, unlike those in processes used before"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one."""
        rows, waited = first_uses(facts)
        is_long = waited >= max(_LONG_NS, _TIMES * _usual_ns(facts))
        rows, waited = rows[is_long], waited[is_long]
        won_ns = facts.saved_ns(waited, facts.ready[rows], facts.placed[rows])
        if len(rows) and facts.is_worth(won_ns):
            yield Finding(
                title=f"{counted(len(rows), 'task')} waited {duration(int(np.median(waited)))} (median) for a new worker process",
                rows=rows,
                won_ns=won_ns,
                confidence=Confidence.LIKELY,
                advice="A warm pool starts at once: call a small task on every CPU before the work begins, run the program again in "
                "the same Ray, or block fewer parents at a time, since each of them holds a process of its own.",
            )


def first_uses(facts: Facts) -> tuple[Ints, Ints]:
    """The calls that were the first in their process, in order of their start, and how long each waited while a CPU was free."""
    rows = np.flatnonzero(facts.calls & facts.started & (facts.previous_end == UNKNOWN) & (facts.rows.submit_begin != UNKNOWN))
    rows = rows[np.argsort(facts.placed[rows], kind="stable")]
    return rows, facts.load.spare.within(facts.ready[rows], facts.placed[rows]).astype(np.int64)


def _usual_ns(facts: Facts) -> int:
    """How long calls wait for a process that is there, with a CPU free; 0 when there was none."""
    rows = np.flatnonzero(facts.calls & facts.started & (facts.previous_end != UNKNOWN) & (facts.rows.submit_begin != UNKNOWN))
    waited = facts.load.spare.within(np.maximum(facts.ready[rows], facts.previous_end[rows]), facts.placed[rows])
    return int(np.median(waited)) if len(rows) else 0
