"""`nestviz compare`: what got slower and what got faster between two recordings, for people and for CI."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from nestviz.cli.output import say, say_table
from nestviz.errors import NestvizError, TooSlow, UsageError
from nestviz.wording import count, duration, printable

if TYPE_CHECKING:
    from nestviz.analysis.comparison import Change, Comparison

__all__ = ["add_arguments", "run"]

_MOVED_ROWS = 10
_TIMES = {
    "makespan_ns": "makespan",
    "work_ns": "work",
    "span_ns": "span",
    "burdened_span_ns": "burdened span",
    "lost_ns": "lost to nesting, in all tasks",
    "lost_on_path_ns": "lost to nesting, of the makespan",
}
_COUNTS = ("tasks", "attempts", "workers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument("before", metavar="A", help="the recording to compare with: an id (or its beginning), a name, or a path")
    parser.add_argument("after", metavar="B", help="the recording that may be slower or faster")
    parser.add_argument(
        "--section", metavar="NAME", action="append", default=[], help="only that section of both; given twice, of A and of B"
    )
    parser.add_argument("--fail-if-slower", type=_share, metavar="PER CENT", help="status 1 when B takes longer by more, like 10%%")
    parser.add_argument("--json", action="store_true", help="print all of it in JSON")


def run(options: argparse.Namespace) -> int:
    """Print the comparison; raises TooSlow when B takes longer than allowed."""
    from nestviz.analysis.comparison import compare
    from nestviz.recordings import load

    sections = [None, None] if not options.section else [options.section[0], options.section[-1]]
    if len(options.section) > len(sections):
        raise UsageError("--section may be given twice at most, for A and for B")
    names = (options.before, options.after)
    found = compare(*(load(name, section=section) for name, section in zip(names, sections, strict=True)))
    if options.json:
        say(json.dumps(_as_json(found), indent=2))
    else:
        _say_all(found)
    if options.fail_if_slower is not None:
        _check(found, options.fail_if_slower)
    return 0


def _check(found: Comparison, allowed: float) -> None:
    makespan = found.makespan_ns
    for summary in (found.before, found.after):
        if not summary.tasks:
            raise NestvizError(f"{summary.recording} has no tasks: it cannot be said which is slower")
    if makespan.growth > allowed:
        raise TooSlow(
            f"{found.after.recording} took {duration(makespan.after)}, {makespan.growth:.1%} longer than {found.before.recording} "
            f"({duration(makespan.before)}); {allowed:.1%} more would be allowed"
        )


def _say_all(found: Comparison) -> None:
    say(f"A  {printable(found.before.name)}  ({found.before.recording}, {found.before.state})")
    say(f"B  {printable(found.after.name)}  ({found.after.recording}, {found.after.state})")
    say("")
    rows = [(label, *_row(found.totals[name])) for name, label in _TIMES.items()]
    rows += [(name, count(found.totals[name].before), count(found.totals[name].after), f"{found.totals[name].difference:+,}", "")
             for name in _COUNTS]  # fmt: skip
    say_table(("", "A", "B", "DIFFERENCE", ""), rows)
    say("")
    say_table(("PHASE", "A", "B", "DIFFERENCE", ""), [(name, *_row(change)) for name, change in found.phases_ns.items()])
    for title, sign in (("SLOWER", 1), ("FASTER", -1)):
        moved = [(name, phase.name.lower(), *_row(change)) for name, phase, change in found.moved if change.difference * sign > 0]
        if moved:
            say("")
            say_table((title, "PHASE", "A", "B", "DIFFERENCE", ""), moved[:_MOVED_ROWS])


def _row(change: Change) -> tuple[str, str, str, str]:
    sign = "+" if change.difference > 0 else "−" if change.difference < 0 else ""
    share = f"{change.growth:+.1%}" if change.before and change.difference else ""
    return duration(change.before), duration(change.after), f"{sign}{duration(abs(change.difference))}", share


def _as_json(found: Comparison) -> dict[str, object]:
    def both(change: Change) -> dict[str, int]:
        return {"a": change.before, "b": change.after, "difference": change.difference}

    def moved(sign: int) -> list[dict[str, object]]:
        return [
            {"function": name, "phase": phase.name.lower(), "difference_ns": change.difference}
            for name, phase, change in found.moved
            if change.difference * sign > 0
        ]

    return {
        "a": found.before.recording,
        "b": found.after.recording,
        "growth": found.makespan_ns.growth if found.makespan_ns.before else None,
        "totals": {name: both(change) for name, change in found.totals.items()},
        "phases_ns": {name: both(change) for name, change in found.phases_ns.items()},
        "functions": [
            {
                "name": one.name,
                "tasks": both(one.tasks),
                "phases_ns": {phase.name.lower(): both(change) for phase, change in one.phases_ns.items()},
            }
            for one in found.functions
        ],
        "slower": moved(1),
        "faster": moved(-1),
    }


def _share(text: str) -> float:
    number = text.strip().removesuffix("%").strip()
    try:
        share = float(number) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of per cent, like 10%")
    return share
