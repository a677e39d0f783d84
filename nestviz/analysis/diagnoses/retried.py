"""Work done twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_DOCS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.wording import counted, duration

__all__ = ["Retried"]


class Retried(Pattern):
    """Attempts that another one of the same task followed, and the children that they had submitted."""

    id = "retried"
    looks_for = "attempts of tasks that were lost or failed and were made again"
    url = f"{RAY_DOCS}/fault_tolerance/tasks.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        spent = facts.end - facts.start
        for name, rows in facts.functions(np.flatnonzero(facts.trace.is_task & ~facts.final), 1):
            again = int(facts.rows.children[rows].sum())
            below = f" {counted(again, 'task')} below them had been submitted in vain." if again else ""
            yield Finding(
                title=f"{counted(len(rows), 'attempt')} of {name} came to nothing and had to be made again",
                rows=rows,
                won_ns=facts.saved_ns(spent[rows], facts.start[rows], facts.end[rows]),
                confidence=Confidence.SURE,
                advice=f"The lost attempts ran for {duration(int(spent[rows].sum()))}.{below} {_cause(facts, rows)}",
            )


def _cause(facts: Facts, rows: Ints) -> str:
    """The error most of the attempts ended with, where they said one; else how they ended."""
    errors = facts.rows.error[rows]
    errors = errors[errors != UNKNOWN]
    if not len(errors):
        return "Their processes died without a word: look for a crash, or for too little memory, in Ray's logs."
    first = facts.trace.texts[int(np.bincount(errors).argmax())].splitlines()[:1]
    return f"Most ended with: {''.join(first)}"
