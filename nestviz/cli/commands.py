"""The table of commands. To add one, write its module (the two functions of `Command`) and its row here."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

__all__ = ["COMMANDS", "Command", "Entry"]


class Command(Protocol):
    """What a command's module holds."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say which arguments it takes."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it and return the exit status; raises NestvizError for what a person can mend."""


@dataclass(frozen=True)
class Entry:
    """One row: the command's name, what it does in a line, and the module, which is loaded when the command is given."""

    name: str
    help: str
    module: str

    def load(self) -> Command:
        """The command itself."""
        return cast("Command", import_module(self.module))


_TABLE = (
    Entry("demo", "run a workload over several sizes, sequential against distributed", "nestviz.cli.demo"),
    Entry("run", "run an unmodified Ray program and record it", "nestviz.cli.run"),
    Entry("attach", "record a program that runs already, from Ray's own record", "nestviz.cli.attach"),
    Entry("list", "list the recordings", "nestviz.cli.listing"),
    Entry("show", "summarise a recording: where the time went", "nestviz.cli.show"),
    Entry("compare", "compare two recordings: what got slower, what got faster", "nestviz.cli.compare"),
    Entry("dashboard", "start the dashboard in the browser", "nestviz.cli.dashboard"),
)

COMMANDS: dict[str, Entry] = {entry.name: entry for entry in _TABLE}
