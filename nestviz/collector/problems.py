"""Why a program that runs is not recorded: small files beside its rings, left by whoever has the problem, read by whoever lists.

A file disappears with the problem; one whose program is gone counts for nothing and is cleared away by its readers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nestviz.collector.meeting import base_folder, read_description, recordings_home
from nestviz.errors import NestvizError

__all__ = ["Problem", "clear_problem", "current_problems", "leave_problem", "reason_of"]

_SUFFIX = ".problem"
_MEMORY = Path("/dev/shm")  # noqa: S108 - in a private folder, and owners are checked


@dataclass(frozen=True)
class Problem:
    """A program, its process id, and what keeps it from being recorded."""

    program: str
    pid: int
    reason: str


def reason_of(error: BaseException, path: Path) -> str:
    """An error in words; one of the operating system names the file that it is about, or else `path`."""
    if isinstance(error, OSError):
        return f"cannot write {error.filename or path}: {error.strerror or error}"
    return str(error) or type(error).__name__


def leave_problem(folder: Path, who: str, reason: str, meta: Mapping[str, object] | None = None) -> None:
    """Say it in the meeting folder, or, where that is impossible, among the recordings or in memory; never raises.

    `who` has the problem: one file for each. `meta` is the recording's (default: the one described in the folder).
    """
    with suppress(Exception):  # there may be no room for this either
        meta = _meta(folder) if meta is None else meta
        pid = _pid(meta)
        said = {"program": _program(meta), "pid": pid, "birth": _birth(pid), "reason": reason}
        for path in _places(folder, f"{who}-{pid}{_SUFFIX}"):
            if _write(path, json.dumps(said)):
                return


def clear_problem(folder: Path, who: str, meta: Mapping[str, object] | None = None) -> None:
    """The problem is no more; never raises."""
    with suppress(Exception):  # as above
        for path in _places(folder, f"{who}-{_pid(_meta(folder) if meta is None else meta)}{_SUFFIX}"):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def current_problems() -> tuple[Problem, ...]:
    """The problems of programs that run on this machine now, each once, in order of their process ids."""
    found: set[Problem | None] = set()
    with suppress(NestvizError, OSError):
        for place in _places(base_folder(), ""):
            found |= {_read(path) for path in place.rglob("*" + _SUFFIX)}
    return tuple(sorted((one for one in found if one is not None), key=lambda problem: (problem.pid, problem.reason)))


def _places(folder: Path, name: str) -> tuple[Path, ...]:
    """Where a file of that name may be; the last is on no disk."""
    return folder / name, recordings_home() / name, _MEMORY / f"nestviz-{os.getuid()}" / name


def _write(path: Path, text: str) -> bool:
    draft = path.with_suffix(".draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.write_text(text, encoding="utf-8")
        draft.rename(path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        return False
    return True


def _read(path: Path) -> Problem | None:
    try:
        if path.lstat().st_uid != os.getuid():
            return None
        said = json.loads(path.read_text(encoding="utf-8"))
        problem, birth = Problem(str(said["program"]), int(said["pid"]), str(said["reason"])), str(said["birth"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if _is_alive(problem.pid, birth):
        return problem
    with suppress(OSError):
        path.unlink()
    return None


def _meta(folder: Path) -> Mapping[str, object]:
    description = read_description(folder)
    return description.meta if description is not None else {}


def _pid(meta: Mapping[str, object]) -> int:
    return int(str(meta.get("driver_pid", 0)))


def _program(meta: Mapping[str, object]) -> str:
    """The script's file name, or the recording's name where there is no script."""
    words = str(meta.get("command", "")).split()
    return str(meta.get("name", "")) if not words or words[:2] == ["python", "-m"] else Path(words[0]).name


def _is_alive(pid: int, birth: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is somebody else's
    return _birth(pid) == birth


def _birth(pid: int) -> str:
    """When the process was started, in the kernel's ticks, so that a number that is used again is not taken for it; "" if gone."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    return "" if state in {"Z", "X"} else fields[18]
