"""Following one recording: each refresh reads what was added and folds it in."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from nestviz.journal.reader import JournalReader, is_being_written
from nestviz.trace.fold import Fold
from nestviz.trace.model import Trace

__all__ = ["Follower"]

_PAUSE_SECONDS = 0.05


class Follower:
    """One per recording, shared by all who watch it. Thread-safe."""

    def __init__(self, path: Path) -> None:
        """JournalError when the file is no journal or cannot be read."""
        self._reader = JournalReader(path)
        self._path = path
        self._fold = Fold()
        self._lock = threading.Lock()
        self._last: tuple[int, Trace] | None = None

    def refresh(self, now_ns: int | None = None) -> Trace:
        """The trace now; a recording that has ended is assembled only once."""
        with self._lock:
            is_live = is_being_written(self._path)
            self._fold.add(self._reader.chunks())
            position = self._reader.position
            if self._last is not None and self._last[0] == position and not (is_live and not self._fold.has_ended):
                return self._last[1]
            trace = self._fold.trace(
                self._path.stat().st_mtime_ns if not is_live else (now_ns or time.time_ns()),
                is_live=is_live,
                problem=self._problem(is_live=is_live),
                position=position,
            )
            self._last = (position, trace) if not is_live or self._fold.has_ended else None
            return trace

    def settled(self, patience_s: float) -> Trace:
        """The trace; of a recording that has ended, when nobody adds Ray's own record to it any more, or patience ends."""
        deadline = time.monotonic() + patience_s
        while True:
            is_growing = is_being_written(self._path)  # asked first: what is added after the last look must not be missed
            trace = self.refresh()
            if trace.info.state == "live" or not is_growing or time.monotonic() >= deadline:
                return trace
            time.sleep(_PAUSE_SECONDS)

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

    def _problem(self, *, is_live: bool) -> str:
        if self._reader.damage:
            return f"The journal is {self._reader.damage}. What stands before is shown."
        rest = self._reader.rest_bytes
        if rest and not is_live:
            return f"The journal was cut: its last {rest:,} bytes are no whole batch. What stands before is shown."
        return ""
