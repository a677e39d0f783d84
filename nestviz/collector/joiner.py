"""Joining Ray's own record into recordings, on threads of its own: nobody waits for it, neither a driver nor the rounds.

When a driver ends on a cluster that lives on, the record is read until it says nothing new (it lags by about a second), then the
journal is let go; the recording is complete before. A cluster that the driver started itself ends with it, and `ray.timeline()`
alone takes a second: reading it at the end would hold up the program. There it is read as the program runs, so often that it costs
at most 2 % of one CPU, and what ran in the last one or two seconds keeps its fetch in queue and its store unseen; the trace says so.
Measured on 2 cores: a reading costs 75 µs of CPU a task, so that it is made every 4 s at 1,000 tasks, every 40 s at 10,000.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from nestviz.collector.ledger import Ledger
from nestviz.collector.meeting import Description, read_description, take_join_request
from nestviz.collector.ray_sources import Reading, read_record
from nestviz.journal.writer import hold

__all__ = ["Joiner"]

_LOOK_SECONDS = 0.5
_MAX_READINGS = 6
_SHARE = 50
"""A reading that took one second of CPU is followed by so many seconds without one."""

Read = Callable[[str], tuple[Reading, ...]]


@dataclass
class _Live:
    """A recording being made: what its journal has, and when to look again."""

    description: Description
    ledger: Ledger
    due_s: float = 0.0
    size_bytes: int = -1
    lock: threading.Lock = field(default_factory=threading.Lock)


class Joiner:
    """Follows the recordings whose folders lie in `base`. Thread-safe."""

    def __init__(self, base: Path, read: Read = read_record) -> None:
        """`start` makes it work by itself; without it, `look` and `conclude` do."""
        self._base = base
        self._read = read
        self._live: dict[Path, _Live] = {}

    def start(self) -> None:
        """Look after the recordings being made until the process ends."""
        threading.Thread(target=self._watch, name="nestviz-ray-record", daemon=True).start()

    def look(self, now_s: float) -> None:
        """Read Ray's record once for each recording being made that somebody asked for or that it is time for."""
        folders = {folder for folder in self._base.iterdir() if folder.is_dir()}
        for gone in self._live.keys() - folders:
            self._live.pop(gone, None)
        for folder in folders:
            live = self._live.get(folder) or self._meet(folder)
            if live is not None and (take_join_request(folder) or self._is_due(live, now_s)):
                spent_s = time.thread_time()
                self._join(live)
                spent_s = time.thread_time() - spent_s
                live.due_s = now_s + spent_s * _SHARE
                live.size_bytes = _size_of(live.description.journal)

    def conclude(self, folder: Path, description: Description) -> None:
        """The recording has just ended: read Ray's record to its end, then let the journal go. Returns at once."""
        live = self._live.pop(folder, None) or _Live(description, Ledger(description.journal))
        if description.meta.get("is_cluster_own") is not False:
            return
        held = ExitStack()
        with suppress(OSError):  # deleted, or not writable: then there is nothing to add to
            held.enter_context(hold(description.journal))
            threading.Thread(target=self._settle, args=(live, held), name="nestviz-ray-record-end", daemon=True).start()

    def _watch(self) -> None:
        while True:
            with suppress(Exception):  # one recording's files must not keep the others from being read
                self.look(time.monotonic())
            time.sleep(_LOOK_SECONDS)

    def _settle(self, live: _Live, held: ExitStack) -> None:
        with held:
            for turn in range(_MAX_READINGS):
                if not self._join(live) and turn:
                    return

    def _join(self, live: _Live) -> int:
        """Read and write once; how many observations were new."""
        readings = self._read(str(live.description.meta.get("job_id", "")))
        with live.lock, suppress(OSError):  # the gatherer says why the journal cannot be written
            return sum(live.ledger.enter(reading, time.time_ns()) for reading in readings)
        return 0

    def _meet(self, folder: Path) -> _Live | None:
        description = read_description(folder)
        if description is not None and description.journal.exists():
            self._live[folder] = _Live(description, Ledger(description.journal))
        return self._live.get(folder)

    def _is_due(self, live: _Live, now_s: float) -> bool:
        """On a cluster that ends with its driver, when enough time has passed and something was recorded since."""
        is_own = live.description.meta.get("is_cluster_own") is not False
        return is_own and now_s >= live.due_s and _size_of(live.description.journal) != live.size_bytes


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
