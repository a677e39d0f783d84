"""How recordings and the ids in them are made up."""

from __future__ import annotations

import re
from datetime import datetime

from nestviz.events import NIL_ID

__all__ = ["driver_task_id", "program_name", "recording_id", "safe_name"]

_MAX_NAME = 40
_NAMELESS = {"", "-c", "-m", "__main__"}


def recording_id(name: str, begin_ns: int, job_id: str) -> str:
    """NAME-YYYYMMDD-HHMMSS-JOBID in this machine's local time; `begin_ns` is Unix time."""
    stamp = datetime.fromtimestamp(begin_ns / 1e9).astimezone().strftime("%Y%m%d-%H%M%S")
    return f"{name}-{stamp}-{job_id}"


def safe_name(text: str) -> str:
    """A name for a recording that is safe in a file's name; "session" when nothing else can be made of the text."""
    kept = "" if text in _NAMELESS else re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")
    return kept[:_MAX_NAME] or "session"


def program_name(command: str) -> str:
    """What a command line runs: `prog` of "python -u prog.py 3", `mod` of "python -m pkg.mod"."""
    words = command.split()
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1].rpartition(".")[2]
    script = next((word for word in words if word.endswith(".py")), words[0] if words else "")
    return script.rpartition("/")[2].removesuffix(".py")


def driver_task_id(job_id: str) -> str:
    """Ray's id of a driver's own task (hex): all ones, then the job."""
    job = bytes.fromhex(job_id)
    return (NIL_ID[: len(NIL_ID) - len(job)] + job).hex()
