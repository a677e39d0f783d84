"""Thousands of results fetched at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.events import WaitKind
from nestviz.trace.model import UNKNOWN
from nestviz.wording import count

__all__ = ["TooManyInOneGet"]

_LIMIT = 1_000


class TooManyInOneGet(Pattern):
    """All the results must be in the memory of one process at the same time."""

    id = "too-many-in-one-get"
    looks_for = "one ray.get that asks for more than a thousand refs"
    url = f"{RAY_PATTERNS}/ray-get-too-many-objects.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one."""
        waits = facts.trace.waits
        large = np.flatnonzero((waits.kind == WaitKind.GET) & (waits.asked > _LIMIT))
        if not len(large):
            return
        done = large[waits.end[large] != UNKNOWN]
        most = int(waits.asked[large].max())
        gets = "One ray.get asks" if len(large) == 1 else f"{count(len(large))} calls of ray.get ask"
        yield Finding(
            title=f"{gets} for up to {count(most)} results at once" if len(large) > 1 else f"{gets} for {count(most)} results at once",
            rows=waits.row[large].astype(np.int64),
            won_ns=facts.saved_ns(waits.end[done] - waits.blocked_end[done], waits.blocked_end[done], waits.end[done]),
            confidence=Confidence.SURE,
            advice=f"Take the results in batches as they come, ray.wait(refs, num_returns=100), and work on each batch: all "
            f"{count(most)} at once must fit into memory, and nothing else happens until the last is there.",
        )
