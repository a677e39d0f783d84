"""The collector actor: a gatherer with a clock and a lock, a thread for its own node's rings and one for the relays of the others.

One of them runs on each node on which a driver records; it needs no CPU slot, outlives the driver and is restarted when it dies.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import ray

from nestviz.collector.gatherer import Gatherer
from nestviz.collector.joiner import Joiner
from nestviz.collector.leftovers import sweep
from nestviz.collector.meeting import base_folder, read_description
from nestviz.collector.relays import Relays
from nestviz.collector.rota import ROUND_SECONDS

__all__ = ["NestvizCollector"]

_IDLE_ROUND_SECONDS = 0.5
_SYNC_SECONDS = 10.0
_DISMISS_SECONDS = 60.0
_SWEEP_SECONDS = 60.0


class NestvizCollector:
    """The actor's class. No method waits for a task of the program; `sync` and `finish` wait for the relays' answers.

    Its name keeps its methods out of recordings: they are tasks too (see `ray_record.OWN_ACTORS`).
    """

    def __init__(self, base: str) -> None:
        """Make rounds over the node's folder `base` until the process ends."""
        self._gatherer = Gatherer(Path(base))
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._relays = Relays(ray.get_runtime_context().get_node_id(), self._gatherer, self._lock)
        self._joiner = Joiner(Path(base))
        self._joiner.start()
        threading.Thread(target=self._make_rounds, name="nestviz-rounds", daemon=True).start()
        threading.Thread(target=self._visit_nodes, name="nestviz-nodes", daemon=True).start()

    def hurry(self) -> None:
        """A recording has begun: look at once."""
        self._wake.set()

    def sync(self, folder: str) -> int:
        """Take everything that the recording's processes have said until now; the journal's length in bytes."""
        self._relays.sync(_SYNC_SECONDS)
        with self._lock:
            return self._gatherer.sync(Path(folder), time.time_ns())

    def finish(self, folder: str) -> None:
        """Take the rest and close the recording as complete."""
        self._finish(Path(folder), "complete")

    def journals(self) -> list[str]:
        """Paths of the journals being written."""
        with self._lock:
            return [str(path) for path in self._gatherer.journals()]

    def problems(self) -> dict[str, str]:
        """Why a recording is not being written, by folder name, and which nodes do not answer, by node."""
        with self._lock:
            return self._gatherer.problems | self._relays.problems

    def read(self, journal: str, position: int, max_bytes: int) -> bytes:
        """Up to `max_bytes` of a journal after `position`, for readers on other machines; b"" when there is no more.

        Only journals that this collector knows as being written are served: a reader cannot ask for other files.
        """
        with self._lock:
            known = {str(path) for path in self._gatherer.journals()}
        if journal not in known:
            return b""
        with Path(journal).open("rb") as file:
            file.seek(position)
            return file.read(max_bytes)

    def _finish(self, folder: Path, state: str, reason: str = "") -> None:
        description = read_description(folder)
        with self._lock:
            self._gatherer.pull(time.time_ns())
        silent = self._relays.sync(_SYNC_SECONDS)
        missing = f"What {len(silent)} nodes said last is missing: they did not answer." if silent else ""
        with self._lock:
            self._gatherer.finish(folder, time.time_ns(), state, reason, missing)
        if description is not None:
            self._joiner.conclude(folder, description)
        self._relays.drop(folder.name)

    def _make_rounds(self) -> None:
        while True:
            with self._lock:
                try:
                    self._gatherer.pull(time.time_ns())
                    self._gatherer.problems.pop("rounds", None)
                except Exception as error:  # noqa: BLE001 - the rounds must go on whatever one recording's files hold
                    self._gatherer.problems["rounds"] = repr(error)
                is_idle = self._gatherer.is_idle
            self._wake.wait(_IDLE_ROUND_SECONDS if is_idle else ROUND_SECONDS)
            self._wake.clear()

    def _visit_nodes(self) -> None:
        busy_s = swept_s = float("-inf")
        while True:
            now_s = time.monotonic()
            try:
                if now_s - swept_s >= _SWEEP_SECONDS:
                    swept_s = now_s
                    sweep(base_folder(), time.time())
                with self._lock:
                    is_idle, orphans = self._gatherer.is_idle, self._gatherer.orphans(time.time_ns())
                for folder in orphans:
                    self._finish(folder, "interrupted", "the driver died")
                if not is_idle:
                    busy_s = now_s
                    self._relays.turn()
                elif now_s - busy_s >= _DISMISS_SECONDS:
                    busy_s = float("inf")
                    self._relays.dismiss()
                with self._lock:
                    self._gatherer.problems.pop("nodes", None)
            except Exception as error:  # noqa: BLE001 - as above
                with self._lock:
                    self._gatherer.problems["nodes"] = repr(error)
                is_idle = True
            if is_idle:
                time.sleep(_IDLE_ROUND_SECONDS)
