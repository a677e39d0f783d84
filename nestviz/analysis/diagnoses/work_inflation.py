"""The same work that takes longer when more of it runs at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.analysis.diagnoses.measures import groups_of
from nestviz.trace.model import UNKNOWN
from nestviz.wording import count, label

__all__ = ["WorkInflation"]

_SAMPLES = 3
_TIMES = 1.5
_SIZES = 20
_TINY_NS = 1_000_000  # below a millisecond it is the clock and the caches that differ


class WorkInflation(Pattern):
    """Work deviation of grain graphs: leaves of one function and size, run with few beside them against run with many."""

    id = "work-inflation"
    looks_for = "leaves of one function and size that compute 1.5 times longer with all CPUs busy than with half of them or fewer"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function and size."""
        if not facts.cpus:
            return
        leaves = facts.leaves[(facts.compute[facts.leaves] >= _TINY_NS) & (facts.rows.size[facts.leaves] != UNKNOWN)]
        length = np.maximum(facts.end - facts.start, 1)
        beside = facts.load.busy.within(facts.start[leaves], facts.end[leaves]) / length[leaves]
        for name, rows in facts.functions(leaves, 2 * _SAMPLES):
            for group in groups_of(facts.rows.size[rows], 2 * _SAMPLES, _SIZES):
                alike = rows[group]
                near = beside[np.searchsorted(leaves, alike)]
                few = alike[near <= max(facts.cpus / 2, 1)]
                many = alike[near > max(0.75 * facts.cpus, 1)]
                if len(few) < _SAMPLES or len(many) < _SAMPLES:
                    continue
                base = float(np.median(facts.compute[few]))
                factor = float(np.median(facts.compute[many])) / base
                extra = np.maximum(facts.compute[many] - base, 0) / facts.cpus
                won_ns = facts.saved_ns(extra, facts.start[many], facts.end[many])
                if factor > _TIMES and facts.is_worth(won_ns):
                    what = label(name, int(facts.rows.size[alike[0]]))
                    yield Finding(
                        title=f"{count(len(many))} calls of {what} took {factor:.1f} times as long as with few tasks beside them",
                        rows=many,
                        won_ns=won_ns,
                        confidence=Confidence.LIKELY,
                        advice=f"They compete for something: Ray was promised more CPUs ({facts.cpus:g}) than there are, or memory, "
                        "its bandwidth, a disk or a lock is shared. Try fewer CPUs, num_cpus=2 for these calls, or smaller data.",
                    )
