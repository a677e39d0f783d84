"""Tasks killed because memory ran short."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_DOCS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.events import State
from nestviz.trace.model import UNKNOWN
from nestviz.wording import counted

__all__ = ["MemoryGated"]

_SIGNS = ("OutOfMemoryError", "memory monitor", "running low on memory")


class MemoryGated(Pattern):
    """Ray's memory monitor kills the newest task when a node runs short; its parent, or Ray's own record, has the error."""

    id = "memory-gated"
    looks_for = "tasks that failed because Ray killed a worker to free memory"
    url = f"{RAY_DOCS}/scheduling/ray-oom-prevention.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one."""
        table, texts = facts.rows, facts.trace.texts
        errors = np.unique(table.error[facts.trace.is_task & (table.error != UNKNOWN)])
        signs = [number for number in errors.tolist() if any(sign in texts[number] for sign in _SIGNS)]
        if not signs:
            return
        told = np.flatnonzero(facts.trace.is_task & np.isin(table.error, signs))
        lost = facts.trace.is_task & (table.state == State.LOST)
        killed = np.flatnonzero(lost & np.isin(table.parent, told))
        rows = facts.distinct(np.concatenate([told, killed]))
        yield Finding(
            title=f"{counted(len(rows), 'task')} failed for want of memory",
            rows=rows,
            won_ns=facts.saved_ns((facts.end - facts.start)[rows], facts.start[rows], facts.end[rows]),
            confidence=Confidence.SURE,
            advice="Let fewer of these run at a time, by @ray.remote(memory=…) or more CPUs per task, give each a smaller part, "
            "or use a node with more memory.",
        )
