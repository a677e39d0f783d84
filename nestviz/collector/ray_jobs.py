"""Which programs run on the cluster: from the State API where Ray's dashboard runs, else from Ray's table of jobs."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

import ray

from nestviz import ray_private

__all__ = ["RunningJob", "running_jobs"]

_OURS = re.compile(r"nestviz(\.launch\.cluster_host|\s+attach)\b")
_LIMIT = 10_000


@dataclass(frozen=True)
class RunningJob:
    """One driver. `begin_ns` is Unix time, 0 when it is not known; `pid` likewise."""

    job_id: str
    pid: int = 0
    command: str = ""
    begin_ns: int = 0


def running_jobs() -> tuple[RunningJob, ...]:
    """The jobs that run now, without this one, other `nestviz attach` and the hosts of nestviz's own clusters, in order of their ids.

    Raises whatever Ray raises when it does not tell.
    """
    try:
        jobs = _from_state_api()
    except Exception:  # noqa: BLE001 - it needs Ray's dashboard, and says in many ways that there is none
        jobs = _from_table()
    own = ray.get_runtime_context().get_job_id()
    return tuple(sorted((job for job in jobs if job.job_id != own and not _OURS.search(job.command)), key=lambda job: job.job_id))


def _from_table() -> list[RunningJob]:
    return [
        RunningJob(str(row["JobID"]), int(row["DriverPid"]), str(row["Entrypoint"]), int(row["StartTime"]) * 1_000_000)
        for row in ray_private.jobs()
        if not row["IsDead"]
    ]


def _from_state_api() -> list[RunningJob]:
    from ray.util.state import list_jobs

    logging.getLogger("ray").setLevel(logging.CRITICAL)
    found = list_jobs(ray.get_runtime_context().gcs_address, limit=_LIMIT, raise_on_missing_output=False)
    return [
        RunningJob(job.job_id, int(job.driver_info.pid), job.entrypoint or "", (job.start_time or 0) * 1_000_000)
        for job in found
        if job.job_id and job.status == "RUNNING"
    ]
