"""The entry of the command line, and the one place where an error becomes one line and an exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from nestviz import __version__
from nestviz.cli.commands import COMMANDS
from nestviz.cli.output import complain
from nestviz.errors import NestvizError, UsageError

__all__ = ["main"]

_INTERRUPTED = 130
_BROKEN_PIPE = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nestviz ARGV…` and return its exit status: 0, 1 (it failed), 2 (wrong usage) or 130 (interrupted)."""
    try:
        status = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except NestvizError as error:
        complain(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # who read our output went away; what is still buffered must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return status


def _run(argv: Sequence[str]) -> int:
    lines = "\n".join(f"  {entry.name:<12}{entry.help}" for entry in COMMANDS.values())
    parser = _Parser(
        prog="nestviz",
        description="See nested parallelism in Ray as it happens.",
        epilog=f"commands:\n{lines}\n\nnestviz COMMAND --help tells more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"nestviz {__version__}")
    parser.add_argument("command", metavar="COMMAND", nargs="?", default="", help="one of the commands below")
    parser.add_argument("arguments", metavar="…", nargs=argparse.REMAINDER, help="what the command takes")
    try:
        given = parser.parse_args(argv)
        entry = COMMANDS.get(given.command)
        if entry is None:
            what = f"there is no command {given.command!r}" if given.command else "a command is missing"
            raise UsageError(f"{what}; choose one of {', '.join(COMMANDS)}")
        command = entry.load()
        command_parser = _Parser(prog=f"nestviz {entry.name}", description=f"{entry.help[0].upper()}{entry.help[1:]}.")
        command.add_arguments(command_parser)
        options = command_parser.parse_args(given.arguments)
    except SystemExit as done:  # --help and --version have been answered
        return int(done.code or 0)
    return command.run(options)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all others."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")
