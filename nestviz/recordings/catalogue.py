"""The recordings of one folder: list, find, rename, delete, take in an uploaded one."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from nestviz.collector.meeting import recordings_home
from nestviz.collector.salvage import salvage
from nestviz.errors import JournalError, NestvizError, RecordingNotFound, UsageError
from nestviz.journal.format import GREETING
from nestviz.journal.writer import append_name
from nestviz.recordings.glance import Entry, Glance

__all__ = ["SUFFIX", "Catalogue", "Entry", "home"]

SUFFIX = ".nestviz"
_MAX_NAME = 100
_SAFE_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


def home() -> Path:
    """Where recordings live: $NESTVIZ_HOME, or ~/.nestviz/recordings. It need not exist."""
    return recordings_home()


class Catalogue:
    """The journals in one folder. Thread-safe; remembers what it has read of each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._glances: dict[Path, Glance] = {}
        self._lock = threading.Lock()

    def entries(self) -> tuple[Entry, ...]:
        """All recordings, live ones first, then the newest. Files that are no journals are passed over.

        Those whose program and Ray died without closing them are closed first.
        """
        salvage(self.folder)
        with self._lock:
            found = [self._look(path) for path in sorted(self.folder.glob("*" + SUFFIX))]
        entries = [entry for entry in found if entry is not None]
        return tuple(sorted(entries, key=lambda e: (e.state != "live", -e.begin_ns)))

    def find(self, text: str) -> Entry:
        """The recording of that id, or the only one whose id begins so or whose name is that; RecordingNotFound otherwise."""
        entries = self.entries()
        for matches in (
            [e for e in entries if e.recording == text],
            [e for e in entries if text and e.recording.startswith(text)],
            [e for e in entries if text and e.name == text],
        ):
            if len(matches) == 1:
                return matches[0]
            if matches:
                some = ", ".join(e.recording for e in matches[:3])
                raise RecordingNotFound(f"{text!r} fits {len(matches)} recordings ({some}, …); say more of the id")
        raise RecordingNotFound(f"no recording {text!r} in {self.folder}; `nestviz list` shows what there is")

    def rename(self, recording: str, new_name: str) -> Entry:
        """Give a recording another name; its id stays. UsageError for an empty name."""
        name = " ".join(new_name.split())[:_MAX_NAME]
        if not name:
            raise UsageError("a recording needs a name")
        entry = self.find(recording)
        try:
            append_name(entry.path, name)
        except OSError as error:
            raise NestvizError(f"cannot rename {entry.recording}: {error.strerror or error}") from error
        return self.find(entry.recording)

    def delete(self, recording: str) -> None:
        """Remove a recording's file for good. UsageError while it is being written."""
        entry = self.find(recording)
        if entry.state == "live":
            raise UsageError(f"{entry.recording} is still being written; stop its program first")
        with self._lock:
            glance = self._glances.pop(entry.path, None)
            if glance is not None:
                glance.close()
            try:
                entry.path.unlink(missing_ok=True)
            except OSError as error:
                raise NestvizError(f"cannot delete {entry.recording}: {error.strerror or error}") from error

    def add(self, data: bytes, file_name: str) -> Entry:
        """Take in a journal somebody brings; JournalError when it is none. An existing recording is never overwritten."""
        if not data.startswith(GREETING):
            raise JournalError(f"{file_name!r} is not a nestviz journal (version 1)")
        stem = _SAFE_NAME.sub("-", Path(file_name).name.removesuffix(SUFFIX)).strip("-.")[:_MAX_NAME] or "uploaded"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self._place(stem)
            with path.open("xb") as file:
                file.write(data)
        except OSError as error:
            raise NestvizError(f"cannot keep {file_name!r} in {self.folder}: {error.strerror or error}") from error
        with self._lock:
            entry = self._look(path)
        if entry is None:
            path.unlink()
            raise JournalError(f"{file_name!r} holds no recording")
        return entry

    def _place(self, stem: str) -> Path:
        for suffix in ("", *(f"-{i}" for i in range(2, 1_000))):
            path = self.folder / f"{stem}{suffix}{SUFFIX}"
            if not path.exists():
                return path
        raise UsageError(f"too many recordings named {stem}")

    def _look(self, path: Path) -> Entry | None:
        try:
            if path not in self._glances:
                self._glances[path] = Glance(path)
            return self._glances[path].entry()
        except (JournalError, OSError):
            self._glances.pop(path, None)
            return None
