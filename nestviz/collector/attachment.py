"""A recording made from Ray's own record alone, of a program that knows nothing of nestviz."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Callable
from pathlib import Path

import ray

from nestviz.collector.ledger import Ledger
from nestviz.collector.naming import driver_task_id, recording_id
from nestviz.collector.ray_jobs import RunningJob
from nestviz.collector.ray_sources import Reading, read_record
from nestviz.journal.writer import JournalWriter

__all__ = ["Attachment"]

_MAX_COMMAND = 1_000


class Attachment:
    """The recording being made; readers see it as live until it is closed. Not thread-safe."""

    def __init__(
        self, job: RunningJob, name: str, home: Path, now_ns: int, read: Callable[[str], tuple[Reading, ...]] = read_record
    ) -> None:
        """Begin the journal in the folder `home`; OSError when it cannot be written."""
        begin_ns = job.begin_ns or now_ns
        self.recording = recording_id(name, now_ns, job.job_id)
        self.journal = home / f"{self.recording}.nestviz"
        self._job = job
        self._read = read
        self._writer = JournalWriter(self.journal)
        self._ledger = Ledger(self.journal)
        meta: dict[str, object] = {
            "recording": self.recording,
            "name": name,
            "job_id": job.job_id,
            "begin_ns": begin_ns,
            "clock": 0,
            "cpus": float(ray.cluster_resources().get("CPU", 0.0)) if ray.is_initialized() else 0.0,
            "driver_pid": job.pid,
            "driver_id": driver_task_id(job.job_id),
            "command": job.command[:_MAX_COMMAND],
            "is_attached": True,
            "versions": {"ray": ray.__version__, "python": platform.python_version()},
        }
        self._writer.write_meta(meta)
        self._writer.write_process(0, {"pid": job.pid, "is_driver": True, "uid": uuid.uuid4().hex})

    def read(self, now_ns: int) -> int:
        """Read Ray's record once, which takes at least a second; returns how many observations were new. OSError: none is kept."""
        return sum(self._ledger.enter(reading, now_ns) for reading in self._read(self._job.job_id))

    def close(self, end_ns: int) -> None:
        """The recording is complete."""
        self._writer.write_end("complete", end_ns)
        self._writer.close()
