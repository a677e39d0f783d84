"""A program that would be done as soon without Ray."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.events import Phase, RowKind
from nestviz.trace.model import UNKNOWN
from nestviz.wording import duration

__all__ = ["NotWorthIt"]


class NotWorthIt(Pattern):
    """One process needs no more than all that was computed, by the tasks and by the driver between its calls."""

    id = "not-worth-it"
    looks_for = "a whole program whose work, done one piece after the other, would take no longer than it took in parallel"
    url = f"{RAY_PATTERNS}/nested-tasks.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """At most one, of a program that has ended."""
        tasks = np.flatnonzero(facts.final)
        if not facts.is_captured or len(tasks) < 2 or np.any(facts.rows.end[tasks] == UNKNOWN):  # noqa: PLR2004 - one task is not parallel, nor meant to be
            return
        measured = _measured_ns(facts)
        sequential_ns = int(facts.compute[tasks].sum()) + _driver_ns(facts) if measured == UNKNOWN else measured
        won_ns = facts.makespan_ns - sequential_ns
        if facts.is_worth(won_ns):
            how = "about" if measured == UNKNOWN else "measured"
            yield Finding(
                title=f"Distributing the work gained nothing: {duration(facts.makespan_ns)}, against {how} "
                f"{duration(sequential_ns)} in one process",
                rows=tasks,
                won_ns=won_ns,
                confidence=Confidence.LIKELY if measured == UNKNOWN else Confidence.SURE,
                advice=f"Run this size in one process, or in larger pieces on fewer tasks: the tasks computed for "
                f"{duration(int(facts.compute[tasks].sum()))} altogether. {_largest_cost(facts)}",
            )


def _driver_ns(facts: Facts) -> int:
    """What the drivers did themselves between the first call and the last end."""
    segments, trace = facts.trace.segments, facts.trace
    own = (segments.phase == Phase.COMPUTE) & (trace.rows.kind[segments.row] == RowKind.DRIVER)
    begin = np.clip(segments.begin[own], trace.begin_ns, trace.end_ns)
    end = np.clip(segments.end[own], trace.begin_ns, trace.end_ns)
    return int((end - begin).sum())


def _measured_ns(facts: Facts) -> int:
    """What the program itself noted as its sequential time, if it is one section; UNKNOWN otherwise."""
    notes = facts.trace.notes
    said = [value for key, value in zip(notes.key, notes.value, strict=True) if key == "sequential_s"]
    is_one = len(said) == 1 and len(facts.trace.sections) == 1 and isinstance(said[0], (int, float))
    return int(float(said[0]) * 1e9) if is_one else UNKNOWN


def _largest_cost(facts: Facts) -> str:
    """Where most of the CPUs' time went that was no work, in a sentence."""
    whole = np.array([facts.trace.begin_ns]), np.array([facts.trace.end_ns])
    times = {
        "that CPUs waited for tasks to be started": float(facts.load.delayed.within(*whole)[0]) * facts.cpus,
        "that CPUs had no task to run": float(facts.load.starved.within(*whole)[0]) * facts.cpus,
        "of handing calls over": float(facts.phases[Phase.SUBMIT][facts.final].sum()),
        "of fetching results": float(facts.phases[Phase.RECEIVE][facts.final].sum()),
    }
    cause = max(times, key=lambda one: times[one])
    return f"Most of the rest: {duration(int(times[cause]))} {cause}."
