"""nestviz itself, where it is felt."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import UNKNOWN
from nestviz.wording import duration

__all__ = ["ObserverCost"]

_SHARE = 0.02  # of the CPUs' time
_GAPS = 20
_QUANTILE = 0.05


class ObserverCost(Pattern):
    """What recording takes cannot be more than the shortest pauses between two calls that one task makes in a row.

    In such a pause nestviz notes the one call and prepares for the next, and the program does next to nothing. Each execution and
    each wait is counted like a call.
    """

    id = "observer-cost"
    looks_for = "so many calls and waits that recording them may have taken more than 2 % of the CPUs' time"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one."""
        pause_ns = _pause_ns(facts)
        made = int(np.count_nonzero(facts.rows.submit_end != UNKNOWN))
        events = made + int(np.count_nonzero(facts.started)) + len(facts.trace.waits)
        cost_ns = pause_ns * events / max(facts.cpus, 1)
        if cost_ns > _SHARE * facts.makespan_ns:
            yield Finding(
                title=f"Recording took up to {cost_ns / max(facts.makespan_ns, 1):.0%} of the time: {duration(pause_ns)} a call, "
                "an execution or a wait",
                rows=np.flatnonzero(facts.final),
                won_ns=cost_ns,
                confidence=Confidence.POSSIBLE,
                advice="Read figures that are not much longer than that with care. Larger tasks cost less to record; NESTVIZ=0 runs "
                "the program without nestviz.",
            )


def _pause_ns(facts: Facts) -> int:
    """The shortest pauses between calls in a row; 0 when there are too few to tell."""
    table = facts.rows
    rows = np.flatnonzero(facts.final & (table.submit_end != UNKNOWN) & (table.parent >= 0))
    rows = rows[np.argsort(table.parent[rows], kind="stable")]  # rows are in the order of their submission
    pause = table.submit_begin[rows[1:]] - table.submit_end[rows[:-1]]
    pause = pause[(table.parent[rows[1:]] == table.parent[rows[:-1]]) & (pause >= 0)]
    return int(np.quantile(pause, _QUANTILE)) if len(pause) >= _GAPS else 0
