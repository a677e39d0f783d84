"""`nestviz run`: an unmodified Ray program, recorded, in a process of its own."""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

from nestviz.errors import UsageError
from nestviz.launch.program import START

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument("--name", metavar="NAME", help="the recording's name (default: the program's)")
    parser.add_argument("-m", dest="module", metavar="MODULE", help="run a module instead of a script")
    parser.add_argument("program", metavar="SCRIPT", nargs="?", help="the program")
    parser.add_argument("arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="what the program takes")


def run(options: argparse.Namespace) -> int:
    """Run it; returns its exit status. Signals go to the program, which decides what they mean."""
    target = _target(options)
    environment = dict(os.environ)
    parent = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(p for p in (parent, environment.get("PYTHONPATH", "")) if p)
    if options.name:
        environment["NESTVIZ_NAME"] = options.name
    elif options.module:
        environment["NESTVIZ_NAME"] = options.module.rpartition(".")[2]
    command = [sys.executable, *_interpreter_flags(), "-c", START, *target]
    program = subprocess.Popen(command, env=environment)  # noqa: S603 - the person's program
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda number, _: _forward(program, number))
    status = program.wait()
    return 128 - status if status < 0 else status


def _interpreter_flags() -> list[str]:
    """What stands before `-m nestviz` in `python -O -W ignore -m nestviz run …` is meant for the program."""
    before, _, after = (" ".join(sys.orig_argv[1:])).partition("-m nestviz run")
    return before.split() if after else []


def _forward(program: subprocess.Popen[bytes], number: int) -> None:
    """The terminal sends Ctrl-C to the program itself as well; it then arrives only once."""
    if number != signal.SIGINT or not sys.stdin.isatty():
        program.send_signal(number)


def _target(options: argparse.Namespace) -> list[str]:
    if options.module:
        # what argparse took for the script is the module's first argument
        rest = [*([options.program] if options.program else []), *options.arguments]
        if importlib.util.find_spec(options.module.partition(".")[0]) is None and not Path(options.module.partition(".")[0]).exists():
            raise UsageError(f"there is no module {options.module}")
        return ["-m", options.module, *rest]
    if not options.program:
        raise UsageError("a script is missing (see nestviz run --help)")
    if not Path(options.program).is_file():
        raise UsageError(f"there is no script {options.program}")
    return [options.program, *options.arguments]
