"""What a list of recordings shows of each: read from the journal without folding it, and only what was added since the last look."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nestviz.errors import JournalError
from nestviz.events import EventKind
from nestviz.journal.format import Chunk, ChunkKind
from nestviz.journal.reader import JournalReader, is_being_written
from nestviz.trace.joins import id_keys
from nestviz.trace.store import RECORD_TYPE

__all__ = ["Entry", "Glance"]


@dataclass(frozen=True)
class Entry:
    """One recording in the catalogue. `begin_ns` is Unix time; `tasks` counts tasks, not attempts."""

    recording: str
    name: str
    state: str
    begin_ns: int
    tasks: int
    path: Path
    size_bytes: int


class Glance:
    """A growing view of one journal's outside."""

    def __init__(self, path: Path) -> None:
        """JournalError when the file is no journal."""
        self._reader = JournalReader(path)
        self._path = path
        self._keys: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._meta: dict[str, object] = {}
        self._name = ""
        self._state = ""

    def entry(self) -> Entry:
        """What is there now."""
        fresh = [self._keys]
        for chunk in self._reader.chunks():
            if chunk.kind == ChunkKind.EVENTS:
                fresh.append(_task_keys(chunk))
            elif chunk.kind == ChunkKind.META:
                self._meta = _object(chunk.payload)
            elif chunk.kind == ChunkKind.NAME:
                self._name = chunk.payload.decode("utf-8", "replace")
            elif chunk.kind == ChunkKind.END:
                self._state = str(_object(chunk.payload).get("state", "complete"))
        if len(fresh) > 1:
            self._keys = np.unique(np.concatenate(fresh))
        begin = self._meta.get("begin_ns")
        return Entry(
            recording=self._path.stem,
            name=self._name or str(self._meta.get("name", self._path.stem)),
            state=self._state or ("live" if is_being_written(self._path) else "interrupted"),
            begin_ns=begin if isinstance(begin, int) else 0,
            tasks=len(self._keys),
            path=self._path,
            size_bytes=self._path.stat().st_size,
        )

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()


def _task_keys(chunk: Chunk) -> NDArray[np.uint64]:
    raw = np.frombuffer(chunk.payload, RECORD_TYPE, count=len(chunk.payload) // RECORD_TYPE.itemsize)
    return np.unique(id_keys(raw["id"][(raw["kind"] == EventKind.SUBMIT) | (raw["kind"] == EventKind.START)]))


def _object(payload: bytes) -> dict[str, object]:
    try:
        value = json.loads(payload)
    except ValueError as error:
        raise JournalError(f"a journal's description is broken: {error}") from error
    return value if isinstance(value, dict) else {}
