"""The same large value sent with many calls."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.events import Phase
from nestviz.wording import counted, data_size, duration

__all__ = ["RepeatedArgument"]


class RepeatedArgument(Pattern):
    """Capture recognises a value by a sample of it: another one with the same sample is thinkable, hence only likely."""

    id = "repeated-argument"
    looks_for = "calls with a large argument that their caller had sent with another call before"
    url = f"{RAY_PATTERNS}/pass-large-arg-by-value.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        repeats = facts.trace.repeats
        for name, rows in facts.functions(repeats.row[repeats.is_sent].astype(np.int64), 1):
            submit = facts.phases[Phase.SUBMIT][rows]
            won_ns = facts.saved_ns(submit, facts.begin[rows], facts.begin[rows] + submit)
            if facts.is_worth(won_ns):
                size = data_size(int(facts.rows.argument_bytes[rows].sum()))
                yield Finding(
                    title=f"{counted(len(rows), 'call')} of {name} carried a large value that had been sent before: {size}",
                    rows=rows,
                    won_ns=won_ns,
                    confidence=Confidence.LIKELY,
                    advice=f"Put it once, ref = ray.put(value), and pass the ref to every call of {name}: sending it again took "
                    f"{duration(int(submit.sum()))}.",
                )
