"""What a list of recordings shows of each: read from the journal without folding it, and only what was added since the last look."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from nestviz.errors import JournalError
from nestviz.events import ChunkKind
from nestviz.journal.reader import JournalReader, is_being_written
from nestviz.trace.counting import TaskCounter

__all__ = ["Entry", "Glance"]


@dataclass(frozen=True)
class Entry:
    """One recording in the catalogue. `begin_ns` and `modified_ns` are Unix time; `tasks` counts tasks, not attempts.

    `address` is that of the Ray cluster, host:port, "" when nobody said it. `is_closed`: its last word has been written; an
    interrupted one without it may still go on, or be closed.
    `is_growing`: somebody writes it; for a moment also after its program's end, when Ray's own record is added.
    """

    recording: str
    name: str
    state: str
    begin_ns: int
    tasks: int
    path: Path
    size_bytes: int
    modified_ns: int = 0
    address: str = ""
    is_closed: bool = True
    is_growing: bool = False


class Glance:
    """A growing view of one journal's outside."""

    def __init__(self, path: Path) -> None:
        """JournalError when the file is no journal."""
        self._reader = JournalReader(path)
        self._path = path
        self._tasks = TaskCounter()
        self._meta: dict[str, object] = {}
        self._name = ""
        self._state = ""

    def entry(self) -> Entry:
        """What is there now."""
        for chunk in self._reader.chunks():
            if chunk.kind == ChunkKind.EVENTS:
                self._tasks.add(chunk.payload)
            elif chunk.kind == ChunkKind.META:
                self._meta = _object(chunk.payload)
            elif chunk.kind == ChunkKind.NAME:
                self._name = chunk.payload.decode("utf-8", "replace")
            elif chunk.kind == ChunkKind.END:
                self._state = str(_object(chunk.payload).get("state", "complete"))
        begin, status, is_growing = self._meta.get("begin_ns"), self._path.stat(), is_being_written(self._path)
        return Entry(
            recording=self._path.stem,
            name=self._name or str(self._meta.get("name", self._path.stem)),
            state=self._state or ("live" if is_growing else "interrupted"),
            begin_ns=begin if isinstance(begin, int) else 0,
            tasks=self._tasks.count,
            path=self._path,
            size_bytes=status.st_size,
            modified_ns=status.st_mtime_ns,
            address=str(self._meta.get("address", "")),
            is_closed=bool(self._state),
            is_growing=is_growing,
        )

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()


def _object(payload: bytes) -> dict[str, object]:
    try:
        value = json.loads(payload)
    except ValueError as error:
        raise JournalError(f"a journal's description is broken: {error}") from error
    return value if isinstance(value, dict) else {}
