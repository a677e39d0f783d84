"""Tasks that wait and do not start, though there is room."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_DOCS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import UNKNOWN
from nestviz.wording import counted, duration

__all__ = ["LongPending"]

_LONG_NS = 5_000_000_000
_TIMES = 10
_IDLE = 0.5


class LongPending(Pattern):
    """Tasks that have everything they depend on, and have not started far beyond the time that others waited, with CPUs free."""

    id = "long-pending"
    looks_for = "tasks that have not started after many times the wait of all others, though CPUs were free most of that time"
    url = f"{RAY_DOCS}/scheduling/resources.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        now_ns, table = facts.trace.now_ns, facts.rows
        rows = np.flatnonzero(facts.final & ~facts.methods & (table.start == UNKNOWN) & (table.end == UNKNOWN))
        since = facts.ready[rows]
        now = np.full(len(rows), now_ns)
        waited = now - since
        begun = np.flatnonzero(facts.final & facts.started & (table.submit_begin != UNKNOWN))
        usual = int(np.median((facts.placed - facts.ready)[begun])) if len(begun) else 0
        is_long = (waited >= max(_LONG_NS, _TIMES * usual)) & (facts.load.spare.within(since, now) >= _IDLE * waited)
        for name, held in facts.functions(rows[is_long], 1):
            wants = facts.trace.requirement_of(int(held[0]))
            longest = int((now_ns - facts.ready[held]).max())
            yield Finding(
                title=f"{counted(len(held), 'task')} of {name} not started after {duration(longest)}, with CPUs free",
                rows=held,
                won_ns=float(longest),
                confidence=Confidence.LIKELY if wants else Confidence.NOT_ENOUGH_DATA,
                advice=f"{name} asks for {wants}: see with `ray status` whether the cluster has that, and free."
                if wants
                else "Nothing recorded says why. `ray status` lists what the cluster lacks; a task also waits for a worker process, "
                f"for memory, or for a node that {name} was bound to.",
            )
