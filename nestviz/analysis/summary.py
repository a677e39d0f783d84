"""Everything that one line, one tile or one JSON object says of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nestviz.analysis.critical_path import PathSegment, critical_path
from nestviz.analysis.span import spans_of
from nestviz.analysis.totals import totals_of
from nestviz.trace.model import Trace

__all__ = ["Summary", "summarize"]


@dataclass(frozen=True)
class Summary:
    """Times in nanoseconds; `parallelism`, `speedup` and `efficiency` are ratios, 0 where there is nothing to divide.

    work: Σ compute. span: the longest path. parallelism: work / span. makespan: first submit to last end. speedup: work / makespan.
    efficiency: speedup / CPUs. `states` counts tasks by the state of their last attempt.
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
    sections: tuple[str, ...]
    sources: tuple[str, ...]
    missing: tuple[str, ...]
    lost_events: int
    nodes: int
    clock_error_ns: int


def summarize(trace: Trace) -> Summary:
    """The summary of a trace, or of a section of it."""
    totals, spans = totals_of(trace), spans_of(trace)
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
        span_ns=spans.span_ns,
        burdened_span_ns=spans.burdened_span_ns,
        parallelism=totals.work_ns / spans.span_ns if spans.span_ns else 0.0,
        speedup=totals.speedup,
        efficiency=totals.efficiency,
        phases_ns=totals.phases_ns,
        critical_path=critical_path(trace),
        sections=tuple(section.name for section in trace.sections),
        sources=trace.sources,
        missing=trace.missing,
        lost_events=trace.lost_events,
        nodes=len(trace.nodes),
        clock_error_ns=trace.clock_error_ns,
    )
