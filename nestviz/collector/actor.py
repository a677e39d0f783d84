"""The collector actor: a gatherer with a clock, a lock and a thread that makes its rounds.

One of them runs on each node on which a driver records; it needs no CPU slot, outlives the driver and is restarted when it dies.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from nestviz.collector.gatherer import Gatherer

__all__ = ["ROUND_SECONDS", "Collector"]

ROUND_SECONDS = 0.1
_IDLE_ROUND_SECONDS = 0.5


class Collector:
    """The actor's class. Every method is short; none of them waits for a task of the program."""

    def __init__(self, base: str) -> None:
        """Make rounds over the meeting folder `base` until the process ends."""
        self._gatherer = Gatherer(Path(base))
        self._base = Path(base)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        threading.Thread(target=self._make_rounds, name="nestviz-rounds", daemon=True).start()

    def hurry(self) -> None:
        """A recording has begun: look at once."""
        self._wake.set()

    def sync(self, folder: str) -> int:
        """Take everything that the recording's processes have said until now; the journal's length in bytes."""
        with self._lock:
            return self._gatherer.sync(Path(folder), time.time_ns())

    def finish(self, folder: str) -> None:
        """Take the rest and close the recording as complete."""
        with self._lock:
            self._gatherer.finish(Path(folder), time.time_ns())

    def journals(self) -> list[str]:
        """Paths of the journals being written."""
        with self._lock:
            return [str(path) for path in self._gatherer.journals()]

    def problems(self) -> dict[str, str]:
        """Why a recording is not being written, by folder name."""
        with self._lock:
            return dict(self._gatherer.problems)

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

    def _make_rounds(self) -> None:
        while True:
            with self._lock:
                try:
                    self._gatherer.pull(time.time_ns())
                except Exception as error:  # noqa: BLE001 - the rounds must go on whatever one recording's files hold
                    self._gatherer.problems["rounds"] = repr(error)
                is_idle = self._gatherer.is_idle
            self._wake.wait(_IDLE_ROUND_SECONDS if is_idle else ROUND_SECONDS)
            self._wake.clear()
