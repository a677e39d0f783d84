"""Recording a program that runs already, with no nestviz in it, from Ray's own record."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from nestviz.collector.attachment import Attachment
from nestviz.collector.naming import program_name, safe_name
from nestviz.collector.ray_jobs import RunningJob, running_jobs
from nestviz.errors import LaunchError, UsageError
from nestviz.recordings import home

__all__ = ["attach", "choose_job"]

_MAX_LAST_READINGS = 6
_MAX_SHOWN = 5


def choose_job(jobs: tuple[RunningJob, ...], wanted: str | None) -> RunningJob:
    """The job to record. LaunchError when there is none to choose, UsageError when it must be said which one."""
    if not jobs:
        raise LaunchError("no program runs on this cluster" if wanted is None else f"no job {wanted} runs: no program does")
    if wanted is None and len(jobs) == 1:
        return jobs[0]
    for job in jobs:
        if job.job_id == wanted:
            return job
    some = ", ".join(f"{job.job_id} ({program_name(job.command) or 'unknown'})" for job in jobs[:_MAX_SHOWN])
    more = f" and {len(jobs) - _MAX_SHOWN} more" if len(jobs) > _MAX_SHOWN else ""
    problem = f"{len(jobs)} jobs run" if wanted is None else f"no job {wanted} runs"
    raise UsageError(f"{problem}; choose one with --job: {some}{more}")


def attach(
    wanted: str | None, name: str | None, interval_s: float, *, is_once: bool, on_begin: Callable[[str, RunningJob], None]
) -> None:
    """Record a job until it ends, somebody interrupts, or, with `is_once`, after one look. This process is connected to Ray.

    `on_begin` is told the recording's id and the job. Raises UsageError and LaunchError as `choose_job` does, and LaunchError when
    the recording cannot be written.
    """
    job = choose_job(_running(), wanted)
    try:
        recording = Attachment(job, safe_name(name or program_name(job.command)), home(), time.time_ns())
        try:
            with suppress(KeyboardInterrupt):
                on_begin(recording.recording, job)
                _follow(recording, job, interval_s, is_once=is_once)
        finally:
            recording.close(time.time_ns())
    except OSError as error:
        raise LaunchError(f"cannot write the recording in {home()}: {error.strerror or error}") from error


def _follow(recording: Attachment, job: RunningJob, interval_s: float, *, is_once: bool) -> None:
    try:
        recording.read(time.time_ns())
        while not is_once and any(other.job_id == job.job_id for other in _running()):
            time.sleep(interval_s)
            recording.read(time.time_ns())
    except KeyboardInterrupt:
        recording.read(time.time_ns())  # a second interrupt ends this too
        return
    for _ in range(0 if is_once else _MAX_LAST_READINGS):  # Ray's record lags
        if not recording.read(time.time_ns()):
            break


def _running() -> tuple[RunningJob, ...]:
    try:
        return running_jobs()
    except Exception as error:
        raise LaunchError(f"Ray does not tell which jobs run: {type(error).__name__}: {error}") from error
