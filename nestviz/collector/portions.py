"""What travels from the rings of one folder to a journal: portions, which stay in the rings until they are known to be written.

The same reader serves the collector on its own node and the relays on all others. A portion may be handed out any number of times:
it carries its place among its process's records, so whoever writes the journal takes each record once.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nestviz.collector.meeting import RING_SUFFIX
from nestviz.collector.ring import RingReader
from nestviz.events import RECORD_BYTES
from nestviz.journal.format import pack

__all__ = ["Portion", "Receipt", "RingFolder"]

_MAX_RECORDS = 65_536


@dataclass(frozen=True)
class Portion:
    """Consecutive records of one process, packed as a journal's chunk holds them.

    `meta` is what the process says of itself, left out once it has been noted. `first` is the number of the first record, `dropped`
    counts those that the process could not place until now. After a portion that `is_last` nothing more can come.
    """

    uid: str
    meta: dict[str, object]
    first: int
    count: int
    codec: int
    payload: bytes
    dropped: int
    is_last: bool


class Receipt(NamedTuple):
    """What the journal holds of one process: the number of the record it wants next, the drops it knows of, and its death."""

    next_record: int
    dropped: int = 0
    is_gone: bool = False


class _Outlet:
    """One ring, and what of it is known to be in the journal beside the records."""

    def __init__(self, ring: RingReader) -> None:
        self.ring = ring
        self.meta = ring.meta
        self.is_driver = self.meta.get("is_driver") is True
        self.is_noted = False
        self.dropped = 0

    def portions(self, uid: str) -> Iterator[Portion]:
        """All that is not yet confirmed. A driver's ring has no end before its recording has one."""
        ring = self.ring
        is_alive = self.is_driver or ring.is_writer_alive  # asked first: what a dead process said is all there afterwards
        first, dropped = ring.taken, ring.dropped
        records = ring.peek(first)
        step = _MAX_RECORDS * RECORD_BYTES
        if not records and is_alive and self.is_noted and dropped == self.dropped:
            return
        for begin in range(0, len(records) or 1, step):
            part = records[begin : begin + step]
            count = len(part) // RECORD_BYTES
            is_last = not is_alive and begin + step >= len(records)
            yield Portion(uid, {} if self.is_noted else self.meta, first, count, *pack(part), dropped, is_last)
            first += count

    def confirm(self, receipt: Receipt) -> bool:
        """Forget what the journal has; True when that was the last of a dead process."""
        self.is_noted, self.dropped = True, receipt.dropped
        self.ring.release(max(receipt.next_record, self.ring.taken))
        return receipt.is_gone and not self.ring.is_writer_alive and self.ring.taken >= self.ring.written


class RingFolder:
    """The rings of one job on one node. A lock on the folder makes this the only reader, and says that somebody takes from it."""

    def __init__(self, folder: Path) -> None:
        """BlockingIOError when another reader has the folder, another OSError when it is not there."""
        self.folder = folder
        self._outlets: dict[str, _Outlet] = {}
        self._lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise

    @property
    def has_living_driver(self) -> bool:
        """Whether the process whose recording this is lives."""
        return any(outlet.is_driver and outlet.ring.is_writer_alive for outlet in self._outlets.values())

    @property
    def has_living_writer(self) -> bool:
        """Whether any process still writes here."""
        self._discover()
        return any(outlet.ring.is_writer_alive for outlet in self._outlets.values())

    def take(self, max_bytes: int = 1 << 62) -> tuple[list[Portion], bool]:
        """What is not yet confirmed, and whether that is all of it: no more is begun once there are `max_bytes`."""
        self._discover()
        portions: list[Portion] = []
        room = max_bytes
        for uid in list(self._outlets):
            for portion in self._outlets[uid].portions(uid):
                if room <= 0:
                    return portions, False
                portions.append(portion)
                room -= len(portion.payload)
            self._outlets[uid] = self._outlets.pop(uid)  # who has been served goes to the end of the queue
        return portions, True

    def confirm(self, receipts: Mapping[str, Receipt]) -> None:
        """The journal has this much of these processes: give the room back, and clear dead ones away."""
        for uid, receipt in receipts.items():
            outlet = self._outlets.get(uid)
            if outlet is not None and outlet.confirm(receipt):
                outlet.ring.close()
                outlet.ring.path.unlink(missing_ok=True)
                del self._outlets[uid]

    def close(self) -> None:
        """Let go of the rings and of the folder."""
        for outlet in self._outlets.values():
            outlet.ring.close()
        self._outlets.clear()
        os.close(self._lock)

    def _discover(self) -> None:
        for path in self.folder.glob("*" + RING_SUFFIX):
            if path.stem not in self._outlets:
                try:
                    self._outlets[path.stem] = _Outlet(RingReader(path))
                except (OSError, ValueError):
                    continue
