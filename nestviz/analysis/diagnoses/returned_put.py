"""A ref of an own put as the result."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.wording import counted

__all__ = ["ReturnedPut"]


class ReturnedPut(Pattern):
    """A task that put something, and whose parent got its result first and something else that the task had made after that."""

    id = "returned-put"
    looks_for = "tasks that call ray.put, whose result is got and then an object that they put"
    url = f"{RAY_PATTERNS}/return-ray-put.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        gets, puts = facts.gets, facts.trace.puts
        has_put = np.zeros(len(facts.rows), np.bool_)
        has_put[puts.row] = True
        has_put[facts.trace.items.row] = False  # what is got of a generator again and again are its items
        own = np.flatnonzero(gets.is_own & has_put[gets.task] & facts.final[gets.task])
        again = own[gets.begin[own] >= gets.end[gets.first[gets.task[own]]]]
        for name, rows in facts.functions(facts.distinct(gets.task[again]), 1):
            second = again[np.isin(gets.task[again], rows)]
            yield Finding(
                title=f"{counted(len(rows), 'task')} of {name} returned a ref of an own put",
                rows=rows,
                won_ns=facts.saved_ns(gets.end[second] - gets.begin[second], gets.begin[second], gets.end[second]),
                confidence=Confidence.LIKELY,
                advice=f"Let {name} return the value itself: Ray stores it just the same, inline if it is small, and can make it "
                "again when its node is lost, which it cannot do for what was put.",
            )
