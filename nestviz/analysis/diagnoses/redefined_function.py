"""Functions that are defined again and again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.analysis.diagnoses.measures import groups_of
from nestviz.events import Phase
from nestviz.wording import count

__all__ = ["RedefinedFunction"]

_TIMES = 3


class RedefinedFunction(Pattern):
    """Functions of one name that one process sent to the cluster several times: each definition is a function of its own to Ray."""

    id = "redefined-function"
    looks_for = "functions of one name that the same process pickled and sent to the cluster three times or more"
    url = f"{RAY_PATTERNS}/redefine-task-actor-loop.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        rows = facts.trace.exports.row.astype(np.int64)
        for name, calls in facts.functions(rows[facts.rows.parent[rows] >= 0], _TIMES):
            exporter = facts.rows.process[facts.rows.parent[calls]]
            again = [calls[group] for group in groups_of(exporter, _TIMES, len(calls))]
            if again:
                repeats = np.sort(np.concatenate(again))
                submit = facts.phases[Phase.SUBMIT][repeats]
                yield Finding(
                    title=f"{name} was defined anew {count(len(repeats))} times",
                    rows=repeats,
                    won_ns=facts.saved_ns(submit, facts.begin[repeats], facts.begin[repeats] + submit),
                    confidence=Confidence.SURE,
                    advice=f"Define {name} once, outside of the loop or function that calls it: each definition is pickled, stored in "
                    "the cluster for good, and loaded by every worker process that runs it.",
                )
