"""The same large value sent with many calls."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.analysis.diagnoses.large_argument import INLINE_BYTES
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.wording import count, data_size

__all__ = ["RepeatedArgument"]

_SIBLINGS = 3


class RepeatedArgument(Pattern):
    """Siblings whose arguments have exactly the same large size. Equal parts of a whole look the same, hence only possible.

    Parts are told from repeats where the parent's own arguments are known to have been smaller than all that it sent on.
    """

    id = "repeated-argument"
    looks_for = "three or more calls of one function by one parent whose large arguments have exactly the same size"
    url = f"{RAY_PATTERNS}/pass-large-arg-by-value.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        for name, rows in facts.functions(_same_size(facts), _SIBLINGS):
            submit = facts.rows.submit_end[rows] - facts.rows.submit_begin[rows]
            _, first = np.unique(facts.rows.parent[rows], return_index=True)
            repeats = np.delete(np.arange(len(rows)), first)
            begin = facts.rows.submit_begin[rows]
            won_ns = facts.saved_ns(submit[repeats], begin[repeats], (begin + submit)[repeats])
            if facts.is_worth(won_ns):
                each = data_size(int(np.median(facts.rows.argument_bytes[rows])))
                yield Finding(
                    title=f"{count(len(rows))} calls of {name} carry arguments of the same size, {each} each",
                    rows=rows,
                    won_ns=won_ns,
                    confidence=Confidence.POSSIBLE,
                    advice=f"If it is the same value, put it once, ref = ray.put(value), and pass the ref to every call of {name}.",
                )


def _same_size(facts: Facts) -> Ints:
    """Calls of which at least three siblings of one function have the same large size."""
    size, table = facts.rows.argument_bytes, facts.rows
    rows = np.flatnonzero(facts.calls & (size >= INLINE_BYTES) & (table.submit_end != UNKNOWN))
    rows = rows[np.lexsort((size[rows], table.name[rows], table.parent[rows]))]
    before, after = rows[:-1], rows[1:]
    same = (size[after] == size[before]) & (table.name[after] == table.name[before]) & (table.parent[after] == table.parent[before])
    group = np.cumsum(np.concatenate([[0], ~same])[: len(rows)])
    members = np.bincount(group, minlength=1)[group]
    sent = members * size[rows]
    had = size[table.parent[rows]]
    return np.sort(rows[(members >= _SIBLINGS) & ((had == UNKNOWN) | (sent > 1.5 * had))])
