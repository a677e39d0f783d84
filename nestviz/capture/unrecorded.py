"""A process that cannot record says so where the dashboard looks, and takes it back when it can. Nothing here raises."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import ray

from nestviz import ray_private
from nestviz.capture.program import about_program
from nestviz.collector.meeting import node_folder, recordings_home
from nestviz.collector.problems import clear_problem, leave_problem, reason_of
from nestviz.errors import CaptureError

__all__ = ["report_problem", "withdraw_problem"]

_said: list[str] = []


def report_problem(error: Exception) -> None:
    """Say that this process tried to record and failed; the same reason is said once."""
    with suppress(Exception):  # the program must go on whatever keeps us from saying that
        folder = _folder()
        reason = reason_of(error, folder)
        if reason not in _said:
            _said[:] = [reason]
            leave_problem(folder, _who(), reason, _program())


def withdraw_problem() -> None:
    """Say that this process records now."""
    with suppress(Exception):  # as above
        if _said:
            _said.clear()
            clear_problem(_folder(), _who(), _program())


def _folder() -> Path:
    """The job's meeting folder on this node; where there can be none, that of the recordings."""
    context = ray.get_runtime_context()
    try:
        return node_folder(ray_private.session_name(), context.get_node_id()) / context.get_job_id()
    except (CaptureError, OSError):
        return recordings_home()


def _who() -> str:
    return f"process-{os.getpid()}"


def _program() -> dict[str, object] | None:
    """What a driver says of its program; for workers the meeting folder says it."""
    return about_program() if ray_private.is_driver() else None
