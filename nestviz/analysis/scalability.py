"""What limits a program, after Cilkview: work, span, burdened span, and the bounds that follow for any number of CPUs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nestviz.analysis.critical_path import critical_path
from nestviz.analysis.links import Links, links_of
from nestviz.analysis.path_shares import PathShare, heaviest_place, path_shares
from nestviz.analysis.span import spans_of
from nestviz.analysis.totals import compute_of
from nestviz.events import Phase
from nestviz.trace.model import Trace
from nestviz.wording import duration

__all__ = ["Scalability", "scalability_of"]

_STEAL_FACTOR = 1.7
"""Cilkscale's estimate of what the burden costs on P processors (Schardl et al., cilkscale)."""
_WORTH_NAMING = 0.1


@dataclass(frozen=True)
class Scalability:
    """Times in nanoseconds; ratios are 0 where there is nothing to divide. `sentence` says the limit and its cause."""

    work_ns: int
    span_ns: int
    burdened_span_ns: int
    makespan_ns: int
    cpus: float
    sentence: str

    @property
    def parallelism(self) -> float:
        """The greatest speedup over one CPU on any number of CPUs."""
        return _ratio(self.work_ns, self.span_ns)

    @property
    def burdened_parallelism(self) -> float:
        """The same when submit, spawn, fetch, receive and store are counted on the path."""
        return _ratio(self.work_ns, self.burdened_span_ns)

    @property
    def speedup(self) -> float:
        """Work per second of makespan: how many CPUs were of use on average."""
        return _ratio(self.work_ns, self.makespan_ns)

    @property
    def efficiency(self) -> float:
        """The share of the CPUs that was of use."""
        return self.speedup / self.cpus if self.cpus else 0.0

    def lower_bound_ns(self, cpus: float) -> int:
        """No schedule on that many CPUs is faster: the greater of work / CPUs and span."""
        return max(round(self.work_ns / cpus), self.span_ns)

    def burdened_bound_ns(self, cpus: float) -> int:
        """Cilkscale's estimate: T₁/P + 1.7 · (1 − 1/P) · T₁ / burdened parallelism, which is the burdened span."""
        return round(self.work_ns / cpus + _STEAL_FACTOR * (1 - 1 / cpus) * self.burdened_span_ns)


def scalability_of(trace: Trace, links: Links | None = None, shares: Sequence[PathShare] | None = None) -> Scalability:
    """The limits of a trace; of a subtree with `subtree_of`, of a section with `section_named`."""
    links = links_of(trace) if links is None else links
    shares = path_shares(trace, critical_path(trace, links)) if shares is None else shares
    spans, work = spans_of(trace, links), int(compute_of(trace).sum())
    return Scalability(
        work_ns=work,
        span_ns=spans.span_ns,
        burdened_span_ns=spans.burdened_span_ns,
        makespan_ns=trace.end_ns - trace.begin_ns,
        cpus=trace.info.cpus,
        sentence=_sentence(trace, work, spans.span_ns, shares),
    )


def _sentence(trace: Trace, work_ns: int, span_ns: int, shares: Sequence[PathShare]) -> str:
    if not span_ns:
        return ""
    limit = f"at most {work_ns / span_ns:.1f} × faster than on one CPU, on any number of CPUs"
    computing = [share for share in shares if share.phase == Phase.COMPUTE]
    place, part = heaviest_place(trace, computing[0]) if computing else ("", 0.0)
    if part >= _WORTH_NAMING:
        limit += f", because {place} is {100 * part:.0f} % of the critical path"
    other = sum(share.time_ns for share in shares if share.phase != Phase.COMPUTE)
    whole = sum(share.time_ns for share in shares)
    if 2 * other > whole:
        limit += f"; but {duration(other)} of the critical path's {duration(whole)} are not computing"
    return limit


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
