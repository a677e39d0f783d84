"""`nestviz show`: what a recording says in a terminal: states, limits, phases by function, the critical path, what would help."""

from __future__ import annotations

import argparse
import json

from nestviz.cli.diagnoses import add_ignore, ignored_ids
from nestviz.cli.output import say
from nestviz.cli.stalls import say_stall, stall_as_json

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument("recording", metavar="RECORDING", help="an id (or its beginning), a name, or the path of a journal")
    parser.add_argument("--section", metavar="NAME", help="only the tasks of that section")
    add_ignore(parser)
    parser.add_argument("--json", action="store_true", help="print all of it in JSON")


def run(options: argparse.Namespace) -> int:
    """Print the summary."""
    from nestviz.analysis.stall import find_stall
    from nestviz.analysis.summary import summarize
    from nestviz.analysis.what_if import what_if
    from nestviz.cli.show_json import as_json
    from nestviz.cli.show_text import say_summary
    from nestviz.recordings import is_unrecorded, load

    ignored = ignored_ids(options)
    whole = load(options.recording)
    if is_unrecorded(whole.info.driver_pid):
        ignored |= {"stalled"}
    stall = None if "stalled" in ignored else find_stall(whole)
    trace = whole if options.section is None else whole.section_named(options.section)
    summary, guess = summarize(trace, ignored), what_if(trace)
    if options.json:
        say(json.dumps({**as_json(trace, summary, guess), "stall": stall and stall_as_json(whole, stall)}, indent=2))
    else:
        say_summary(trace, summary, guess)
        if stall is not None:
            say_stall(whole, stall)
    return 0
