"""How many tasks a journal names, without folding it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nestviz.events import RECORD_BYTES, TENTATIVE, EventKind
from nestviz.trace.joins import id_keys
from nestviz.trace.store import RECORD_TYPE

__all__ = ["TaskCounter"]


class TaskCounter:
    """Counts different tasks over batches of records; a task counts once however often it was tried."""

    def __init__(self) -> None:
        self._keys: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._fresh: list[NDArray[np.uint64]] = []

    def add(self, payload: bytes) -> None:
        """Take a batch of records; what is no whole record at its end is passed over."""
        raw = np.frombuffer(payload, RECORD_TYPE, count=len(payload) // RECORD_BYTES)
        is_call = (raw["kind"] == EventKind.SUBMIT) & ((raw["flags"] & TENTATIVE) == 0)
        is_attempt = np.isin(raw["kind"], [EventKind.START, EventKind.RAY_TASK])
        self._fresh.append(id_keys(raw["id"][is_call | is_attempt]))

    @property
    def count(self) -> int:
        """Different tasks so far."""
        if self._fresh:
            self._keys = np.unique(np.concatenate([self._keys, *self._fresh]))
            self._fresh = []
        return len(self._keys)
