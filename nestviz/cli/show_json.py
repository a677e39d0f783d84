"""What `nestviz show --json` prints; the keys are promised to programs that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nestviz.cli.diagnoses import diagnoses_json

if TYPE_CHECKING:
    from nestviz.analysis.breakdown import Breakdown
    from nestviz.analysis.summary import Summary
    from nestviz.analysis.what_if import WhatIf
    from nestviz.trace.model import Trace

__all__ = ["as_json"]


def as_json(trace: Trace, summary: Summary, guess: WhatIf) -> dict[str, object]:
    """The whole summary as values that JSON knows; times in nanoseconds."""
    return {
        "recording": summary.recording,
        "name": summary.name,
        "state": summary.state,
        "reason": trace.info.reason,
        "problem": summary.problem,
        "sections": list(summary.sections),
        "sources": list(summary.sources),
        "missing": list(summary.missing),
        "tasks": summary.tasks,
        "attempts": summary.attempts,
        "states": dict(summary.states),
        "depth": summary.depth,
        "workers": summary.workers,
        "cpus": summary.cpus,
        "makespan_ns": summary.makespan_ns,
        "work_ns": summary.work_ns,
        "span_ns": summary.span_ns,
        "burdened_span_ns": summary.burdened_span_ns,
        "parallelism": summary.parallelism,
        "speedup": summary.speedup,
        "efficiency": summary.efficiency,
        "limit": summary.limit,
        "phases_ns": dict(summary.phases_ns),
        "queue_ns": dict(summary.queue_ns),
        "lost_ns": summary.lost_ns,
        "lost_on_path_ns": summary.lost_on_path_ns,
        "functions": [_function(one) for one in summary.functions],
        "critical_path": _path(trace, summary),
        "path_shares": [
            {"block": one.block, "name": one.name, "phase": one.phase.name.lower(), "time_ns": one.time_ns, "share": one.share}
            for one in summary.path_shares
        ],
        "what_if": _what_if(guess),
        "diagnoses": diagnoses_json(summary.diagnoses),
        "lost_events": summary.lost_events,
        "nodes": summary.nodes,
        "clock_error_ns": summary.clock_error_ns,
    }


def _path(trace: Trace, summary: Summary) -> list[dict[str, object]]:
    return [
        {
            "task_id": trace.rows.task_id[step.row].tobytes().hex(),
            "name": trace.name_of(step.row),
            "phase": step.phase.name.lower(),
            "begin_ns": step.begin_ns,
            "end_ns": step.end_ns,
        }
        for step in summary.critical_path
    ]


def _function(one: Breakdown) -> dict[str, object]:
    return {
        "name": one.name,
        "tasks": one.tasks,
        "attempts": one.attempts,
        "phases_ns": {phase.name.lower(): time for phase, time in one.phases_ns.items()},
        "queue_ns": {cause.name.lower(): time for cause, time in one.queue_ns.items()},
        "lost_ns": one.lost_ns,
    }


def _what_if(guess: WhatIf) -> dict[str, object]:
    tried = guess.thresholds
    return {
        "cpus": [
            {
                "cpus": point.cpus,
                "makespan_ns": point.makespan_ns,
                "lower_bound_ns": point.lower_bound_ns,
                "burdened_bound_ns": point.burdened_bound_ns,
            }
            for point in guess.curve
        ],
        "thresholds": {
            "function": tried.name,
            "points": [{"size": point.size, "makespan_ns": point.makespan_ns, "tasks": point.tasks} for point in tried.points],
            "best_size": tried.best.size if tried.best else None,
            "advice": tried.sentence,
        },
    }
