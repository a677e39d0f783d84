"""Children made one after the other, each only when the one before it is done."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.wording import count, duration

__all__ = ["GetInLoop"]

_RUN = 3
_SERIAL = 0.2  # of a loop's time must be winnable: below, the calls keep the CPUs busy inside


class GetInLoop(Pattern):
    """Runs of siblings of one function, each submitted after its parent had the result of the one before."""

    id = "get-in-loop"
    looks_for = "three or more calls of one function by one parent, each made only after the result of the one before was got"
    url = f"{RAY_PATTERNS}/ray-get-loop.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        if not facts.cpus:
            return
        rows, first, size = _runs(facts)
        if not len(first):
            return
        got = facts.gets.got_at(rows)
        total = got[first + size - 1] - facts.begin[rows[first]]
        longest = np.maximum.reduceat(got - facts.begin[rows], first)
        shared = np.add.reduceat(facts.work[rows], first) / facts.cpus
        won = total - np.maximum(longest, shared)
        serial = np.flatnonzero((size >= _RUN) & (won >= _SERIAL * total))
        for name, heads in facts.functions(rows[first[serial]], 1):
            runs = serial[np.isin(rows[first[serial]], heads)]
            members = rows[np.concatenate([np.arange(first[run], first[run] + size[run]) for run in runs])]
            begin = facts.begin[rows[first[runs]]]
            won_ns = facts.saved_ns(won[runs], begin, begin + total[runs])
            if facts.is_worth(won_ns):
                yield Finding(
                    title=f"{count(len(members))} calls of {name} run one after the other: each waits for the one before",
                    rows=members,
                    won_ns=won_ns,
                    confidence=Confidence.LIKELY,
                    advice=f"Make all calls of {name} first and get their results together, ray.get([{name}.remote(…) for …]), "
                    f"if none needs the result of the one before: {duration(int(total[runs].sum()))} could become "
                    f"{duration(int((total - won)[runs].sum()))}.",
                )


def _runs(facts: Facts) -> tuple[Ints, Ints, Ints]:
    """The calls got by their parents in runs: rows, and the first place and size of each run."""
    table = facts.rows
    rows = np.flatnonzero(facts.calls & (facts.gets.first != UNKNOWN) & (table.submit_begin != UNKNOWN))
    rows = rows[np.lexsort((table.submit_begin[rows], table.section[rows], table.name[rows], table.parent[rows]))]
    got = facts.gets.got_at(rows)
    before, after = rows[:-1], rows[1:]
    follows = (table.parent[after] == table.parent[before]) & (table.name[after] == table.name[before])
    follows &= (table.section[after] == table.section[before]) & (table.submit_begin[after] >= got[:-1])
    first = np.flatnonzero(np.concatenate([[True], ~follows])[: len(rows)])
    return rows, first, np.diff(np.append(first, len(rows)))
