"""A value fetched only to be sent out again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.analysis.diagnoses.large_argument import INLINE_BYTES
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.wording import counted, data_size, duration

__all__ = ["UnnecessaryGet"]

_AT_ONCE_NS = 1_000_000


class UnnecessaryGet(Pattern):
    """A get of one result, and at once after it a call of another function with a large argument.

    Which value the argument is was not recorded, hence only possible.
    """

    id = "unnecessary-get"
    looks_for = "a result that is got, and a large argument that is sent to another function at once after it"
    url = f"{RAY_PATTERNS}/unnecessary-ray-get.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function that is called so."""
        heavy = facts.calls & (facts.rows.argument_bytes >= INLINE_BYTES)
        got, call = _neighbours(facts, np.unique(facts.rows.parent[heavy]))
        source = facts.gets.task[got]
        apart = facts.rows.submit_begin[call] - facts.gets.end[got]
        keep = heavy[call] & (apart <= _AT_ONCE_NS) & (facts.rows.name[source] != facts.rows.name[call])
        order = np.argsort(call[keep])
        call, source, got = call[keep][order], source[keep][order], got[keep][order]
        for name, rows in facts.functions(call, 1):
            at = np.searchsorted(call, rows)
            sent = facts.rows.submit_end[rows] - facts.rows.submit_begin[rows]
            fetched = facts.gets.end[got[at]] - facts.gets.blocked_end[got[at]]
            won_ns = facts.saved_ns(sent + fetched, facts.gets.blocked_end[got[at]], facts.rows.submit_end[rows])
            if facts.is_worth(won_ns):
                maker = facts.trace.name_of(int(source[at[0]]))
                size = data_size(int(facts.rows.argument_bytes[rows].sum()))
                yield Finding(
                    title=f"{counted(len(rows), 'call')} of {name} may have been sent what was just fetched: {size}",
                    rows=rows,
                    won_ns=won_ns,
                    confidence=Confidence.POSSIBLE,
                    advice=f"If the argument is the result of {maker}, pass its ref and do not get it: fetching and sending again "
                    f"took {duration(int((sent + fetched).sum()))}.",
                )


def _neighbours(facts: Facts, parents: NDArray[np.int32]) -> tuple[Ints, Ints]:
    """Gets of one result of an own call which the next call of the same parent follows: their places, and the called rows."""
    gets, table = facts.gets, facts.rows
    is_parent = np.zeros(len(table), np.bool_)
    is_parent[parents[parents >= 0]] = True
    single = np.flatnonzero(gets.is_own & (gets.asked == 1) & is_parent[gets.waiter])
    calls = np.flatnonzero(facts.calls & is_parent[table.parent] & (table.submit_begin != UNKNOWN) & (table.submit_end != UNKNOWN))
    who = np.concatenate([gets.waiter[single], table.parent[calls]])
    when = np.concatenate([gets.end[single], table.submit_begin[calls]])
    order = np.lexsort((np.repeat([0, 1], [len(single), len(calls)]), when, who))
    is_get = order < len(single)
    follows = np.flatnonzero(is_get[:-1] & ~is_get[1:] & (who[order[1:]] == who[order[:-1]]))
    return single[order[follows]], calls[order[follows + 1] - len(single)]
