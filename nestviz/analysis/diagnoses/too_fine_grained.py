"""Tasks that are smaller than what it costs to call them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.wording import count, duration

__all__ = ["TooFineGrained"]

_MANY = 20
_USUAL = 0.25  # of all tasks: then the program is made of them, however little they cost beside its other troubles
_GRAIN = 10  # a call should do ten times the work that it costs


class TooFineGrained(Pattern):
    """The parallel benefit of grain graphs: work per cost of the call, here by function over its leaves."""

    id = "too-fine-grained"
    looks_for = "many leaf tasks of one function, most of which compute for less time than a call of it costs"
    url = f"{RAY_PATTERNS}/too-fine-grained-tasks.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        for name, leaves in facts.functions(facts.leaves, _MANY):
            cost_ns = facts.call_cost_ns(leaves)
            small = leaves[facts.compute[leaves] < cost_ns]
            lost = np.full(len(small), cost_ns) / max(facts.cpus, 1)
            won_ns = facts.saved_ns(lost, facts.begin[small], facts.end[small])
            is_usual = len(small) >= _USUAL * np.count_nonzero(facts.final)
            if 2 * len(small) > len(leaves) and (is_usual or facts.is_worth(won_ns)):
                yield Finding(
                    title=f"{count(len(small))} tasks of {name} are smaller than what a call costs",
                    rows=small,
                    won_ns=won_ns,
                    confidence=Confidence.SURE,
                    advice=_advice(facts, name, leaves, cost_ns),
                )


def _advice(facts: Facts, name: str, leaves: Ints, cost_ns: int) -> str:
    median_ns = int(np.median(facts.compute[leaves]))
    wanted_ns = _GRAIN * cost_ns
    why = f"a call costs {duration(cost_ns)} here and computes for {duration(median_ns)}"
    size = _size_of_work(facts, int(facts.rows.name[leaves[0]]), wanted_ns)
    if size != UNKNOWN:
        return f"Run calls of {name} up to size {_rounded(size)} in place: {why}; from that size on the work is ten times the cost."
    times = _rounded(max(wanted_ns / max(median_ns, 1), 2))
    return f"Give each call of {name} about {times} times as much to do, run small cases in place or hand over batches: {why}."


def _rounded(number: float) -> str:
    """To two digits: more would be a pretence."""
    return f"{float(f'{number:.2g}'):,.0f}"


def _size_of_work(facts: Facts, name: int, wanted_ns: int) -> int:
    """The usual size of the calls of a function under which there is about so much work; UNKNOWN where sizes do not tell."""
    rows = np.flatnonzero(facts.calls & (facts.rows.name == name) & (facts.rows.size != UNKNOWN))
    near = rows[(facts.work[rows] >= wanted_ns / 2) & (facts.work[rows] <= wanted_ns * 2)]
    sizes = facts.rows.size
    is_telling = len(near) and sizes[rows].min() < sizes[rows].max()
    return int(np.median(sizes[near])) if is_telling else UNKNOWN
