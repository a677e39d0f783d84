"""One leaf that holds the end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import UNKNOWN
from nestviz.wording import count, duration, label

__all__ = ["Straggler"]

_SHARE = 0.2  # of the makespan
_PEERS = 3
_TIMES = 2


class Straggler(Pattern):
    """The last leaf to end computed much longer than its peers, and ran on when they were all done."""

    id = "straggler"
    looks_for = "the last leaf, if it ends by a fifth of the makespan after its peers and computed twice as long as they usually do"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one."""
        if facts.cpus < 2 or not len(facts.leaves):  # noqa: PLR2004 - one CPU has to do it all anyway
            return
        last = int(facts.leaves[np.argmax(facts.end[facts.leaves])])
        peers = facts.leaves[(facts.rows.name[facts.leaves] == facts.rows.name[last]) & (facts.leaves != last)]
        if len(peers) < _PEERS:
            return
        alone_from = max(int(facts.end[peers].max()), int(facts.start[last]))
        late_ns = int(facts.end[last]) - alone_from
        usual_ns = int(np.median(facts.compute[peers]))
        if late_ns <= _SHARE * facts.makespan_ns or facts.compute[last] < _TIMES * usual_ns:
            return
        size, usual = int(facts.rows.size[last]), int(np.median(facts.rows.size[peers]))
        is_larger = usual != UNKNOWN and size >= _TIMES * max(usual, 1)
        name = label(facts.trace.name_of(last), size)
        reason = f"It has {count(size)} elements, others have {count(usual)}: divide it." if is_larger else (
            "Its size does not explain it: see whether its input is harder, or its process or node slower."
        )
        yield Finding(
            title=f"{name} ends {duration(late_ns)} after all {count(len(peers))} others",
            rows=np.array([last]),
            won_ns=late_ns * (1 - 1 / facts.cpus),
            confidence=Confidence.SURE,
            advice=f"It computed for {duration(int(facts.compute[last]))}, others for {duration(usual_ns)}. {reason} Started first, "
            "it would have the others beside it.",
        )
