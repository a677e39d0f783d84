"""Results taken in the order of the calls, while later ones lay ready."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.analysis.diagnoses.measures import groups_of
from nestviz.trace.model import Ints
from nestviz.wording import counted, duration

__all__ = ["GetInSubmitOrder"]

_RESULTS = 3
_PARENTS = 200  # those with the most results taken one by one


class GetInSubmitOrder(Pattern):
    """Replays what a parent did with each result in the order in which the results came to be, and compares."""

    id = "get-in-submit-order"
    looks_for = "a parent that gets results one by one and works on each, blocked for an early call while later ones are done"
    url = f"{RAY_PATTERNS}/ray-get-submission-order.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one."""
        gets = facts.gets
        single = np.flatnonzero(gets.is_own & (gets.asked == 1) & facts.calls[gets.task])
        late, won, begin, end = [], [], [], []
        for group in groups_of(gets.waiter[single], _RESULTS, _PARENTS):
            places = single[group]
            gain = _gain(facts, places)
            if facts.is_worth(gain):
                late.append(gets.task[places][_lay_ready(facts, places)])
                won.append(gain)
                begin.append(int(gets.begin[places[0]]))
                end.append(int(gets.end[places[-1]]))
        if not late:
            return
        rows = facts.distinct(np.concatenate(late))
        won_ns = facts.saved_ns(np.array(won), np.array(begin), np.array(end))
        waited = int((gets.end[gets.first[rows]] - facts.end[rows]).clip(min=0).max())
        yield Finding(
            title=f"{counted(len(rows), 'result')} lay ready for up to {duration(waited)} behind a get for an earlier call",
            rows=rows,
            won_ns=won_ns,
            confidence=Confidence.LIKELY,
            advice="Take the results as they come, if their order does not matter: "
            "while refs: done, refs = ray.wait(refs); work on ray.get(done[0]).",
        )


def _gain(facts: Facts, places: Ints) -> float:
    """How much sooner a parent would have been through, had it taken its results in the order in which they came to be."""
    gets = facts.gets
    handling = np.append(gets.begin[places[1:]], 0) - gets.blocked_end[places]
    handling[-1] = int(np.median(handling[:-1]))
    order = np.argsort(facts.end[gets.task[places]], kind="stable")
    came = np.maximum(facts.end[gets.task[places]][order], gets.begin[places[0]])
    total = np.cumsum(handling[order])
    through = total[-1] + int(np.maximum.accumulate(came - (total - handling[order]))[-1])
    return float(gets.blocked_end[places[-1]] + handling[-1] - through)


def _lay_ready(facts: Facts, places: Ints) -> Ints:
    """Which of those results existed before a get for an earlier call returned."""
    gets = facts.gets
    before = np.concatenate([gets.blocked_end[places[:1]] - 1, np.maximum.accumulate(gets.blocked_end[places])[:-1]])
    return np.flatnonzero(facts.end[gets.task[places]] < before)
