"""What a journal has of Ray's own record: each reading adds what is new in it, as the events of a process that is made up for it."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

from nestviz.collector.observation import records_of
from nestviz.collector.ray_sources import Reading
from nestviz.journal.writer import append_process

__all__ = ["Ledger"]

_MADE_UP = 1 << 30
"""Numbers of made-up processes lie above those of real ones, which are counted from 0, and are drawn by lot: no writer of the
journal needs to know the others. The fold takes what was written twice once."""


class Ledger:
    """For one journal, which must exist. Not thread-safe."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self._written: set[int] = set()
        self._said: dict[str, tuple[str, str]] = {}

    def enter(self, reading: Reading, at_ns: int) -> int:
        """Append the observations of a reading made at `at_ns` that the journal has not; returns how many. OSError: none are in it.

        A reading without any is noted too when it says of its source what the one before has not said: that it cannot be used.
        """
        fresh = [seen for seen in dict.fromkeys(reading.observations) if hash(seen) not in self._written]
        word = (reading.problem, reading.cut)
        if not fresh and word == self._said.get(reading.source):
            return 0
        meta: dict[str, object] = {
            "source": reading.source,
            "at_ns": at_ns,
            "problem": reading.problem,
            "cut": reading.cut,
            "uid": uuid.uuid4().hex,
        }
        append_process(self.journal, _MADE_UP | random.getrandbits(30), meta, records_of(fresh))
        self._written.update(hash(seen) for seen in fresh)
        self._said[reading.source] = word
        return len(fresh)
