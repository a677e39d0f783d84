"""Many failures with one cause."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.events import State
from nestviz.trace.joins import roots_and_depths
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.wording import count, label

__all__ = ["FailureCascade"]

_TASKS = 3
_CASCADES = 20
_FAILED = (State.FAILED, State.LOST)


class FailureCascade(Pattern):
    """Failed tasks that hang together in the tree; the cause is the one among them that failed first."""

    id = "failure-cascade"
    looks_for = "three or more failed tasks, each the parent or child of another: the earliest of them is the cause"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per cascade, the largest ones."""
        table = facts.rows
        failed = facts.final & np.isin(table.state, _FAILED) & (table.end != UNKNOWN)
        above = np.where(failed & (table.parent >= 0) & failed[table.parent], table.parent, -1)
        top, _ = roots_and_depths(above)
        rows = np.flatnonzero(failed)
        size = np.bincount(top[rows], minlength=len(table))
        large = np.flatnonzero(size >= _TASKS)
        for root in large[np.argsort(-size[large], kind="stable")][:_CASCADES].tolist():
            yield _cascade(facts, rows[top[rows] == root])


def _cascade(facts: Facts, rows: Ints) -> Finding:
    first = int(rows[np.argmin(facts.end[rows])])
    name = label(facts.trace.name_of(first), int(facts.rows.size[first]))
    error = int(facts.rows.error[first])
    said = (facts.trace.texts[error].splitlines() or [""])[0] if error != UNKNOWN else "its process died without a word"
    return Finding(
        title=f"{count(len(rows))} tasks failed because one did: {name}",
        rows=rows,
        won_ns=facts.saved_ns(facts.compute[rows], facts.start[rows], facts.end[rows]),
        confidence=Confidence.LIKELY,
        advice=f"Mend {name} first (depth {facts.rows.depth[first]}): {said}",
    )
