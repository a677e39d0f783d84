"""Two recordings side by side: totals, phases and functions aligned by name, and what got slower or faster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nestviz.analysis.breakdown import Breakdown
from nestviz.analysis.summary import Summary, summarize
from nestviz.events import Phase
from nestviz.trace.model import Trace

__all__ = ["Change", "Comparison", "FunctionChange", "compare"]

_TOTALS = ("makespan_ns", "work_ns", "span_ns", "burdened_span_ns", "lost_ns", "lost_on_path_ns", "tasks", "attempts", "workers")


@dataclass(frozen=True)
class Change:
    """A number of the first recording and of the second."""

    before: int
    after: int

    @property
    def difference(self) -> int:
        """Positive when the second is greater."""
        return self.after - self.before

    @property
    def growth(self) -> float:
        """The difference as a part of the first: 0.1 is ten per cent more; 0 when both are 0, inf when only the first is."""
        if self.before:
            return self.difference / self.before
        return float("inf") if self.after else 0.0


@dataclass(frozen=True)
class FunctionChange:
    """One function's tasks in both recordings; a recording without it counts as zeros. Times in nanoseconds of tasks' lives."""

    name: str
    tasks: Change
    phases_ns: Mapping[Phase, Change]

    @property
    def life_ns(self) -> Change:
        """All phases together."""
        changes = self.phases_ns.values()
        return Change(sum(change.before for change in changes), sum(change.after for change in changes))


@dataclass(frozen=True)
class Comparison:
    """`totals` by the names of the fields of `Summary`; `functions` with the greatest difference first.

    `moved` are the pairs of function and phase that took another time, the greatest difference first.
    """

    before: Summary
    after: Summary
    totals: Mapping[str, Change]
    phases_ns: Mapping[str, Change]
    functions: tuple[FunctionChange, ...]
    moved: tuple[tuple[str, Phase, Change], ...]

    @property
    def makespan_ns(self) -> Change:
        """First submission to last end."""
        return self.totals["makespan_ns"]


def compare(before: Trace, after: Trace) -> Comparison:
    """Compare two recordings, or sections or subtrees of them."""
    a, b = summarize(before), summarize(after)
    known = ({one.name: one for one in a.functions}, {one.name: one for one in b.functions})
    functions = [_function(name, known[0].get(name), known[1].get(name)) for name in {**known[0], **known[1]}]
    moved = [(one.name, phase, change) for one in functions for phase, change in one.phases_ns.items() if change.difference]
    return Comparison(
        before=a,
        after=b,
        totals={name: Change(int(getattr(a, name)), int(getattr(b, name))) for name in _TOTALS},
        phases_ns={phase: Change(time, b.phases_ns[phase]) for phase, time in a.phases_ns.items()},
        functions=tuple(sorted(functions, key=lambda one: (-abs(one.life_ns.difference), one.name))),
        moved=tuple(sorted(moved, key=lambda one: (-abs(one[2].difference), one[0], one[1]))),
    )


def _function(name: str, before: Breakdown | None, after: Breakdown | None) -> FunctionChange:
    def both(phase: Phase) -> Change:
        return Change(before.phases_ns[phase] if before else 0, after.phases_ns[phase] if after else 0)

    return FunctionChange(
        name, Change(before.tasks if before else 0, after.tasks if after else 0), {phase: both(phase) for phase in Phase}
    )
