"""Workers held to wait for results that could have been passed as arguments."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import UNKNOWN
from nestviz.wording import counted, duration

__all__ = ["GetOnArguments"]

_AT_ONCE_NS = 5_000_000
_HELD_NS = 1_000_000


class GetOnArguments(Pattern):
    """A task that begins by getting the results of tasks which were submitted before itself, and not by itself."""

    id = "get-on-arguments"
    looks_for = "tasks that begin with a ray.get on refs which existed before the task was called, so that they came in with it"
    url = f"{RAY_PATTERNS}/nested-ray-get.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        gets, rows = facts.gets, facts.rows
        foreign = np.flatnonzero(facts.final[gets.waiter] & facts.trace.is_task[gets.task] & ~gets.is_own)
        waiter, task = gets.waiter[foreign], gets.task[foreign]
        existed = (rows.submit_begin[task] != UNKNOWN) & (rows.submit_begin[task] < rows.submit_begin[waiter])
        at_once = gets.begin[foreign] - rows.start[waiter] <= _AT_ONCE_NS
        held = np.where(existed & at_once, gets.blocked_end[foreign] - gets.begin[foreign], 0)
        longest = np.zeros(len(rows), np.int64)
        np.maximum.at(longest, waiter, held)
        for name, holders in facts.functions(np.flatnonzero(longest >= _HELD_NS), 1):
            held_ns = int(longest[holders].sum())
            yield Finding(
                title=f"{counted(len(holders), 'task')} of {name} held worker processes for {duration(held_ns)} to wait for "
                "results handed to them",
                rows=holders,
                won_ns=_starts_ns(facts, holders),
                confidence=Confidence.LIKELY,
                advice=f"Pass those refs to {name} as arguments of their own, not inside a list or an object: Ray then starts the "
                "task when they are there, and no process is held until then.",
            )


def _starts_ns(facts: Facts, holders: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """What starting the processes took that those tasks were the first to use."""
    fresh = holders[facts.previous_end[holders] == UNKNOWN]
    spare = facts.load.spare.within(facts.ready[fresh], facts.placed[fresh])
    return facts.saved_ns(spare, facts.ready[fresh], facts.placed[fresh])
