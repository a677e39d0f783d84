"""Far more calls made than can run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.analysis.diagnoses.measures import groups_of
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.wording import count, label

__all__ = ["SubmitFlood"]

_PENDING = 1_000
_PER_CPU = 100
_PARENTS = 100


class SubmitFlood(Pattern):
    """Each pending call is kept by its parent and by Ray with its arguments, so that memory grows with them; it costs no time."""

    id = "submit-flood"
    looks_for = "a parent with more than a thousand calls pending at a time, and a hundred for each CPU"
    url = f"{RAY_PATTERNS}/limit-pending-tasks.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per parent."""
        table = facts.rows
        limit = max(_PENDING, _PER_CPU * facts.cpus)
        rows = np.flatnonzero(facts.final & (table.submit_begin != UNKNOWN) & (table.parent >= 0))
        for group in groups_of(table.parent[rows], int(limit) + 1, _PARENTS):
            calls = rows[group]
            most, pending = _most_pending(facts, calls)
            if most > limit:
                parent = int(table.parent[calls[0]])
                who = label(facts.trace.name_of(parent), int(table.size[parent]))
                name = facts.trace.name_of(int(calls[0]))
                yield Finding(
                    title=f"{who} had {count(most)} calls pending at a time, on {facts.cpus:g} CPUs",
                    rows=pending,
                    won_ns=0.0,
                    confidence=Confidence.SURE,
                    advice=f"Keep the number of pending calls of {name} bounded: beyond {count(max(int(10 * facts.cpus), 10))} or so, "
                    "ray.wait(refs, num_returns=1) before the next call. Or give each call more to do.",
                )


def _most_pending(facts: Facts, calls: Ints) -> tuple[int, Ints]:
    """How many of those calls were pending when most were, and which."""
    begin, start = facts.begin[calls], facts.start[calls]
    moments = np.concatenate([start, begin])
    order = np.argsort(moments, kind="stable")
    level = np.cumsum(np.repeat([-1, 1], len(calls))[order])
    at = moments[order][int(np.argmax(level))]
    return int(level.max()), calls[(begin <= at) & (start > at)]
