"""A program that waits for itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_DOCS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.analysis.stall import find_stall
from nestviz.analysis.stall_words import reason_of, title_of
from nestviz.wording import duration

__all__ = ["Stalled"]

_SURE = {"sure": Confidence.SURE, "likely": Confidence.LIKELY, "unknown": Confidence.NOT_ENOUGH_DATA}


class Stalled(Pattern):
    """What `find_stall` says of a living recording, as a diagnosis."""

    id = "stalled"
    looks_for = "a living program in which nothing has moved for ten seconds, and what is waited for cannot start"
    url = f"{RAY_DOCS}/scheduling/resources.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one."""
        stall = find_stall(facts.trace)
        if stall is None:
            return
        reasons = "; ".join(reason_of(facts.trace, stuck) for stuck in stall.stuck)
        yield Finding(
            title=f"{title_of(stall)}: nothing has moved for {duration(stall.lasted_ns)}",
            rows=np.array([stuck.row for stuck in stall.stuck], np.int64),
            won_ns=float(stall.lasted_ns),
            confidence=_SURE[stall.confidence],
            advice=f"{reasons}. Give Ray more of what is missing, hold less of it while waiting, or start what is waited for first.",
        )
