"""Siblings with very different amounts of work."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import Ints
from nestviz.wording import count

__all__ = ["Imbalance"]

_RATIO = 2
_TIMES = 3


class Imbalance(Pattern):
    """Sibling work balance of grain graphs: the largest subtree of a parent against the median one (of two, the smaller).

    Uneven parts do no harm while other tasks fill the CPUs; what counts is the time in which the largest is all there is left.
    """

    id = "imbalance"
    looks_for = "three or more parents one of whose children has more than twice the work of the others, with CPUs free at its end"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        if not facts.is_captured:
            return
        largest, ratio, lost, early = _families(facts)
        uneven = np.flatnonzero((ratio > _RATIO) & (lost > 0))
        for name, rows in facts.functions(largest[uneven], _TIMES):
            at = uneven[np.isin(largest[uneven], rows)]
            won_ns = facts.saved_ns(lost[at], early[at], facts.end[largest[at]])
            if facts.is_worth(won_ns):
                yield Finding(
                    title=f"{count(len(rows))} calls of {name} have more than twice the work of their siblings, and end last",
                    rows=np.sort(rows),
                    won_ns=won_ns,
                    confidence=Confidence.LIKELY,
                    advice=f"The largest has {float(np.median(ratio[at])):.1f} times the work of the others (median). Divide more "
                    f"evenly, as by the median of a sample as pivot, or into more and smaller calls of {name} than there are CPUs.",
                )


def _families(facts: Facts) -> tuple[Ints, np.ndarray[tuple[int], np.dtype[np.float64]], Ints, Ints]:
    """Per parent and function with two children or more.

    The child with the most work; its work over the (lower) median; the CPU time that nobody used, as time of the whole machine,
    from the end of the median child to its own; and the moment of that former end.
    """
    table = facts.rows
    rows = np.flatnonzero(facts.calls & facts.started & (table.parent >= 0))
    rows = rows[np.lexsort((facts.work[rows], table.name[rows], table.parent[rows]))]
    before, after = rows[:-1], rows[1:]
    fresh = (table.parent[after] != table.parent[before]) | (table.name[after] != table.name[before])
    first = np.flatnonzero(np.concatenate([[True], fresh])[: len(rows)])
    size = np.diff(np.append(first, len(rows)))
    first, size = first[size > 1], size[size > 1]
    largest, median = rows[first + size - 1], rows[first + (size - 1) // 2]
    ratio = facts.work[largest] / np.maximum(facts.work[median], 1)
    early = np.minimum(facts.end[median], facts.end[largest])
    lost = facts.load.starved.within(early, facts.end[largest]).astype(np.int64)
    return largest, ratio, lost, early
