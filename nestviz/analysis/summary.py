"""Everything that one line, one tile or one JSON object says of a recording."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nestviz.analysis.breakdown import Breakdown, breakdown_by_function, breakdown_of, lost_on_path
from nestviz.analysis.critical_path import PathSegment, critical_path
from nestviz.analysis.diagnoses import Diagnosis, diagnose
from nestviz.analysis.links import links_of
from nestviz.analysis.path_shares import PathShare, path_shares
from nestviz.analysis.queueing import queue_causes
from nestviz.analysis.scalability import scalability_of
from nestviz.analysis.totals import totals_of
from nestviz.trace.model import Trace

__all__ = ["Summary", "summarize"]


@dataclass(frozen=True)
class Summary:
    """Times in nanoseconds; `parallelism`, `speedup` and `efficiency` are ratios, 0 where there is nothing to divide.

    work: Σ compute. span: the longest path. parallelism: work / span. makespan: first submit to last end. speedup: work / makespan.
    efficiency: speedup / CPUs. `states` counts tasks by the state of their last attempt. `limit` is a sentence: the greatest
    speedup and its cause. `queue_ns`: queue time by cause. `lost_ns`: task time lost to nesting (see `Breakdown`);
    `lost_on_path_ns`: how much of the makespan that is on the critical path.
    clock_error_ns: by how much times on other nodes than the driver's may be wrong.
    """

    recording: str
    name: str
    state: str
    problem: str
    tasks: int
    attempts: int
    states: Mapping[str, int]
    depth: int
    workers: int
    cpus: float
    makespan_ns: int
    work_ns: int
    span_ns: int
    burdened_span_ns: int
    parallelism: float
    speedup: float
    efficiency: float
    phases_ns: Mapping[str, int]
    critical_path: tuple[PathSegment, ...]
    path_shares: tuple[PathShare, ...]
    limit: str
    queue_ns: Mapping[str, int]
    lost_ns: int
    lost_on_path_ns: int
    functions: tuple[Breakdown, ...]
    diagnoses: tuple[Diagnosis, ...]
    sections: tuple[str, ...]
    sources: tuple[str, ...]
    missing: tuple[str, ...]
    lost_events: int
    nodes: int
    clock_error_ns: int


def summarize(trace: Trace, ignored: Collection[str] = ()) -> Summary:
    """The summary of a trace, or of a section of it; without the diagnoses whose ids are `ignored`."""
    totals, links = totals_of(trace), links_of(trace)
    path = critical_path(trace, links)
    shares = path_shares(trace, path)
    limits = scalability_of(trace, links, shares)
    causes = queue_causes(trace)
    functions = breakdown_by_function(trace, causes)
    whole = breakdown_of(functions)
    return Summary(
        recording=trace.info.recording,
        name=trace.info.name,
        state=trace.info.state,
        problem=trace.info.problem,
        tasks=totals.tasks,
        attempts=totals.attempts,
        states=totals.states,
        depth=totals.depth,
        workers=totals.workers,
        cpus=totals.cpus,
        makespan_ns=totals.makespan_ns,
        work_ns=totals.work_ns,
        span_ns=limits.span_ns,
        burdened_span_ns=limits.burdened_span_ns,
        parallelism=limits.parallelism,
        speedup=totals.speedup,
        efficiency=totals.efficiency,
        phases_ns=totals.phases_ns,
        critical_path=path,
        path_shares=shares,
        limit=limits.sentence,
        queue_ns=MappingProxyType({cause.name.lower(): value for cause, value in whole.queue_ns.items()}),
        lost_ns=whole.lost_ns,
        lost_on_path_ns=lost_on_path(path, causes),
        functions=functions,
        diagnoses=diagnose(trace, ignored),
        sections=tuple(section.name for section in trace.sections),
        sources=trace.sources,
        missing=trace.missing,
        lost_events=trace.lost_events,
        nodes=len(trace.nodes),
        clock_error_ns=trace.clock_error_ns,
    )
