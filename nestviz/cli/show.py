"""`nestviz show`: what a recording says in a terminal: states, depth, work, makespan, phases, the critical path."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from nestviz.cli.output import say, say_table
from nestviz.cli.stalls import say_stall, stall_as_json
from nestviz.wording import count, duration, printable

if TYPE_CHECKING:
    from nestviz.analysis.summary import Summary
    from nestviz.trace.model import Trace

__all__ = ["add_arguments", "run"]

_PATH_ROWS = 12
_PHASE_MEANINGS = {
    "submit": "handing the call over: arguments serialized in the parent",
    "queue": "waiting for a slot or for a worker process to start",
    "fetch": "fetching the arguments",
    "compute": "the tasks' own work",
    "spawn": "inside .remote() of children",
    "blocked": "inside ray.get or ray.wait until the results exist",
    "receive": "fetching and deserializing results",
    "store": "serializing the return value",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument("recording", metavar="RECORDING", help="an id (or its beginning), a name, or the path of a journal")
    parser.add_argument("--section", metavar="NAME", help="only the tasks of that section")
    parser.add_argument("--json", action="store_true", help="print all of it in JSON")


def run(options: argparse.Namespace) -> int:
    """Print the summary."""
    from nestviz.analysis.stall import find_stall
    from nestviz.analysis.summary import summarize
    from nestviz.recordings import is_unrecorded, load

    whole = load(options.recording)
    stall = None if is_unrecorded(whole.info.driver_pid) else find_stall(whole)
    trace = whole if options.section is None else whole.section_named(options.section)
    summary = summarize(trace)
    if options.json:
        say(json.dumps({**_as_json(trace, summary), "stall": stall and stall_as_json(whole, stall)}, indent=2))
    else:
        _say_summary(trace, summary)
        if stall is not None:
            say_stall(whole, stall)
    return 0


def _as_json(trace: Trace, summary: Summary) -> dict[str, object]:
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
        "phases_ns": dict(summary.phases_ns),
        "critical_path": [
            {
                "task_id": trace.rows.task_id[step.row].tobytes().hex(),
                "name": trace.name_of(step.row),
                "phase": step.phase.name.lower(),
                "begin_ns": step.begin_ns,
                "end_ns": step.end_ns,
            }
            for step in summary.critical_path
        ],
        "lost_events": summary.lost_events,
        "nodes": summary.nodes,
        "clock_error_ns": summary.clock_error_ns,
    }


def _say_summary(trace: Trace, summary: Summary) -> None:
    because = f": {printable(trace.info.reason)}" if trace.info.reason else ""
    say(f"{printable(summary.name)}  ({summary.recording}, {summary.state}{because})")
    if summary.problem:
        say(printable(summary.problem))
    if summary.sections:
        say("sections     " + ", ".join(printable(name) for name in summary.sections))
    say("sources      " + ", ".join(summary.sources))
    states = ", ".join(f"{count(number)} {state}" for state, number in summary.states.items() if number)
    say(f"tasks        {count(summary.tasks)}{f' ({states})' if states else ''}")
    if summary.attempts != summary.tasks:
        say(f"attempts     {count(summary.attempts)}")
    say(f"depth        {count(summary.depth)}")
    nodes = f" of {count(summary.nodes)} nodes" if summary.nodes > 1 else ""
    say(f"workers      {count(summary.workers)} processes on {summary.cpus:g} CPUs{nodes}")
    if summary.clock_error_ns:
        say(f"clocks       times on other nodes than the driver's may be off by {duration(summary.clock_error_ns)}")
    say(f"makespan     {duration(summary.makespan_ns)}")
    say(f"work         {duration(summary.work_ns)}  (speedup {summary.speedup:.2f}, efficiency {summary.efficiency:.0%})")
    say(f"span         {duration(summary.span_ns)}  (burdened {duration(summary.burdened_span_ns)})")
    say(f"parallelism  {summary.parallelism:.2f}")
    if summary.lost_events:
        say(f"lost         {count(summary.lost_events)} events found no room and are missing here")
    for sentence in summary.missing:
        say(f"not known    {printable(sentence)}")
    _say_phases(summary)
    _say_path(trace, summary)


def _say_phases(summary: Summary) -> None:
    whole = sum(summary.phases_ns.values())
    if not whole:
        return
    say("")
    rows = [
        (phase, duration(time), f"{time / whole:.1%}", _PHASE_MEANINGS[phase])
        for phase, time in summary.phases_ns.items()
        if time
    ]
    say_table(("PHASE", "TIME", "SHARE", "OF ALL TASKS' LIVES"), rows)


def _say_path(trace: Trace, summary: Summary) -> None:
    path = summary.critical_path
    if not path:
        return
    longest = sorted(path, key=lambda step: step.begin_ns - step.end_ns)[:_PATH_ROWS]
    shown = sorted(longest, key=lambda step: step.begin_ns)
    say("")
    left_out = len(path) - len(shown)
    say(f"critical path, {'its longest stretches' if left_out else 'whole'}, in time order:")
    rows = [
        (
            duration(step.begin_ns - trace.begin_ns) if step.begin_ns > trace.begin_ns else "0",
            duration(step.end_ns - step.begin_ns),
            f"{(step.end_ns - step.begin_ns) / max(summary.makespan_ns, 1):.1%}",
            step.phase.name.lower(),
            trace.name_of(step.row),
        )
        for step in shown
    ]
    say_table(("AT", "TIME", "SHARE", "PHASE", "TASK"), rows)
    if left_out:
        say(f"… and {count(left_out)} shorter ones")
