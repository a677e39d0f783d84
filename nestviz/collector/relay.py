"""The relay of one node: it hands the events of the node's processes to the collector that asks, and keeps what is not confirmed.

It has no clock, no thread and no knowledge of its own: everything that must survive it is in the rings or in the journal, so that
killing it loses and doubles nothing.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import ray

from nestviz import ray_private
from nestviz.collector.meeting import node_folder
from nestviz.collector.portions import Portion, Receipt, RingFolder

__all__ = ["Batch", "NestvizRelay", "NodeRings", "Receipts"]

Receipts = Mapping[str, Mapping[str, Receipt]]
"""By job, by process: what is in the journal. The jobs named are those that the collector records."""


@dataclass(frozen=True)
class Batch:
    """What a node's processes have said, by job; `is_all` unless the batch was full before they had nothing more."""

    portions: dict[str, list[Portion]]
    is_all: bool = True


class NodeRings:
    """What a relay does, free of Ray."""

    def __init__(self, base: Path) -> None:
        """Take from the jobs' folders in the node's folder `base`."""
        self._base = base
        self._folders: dict[str, RingFolder] = {}

    def collect(self, receipts: Receipts, max_bytes: int) -> Batch:
        """Give back the room of what is confirmed, and hand out what is not; other jobs than those named are let go."""
        for job in self._folders.keys() - receipts.keys():
            self._folders.pop(job).close()
        portions: dict[str, list[Portion]] = {}
        is_all = True
        for job, confirmed in receipts.items():
            folder = self._open(job)
            if folder is None:
                continue
            folder.confirm(confirmed)
            some, is_whole = folder.take(max_bytes)
            is_all &= is_whole
            max_bytes -= sum(len(portion.payload) for portion in some)
            if some:
                portions[job] = some
        return Batch(portions, is_all)

    def drop(self, job: str) -> None:
        """The job's recording is closed: what is still written here for it has no reader any more."""
        if self._open(job) is not None:
            shutil.rmtree(self._base / job, ignore_errors=True)
            self._folders.pop(job).close()

    def _open(self, job: str) -> RingFolder | None:
        if job not in self._folders:
            with suppress(OSError):  # nobody has said anything here yet, or another reader is just leaving
                self._folders[job] = RingFolder(self._base / job)
        return self._folders.get(job)


class NestvizRelay:
    """The actor's class; it is named as `NestvizCollector` is, and for the same reason."""

    def __init__(self) -> None:
        context = ray.get_runtime_context()
        self._rings = NodeRings(node_folder(ray_private.session_name(), context.get_node_id()))

    def collect(self, receipts: Receipts, max_bytes: int) -> Batch:
        """See NodeRings.collect; up to about `max_bytes`."""
        return self._rings.collect(receipts, max_bytes)

    def drop(self, job: str) -> None:
        """See NodeRings.drop."""
        self._rings.drop(job)

    def read_clock(self) -> int:
        """This node's monotonic counter in nanoseconds, the one that its processes record."""
        return time.perf_counter_ns()
