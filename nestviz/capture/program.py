"""What a recording says of the program that makes it: its name, its process, what it was started with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nestviz.collector.naming import safe_name

__all__ = ["about_program"]

_MAX_COMMAND = 1_000


def about_program() -> dict[str, object]:
    """`name` as it may stand in a file's name, `driver_pid`, and `command` as a person would type it."""
    return {"name": _name(), "driver_pid": os.getpid(), "command": _command()}


def _command() -> str:
    if sys.orig_argv[1:2] == ["-m"]:
        return " ".join(["python", *sys.orig_argv[1:]])[:_MAX_COMMAND]
    return " ".join(sys.argv)[:_MAX_COMMAND]


def _name() -> str:
    return safe_name(os.environ.get("NESTVIZ_NAME", "") or Path(sys.argv[0] if sys.argv else "").stem)
