"""A value fetched only to be sent out again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.events import Phase
from nestviz.wording import counted, data_size, duration

__all__ = ["UnnecessaryGet"]


class UnnecessaryGet(Pattern):
    """Capture recognises a value by a sample of it: another one with the same sample is thinkable, hence only likely.

    What getting it took comes on top of what can be won.
    """

    id = "unnecessary-get"
    looks_for = "calls with a large argument that their caller had got as the result of another call"
    url = f"{RAY_PATTERNS}/unnecessary-ray-get.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        repeats = facts.trace.repeats
        for name, rows in facts.functions(repeats.row[repeats.is_got].astype(np.int64), 1):
            submit = facts.phases[Phase.SUBMIT][rows]
            won_ns = facts.saved_ns(submit, facts.begin[rows], facts.begin[rows] + submit)
            if facts.is_worth(won_ns):
                size = data_size(int(facts.rows.argument_bytes[rows].sum()))
                yield Finding(
                    title=f"{counted(len(rows), 'call')} of {name} carried a large result that had just been got: {size}",
                    rows=rows,
                    won_ns=won_ns,
                    confidence=Confidence.LIKELY,
                    advice=f"Pass {name} the ref and do not get the value: sending it out again took {duration(int(submit.sum()))}, "
                    "and getting it some time before that.",
                )
