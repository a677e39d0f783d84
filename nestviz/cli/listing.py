"""`nestviz list`: the recordings, live ones first, then the newest."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone

from nestviz.cli.output import complain, say, say_table

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument("--json", action="store_true", help="print a list in JSON")


def run(options: argparse.Namespace) -> int:
    """Print the recordings, and on standard error what runs without being recorded."""
    from nestviz.recordings import Catalogue, home, unrecorded_programs

    entries = Catalogue(home()).entries()
    if options.json:
        rows = [
            {"recording": e.recording, "name": e.name, "state": e.state, "begin_ns": e.begin_ns, "tasks": e.tasks} for e in entries
        ]
        say(json.dumps(rows, indent=2))
    elif entries:
        say_table(
            ("RECORDING", "NAME", "STATE", "BEGAN", "TASKS"),
            [(e.recording, e.name, e.state, _local_time(e.begin_ns), str(e.tasks)) for e in entries],
        )
    else:
        say(f"There are no recordings in {home()} yet. nestviz demo quicksort makes one.")
    for sentence in unrecorded_programs():
        complain(sentence)
    return 0


def _local_time(unix_ns: int) -> str:
    if unix_ns <= 0:
        return "unknown"
    return datetime.fromtimestamp(unix_ns / 1e9, tz=timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M:%S")
