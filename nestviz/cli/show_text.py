"""What `nestviz show` prints for people, part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nestviz.cli.diagnoses import say_diagnoses
from nestviz.cli.output import say, say_table
from nestviz.events import Phase
from nestviz.wording import count, duration, printable

if TYPE_CHECKING:
    from nestviz.analysis.summary import Summary
    from nestviz.analysis.what_if import WhatIf
    from nestviz.trace.model import Trace

__all__ = ["say_summary"]

_FUNCTION_ROWS = 12
_SHARE_ROWS = 8
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
_CAUSE_MEANINGS = {
    "dependencies": "for results that are arguments",
    "cpu": "for a CPU, all of them taken by these tasks",
    "worker": "for a worker process, mostly a new one",
    "cap": "held back by Ray's worker cap",
    "unknown": "on the way, or for reasons not seen here",
}


def say_summary(trace: Trace, summary: Summary, guess: WhatIf) -> None:
    """Print all parts that have something to say."""
    _say_head(trace, summary)
    _say_phases(summary)
    _say_functions(summary)
    _say_shares(summary)
    _say_path(trace, summary)
    _say_what_if(summary, guess)
    say_diagnoses(summary.diagnoses)


def _say_head(trace: Trace, summary: Summary) -> None:
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
    if summary.limit:
        say(f"limit        {printable(summary.limit)}")
    say(f"nesting      cost {duration(summary.lost_on_path_ns)} of the makespan, {duration(summary.lost_ns)} in all tasks")
    if summary.lost_events:
        say(f"lost         {count(summary.lost_events)} events found no room and are missing here")
    for sentence in summary.missing:
        say(f"not known    {printable(sentence)}")


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
    queued = sum(summary.queue_ns.values())
    if queued:
        causes = ((name, time) for name, time in summary.queue_ns.items() if time)
        rows = [(name, duration(time), f"{time / queued:.1%}", _CAUSE_MEANINGS[name]) for name, time in causes]
        say("")
        say_table(("QUEUED", "TIME", "SHARE", "OF ALL TIME IN THE QUEUE"), rows)


def _say_functions(summary: Summary) -> None:
    shown = summary.functions[:_FUNCTION_ROWS]
    if not shown:
        return
    rows = [
        (
            one.name,
            count(one.tasks),
            duration(one.life_ns),
            *(f"{time / one.life_ns:.0%}" if time else "–" for time in one.phases_ns.values()),
            duration(one.lost_ns),
        )
        for one in shown
    ]
    say("")
    say_table(("FUNCTION", "TASKS", "LIVES", *(phase.name for phase in Phase), "LOST"), rows)
    if len(summary.functions) > len(shown):
        say(f"… and {count(len(summary.functions) - len(shown))} more")


def _say_shares(summary: Summary) -> None:
    shown = summary.path_shares[:_SHARE_ROWS]
    if not shown:
        return
    rows = [
        (f"{one.block} in {one.name}" if one.block else one.name, one.phase.name.lower(), duration(one.time_ns), f"{one.share:.1%}")
        for one in shown
    ]
    say("")
    say_table(("CRITICAL PATH", "PHASE", "TIME", "SHARE"), rows)


def _say_what_if(summary: Summary, guess: WhatIf) -> None:
    if not guess.curve:
        if summary.attempts:
            say("")
            say(f"what if: {count(summary.attempts)} tasks are too many to simulate here; --section picks a part")
        return
    say("")
    say(f"what if (simulated from this recording; measured: {duration(summary.makespan_ns)} on {summary.cpus:g} CPUs)")
    rows = [
        (str(point.cpus), duration(point.makespan_ns), duration(point.lower_bound_ns), duration(point.burdened_bound_ns))
        for point in guess.curve
    ]
    say_table(("CPUS", "PREDICTED", "NOT BELOW", "BURDENED BOUND"), rows)
    if guess.thresholds.sentence:
        say("")
        say(printable(guess.thresholds.sentence))


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
