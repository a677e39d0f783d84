"""Recursion that does not branch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.events import Phase
from nestviz.trace.joins import roots_and_depths
from nestviz.wording import count, duration

__all__ = ["LinearChain"]

_LONG = 8


class LinearChain(Pattern):
    """A function that calls itself once, many levels deep: each level adds what a call costs, and none runs beside another."""

    id = "linear-chain"
    looks_for = "eight or more calls of one function, each the only child of the one before"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        table = facts.rows
        above = table.parent.astype(np.int64)
        linked = facts.calls & (above >= 0)
        linked[linked] &= facts.calls[above[linked]] & (table.children[above[linked]] == 1)
        linked[linked] &= table.name[above[linked]] == table.name[linked]
        top, level = roots_and_depths(np.where(linked, above, -1))
        length = np.zeros(len(table), np.int64)
        np.maximum.at(length, top, level + 1)
        for name, rows in facts.functions(np.flatnonzero(facts.calls & (length[top] >= _LONG)), 1):
            cost = sum(facts.phases[phase][rows] for phase in (Phase.SUBMIT, Phase.QUEUE, Phase.FETCH, Phase.RECEIVE, Phase.STORE))
            won_ns = facts.saved_ns(np.asarray(cost), facts.begin[rows], facts.end[rows])
            if facts.is_worth(won_ns):
                deepest = int(length[top[rows]].max())
                yield Finding(
                    title=f"{name} calls itself once on each of {count(deepest)} levels: nothing runs beside it",
                    rows=rows,
                    won_ns=won_ns,
                    confidence=Confidence.SURE,
                    advice=f"A loop in one task does the same without {count(len(rows))} calls, which cost {duration(int(won_ns))} "
                    f"beside their work. To gain from tasks, let {name} divide its work in two or more.",
                )
