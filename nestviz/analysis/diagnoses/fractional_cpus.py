"""Tasks that ask for less than a CPU, so that nothing limits how many run."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_DOCS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.trace.model import Ints
from nestviz.wording import count

__all__ = ["FractionalCpus"]

_CPUS = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) CPU\b")
_TIMES = 2


class FractionalCpus(Pattern):
    """`num_cpus` below 1, or 0, with at least twice as many of the tasks running at a time as there are CPUs."""

    id = "fractional-cpus"
    looks_for = "functions with num_cpus below 1 of which twice as many tasks ran at a time as there are CPUs"
    url = f"{RAY_DOCS}/scheduling/resources.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        if not facts.cpus:
            return
        for name, rows in facts.functions(np.flatnonzero(facts.calls & facts.started), int(_TIMES * facts.cpus)):
            found = _CPUS.search(facts.trace.requirement_of(int(rows[0])))
            most = _at_a_time(facts, rows)
            if found is not None and float(found[1]) < 1 and most >= _TIMES * facts.cpus:
                length = np.maximum(facts.end[rows] - facts.start[rows], 1)
                over = facts.load.busy.within(facts.start[rows], facts.end[rows]) > facts.cpus * length
                yield Finding(
                    title=f"{count(len(rows))} tasks of {name} ask for {found[1]} CPU each: {count(most)} ran at a time",
                    rows=rows[over] if np.any(over) else rows,
                    won_ns=0.0,
                    confidence=Confidence.LIKELY,
                    advice=f"If {name} computes, give it num_cpus=1: its processes share the CPUs and the memory as it is. "
                    "If it only waits, an async actor waits for many things in one process.",
                )

def _at_a_time(facts: Facts, rows: Ints) -> int:
    """How many of those rows ran, at most, at the same time."""
    moments = np.concatenate([facts.end[rows], facts.start[rows]])
    change = np.repeat([-1, 1], len(rows))
    return int(np.cumsum(change[np.argsort(moments, kind="stable")]).max(initial=0))
