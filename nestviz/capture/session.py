"""This process's part in a recording: opening it in a driver, joining it in a worker, and closing it at the end.

Nothing here raises into the user's program: without a recording, capture is off.
"""

from __future__ import annotations

import atexit
import logging
import os
import platform
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import ray

from nestviz import ray_private
from nestviz.capture.clock import monotonic_ns, offset_to_unix_ns, process_birth_ns
from nestviz.capture.program import about_program
from nestviz.capture.recorder import Recorder
from nestviz.capture.unrecorded import report_problem, withdraw_problem
from nestviz.collector.meeting import (
    Description,
    new_ring_path,
    node_folder,
    read_description,
    recordings_home,
    write_description,
)
from nestviz.collector.naming import driver_task_id, recording_id
from nestviz.collector.ring import RingWriter

__all__ = [
    "Recording",
    "active_recorder",
    "close_recording",
    "current_recording",
    "is_everything_traced",
    "is_switched_off",
    "open_recorder",
    "sync",
    "trace_everything",
]

_log = logging.getLogger("nestviz")
_DRIVER_RECORDS = 131_072
_WORKER_RECORDS = 32_768
_RETRY_NS = 500_000_000
_FINISH_SECONDS = 15.0


@dataclass(frozen=True)
class Recording:
    """The recording this driver makes."""

    recording: str
    journal: Path
    folder: Path


class _Session:
    """The process's state; one instance, replaced field by field under the lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.recorder: Recorder | None = None
        self.recording: Recording | None = None
        self.collector: object = None
        self.retry_ns = 0
        self.is_everything_traced = False


_session = _Session()


def is_switched_off() -> bool:
    """Whether NESTVIZ=0 is in the environment."""
    return os.environ.get("NESTVIZ", "") == "0"


def active_recorder() -> Recorder | None:
    """The recorder of this process if it has one already: one attribute read, for hot paths."""
    return _session.recorder


def current_recording() -> Recording | None:
    """The recording that this driver makes; None in workers and while nothing is recorded."""
    return _session.recording


def open_recorder() -> Recorder | None:
    """The recorder of this process, made at the first call; None when there is nothing to record to."""
    if _session.recorder is not None:
        return _session.recorder
    now = monotonic_ns()
    if now < _session.retry_ns or is_switched_off():
        return None
    with _session.lock:
        if _session.recorder is None:
            try:
                if not ray.is_initialized():
                    return None
                _session.recorder = _open_in_driver() if ray_private.is_driver() else _join_in_worker()
                withdraw_problem()
            except Exception as error:  # noqa: BLE001 - the program must go on whatever keeps it from being recorded
                _log.debug("not recording: %r", error)
                report_problem(error)
            if _session.recorder is None:
                _session.retry_ns = now + _RETRY_NS
    return _session.recorder


def trace_everything() -> None:
    """Say in this driver's recording that its workers record all remote functions, not only the instrumented ones."""
    _session.is_everything_traced = True


def is_everything_traced() -> bool:
    """Whether all remote functions and actors are recorded, not only the instrumented ones."""
    return _session.is_everything_traced


def sync() -> None:
    """Wait until the collector has everything said so far by all processes of this driver's recording."""
    if _session.recording is not None:
        with suppress(Exception):  # the collector may be away; the program goes on
            _ask_collector("sync")


def close_recording() -> None:
    """The driver is done: hand over the rest and close the recording. Safe to call at any time, also twice."""
    with _session.lock:
        recorder, recording = _session.recorder, _session.recording
        _session.recorder = None
        if recording is not None and ray.is_initialized():
            with suppress(Exception):  # the collector may be away; what is in the rings stays for it
                _ask_collector("finish")
        if recorder is not None:
            recorder.close()
        _session.recording = _session.collector = None
        _session.retry_ns = 0


def _ask_collector(method: str) -> None:
    from nestviz.capture.waits import plain_get

    assert _session.recording is not None
    plain_get(getattr(_session.collector, method).remote(str(_session.recording.folder)), timeout=_FINISH_SECONDS)


def _open_in_driver() -> Recorder:
    from nestviz.collector.connection import ensure_collector

    context = ray.get_runtime_context()
    job_id, node_id = context.get_job_id(), context.get_node_id()
    offset = offset_to_unix_ns()
    begin_ns = monotonic_ns() + offset
    base = node_folder(ray_private.session_name(), node_id)
    folder = base / job_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    recorder = Recorder(_new_ring(folder, job_id, node_id, _DRIVER_RECORDS))
    about = about_program()
    recording = recording_id(str(about["name"]), begin_ns, job_id)
    journal = recordings_home() / f"{recording}.nestviz"
    meta: dict[str, object] = {
        "recording": recording,
        **about,
        "job_id": job_id,
        "address": context.gcs_address,
        "begin_ns": begin_ns,
        "clock": offset,
        "cpus": float(ray.cluster_resources().get("CPU", 0.0)),
        "driver_id": driver_task_id(job_id),
        "is_cluster_own": ray_private.is_cluster_own(),
        "is_everything_traced": _session.is_everything_traced,
        "versions": {"ray": ray.__version__, "python": platform.python_version()},
    }
    write_description(folder, Description(journal, meta))
    _session.recording = Recording(recording, journal, folder)
    _session.collector = ensure_collector(base, node_id)
    _session.collector.hurry.remote()
    atexit.register(close_recording)
    return recorder


def _join_in_worker() -> Recorder:
    """Leave a ring in the job's folder of this node, whether or not anybody takes from it yet: nothing of the start is lost."""
    context = ray.get_runtime_context()
    job_id, node_id = context.get_job_id(), context.get_node_id()
    folder = node_folder(ray_private.session_name(), node_id) / job_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    description = read_description(folder)  # on the driver's node; on others the program's functions tell
    if description is not None and description.meta.get("is_everything_traced") is True:
        from nestviz.capture.hooks import install

        install()
    return Recorder(_new_ring(folder, job_id, node_id, _WORKER_RECORDS))


def _new_ring(folder: Path, job_id: str, node_id: str, records: int) -> RingWriter:
    _, path = new_ring_path(folder)
    meta: dict[str, object] = {
        "pid": os.getpid(),
        "job_id": job_id,
        "node_id": node_id,
        "worker_id": ray.get_runtime_context().get_worker_id(),
        "is_driver": ray_private.is_driver(),
        "born": process_birth_ns(),
    }
    return RingWriter(path, meta, records)


def _forget_in_child() -> None:
    """A forked child has no part in the recording: its parent goes on writing the same ring."""
    recorder = _session.recorder
    _session.__init__()  # type: ignore[misc]  # a fresh state, with a lock that no lost thread holds
    if recorder is not None:
        recorder.abandon()


os.register_at_fork(after_in_child=_forget_in_child)
