"""Appending chunks to a journal, each with one `write`, so that a reader never sees a chunk's header without its owner alive."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nestviz.events import RECORD_BYTES, ChunkKind
from nestviz.journal.format import GREETING, encode_chunk, encode_packed, pack

__all__ = ["JournalWriter", "append_name", "append_process", "hold"]

_BATCH_RECORDS = 65_536
_LOCK_ATTEMPTS = 20
_LOCK_PAUSE_SECONDS = 0.01


class JournalWriter:
    """The one writer of a journal; it holds a lock on the file that tells readers the recording is being written."""

    def __init__(self, path: Path) -> None:
        """Open `path` for appending, creating it (and its folder) with the greeting; OSError when that is impossible."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(self._fd)
            if os.fstat(self._fd).st_size == 0:
                self._write(GREETING)
        except OSError:
            os.close(self._fd)
            raise
        self.path = path

    @property
    def position(self) -> int:
        """Bytes written so far, by anybody."""
        return os.fstat(self._fd).st_size

    def write_meta(self, meta: dict[str, object]) -> None:
        """The recording's description."""
        self._write(encode_chunk(ChunkKind.META, json.dumps(meta).encode()))

    def write_process(self, process: int, meta: dict[str, object]) -> None:
        """Introduce a process under its number, or say anew what is known of it."""
        self._write(encode_chunk(ChunkKind.PROCESS, json.dumps(meta).encode(), process=process))

    def write_events(self, process: int, first: int, records: bytes) -> None:
        """Records of one process; `first` is the number of the first of them."""
        step = _BATCH_RECORDS * RECORD_BYTES
        for begin in range(0, len(records), step):
            part = records[begin : begin + step]
            number = first + begin // RECORD_BYTES
            self.write_packed_events(process, number, len(part) // RECORD_BYTES, *pack(part))

    def write_packed_events(self, process: int, first: int, count: int, codec: int, packed: bytes) -> None:
        """One batch of records that `format.pack` has packed already."""
        self._write(encode_packed(ChunkKind.EVENTS, codec, packed, process=process, first=first, count=count))

    def write_dropped(self, process: int, dropped: int) -> None:
        """How many records the process has lost so far."""
        self._write(encode_chunk(ChunkKind.DROPPED, process=process, first=dropped))

    def write_gone(self, process: int, at_ns: int) -> None:
        """The process is dead; what it had not finished is lost."""
        self._write(encode_chunk(ChunkKind.GONE, process=process, first=at_ns))

    def write_end(self, state: str, end_ns: int, reason: str = "", missing: str = "") -> None:
        """The recording's last word; `missing` is a sentence about what could not be recorded."""
        text = json.dumps({"state": state, "end_ns": end_ns, "reason": reason, "missing": missing}).encode()
        self._write(encode_chunk(ChunkKind.END, text))

    def close(self) -> None:
        """Close the file and release the lock."""
        os.close(self._fd)

    def _write(self, data: bytes) -> None:
        begin = self.position
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError:
            os.ftruncate(self._fd, begin)
            raise


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Have readers see that an ended recording is still being added to; OSError when the file is gone or somebody else writes it."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        _lock(fd)
        yield
    finally:
        os.close(fd)


def _lock(fd: int) -> None:
    """Take the writer's lock; a reader that asks whether it is held holds it for a moment itself."""
    for attempt in range(_LOCK_ATTEMPTS):  # few, with a pause between them
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt == _LOCK_ATTEMPTS - 1:
                raise
            time.sleep(_LOCK_PAUSE_SECONDS)
        else:
            return


def append_name(path: Path, name: str) -> None:
    """Give a recording a new name, also while somebody else is writing it; OSError when the file cannot be written."""
    _append(path, [encode_chunk(ChunkKind.NAME, name.encode())])


def append_process(path: Path, process: int, meta: dict[str, object], records: bytes) -> None:
    """A process with all its records, also while somebody else is writing the recording or after its end; OSError as above."""
    chunks = [encode_chunk(ChunkKind.PROCESS, json.dumps(meta).encode(), process=process)]
    step = _BATCH_RECORDS * RECORD_BYTES
    for begin in range(0, len(records), step):
        part = records[begin : begin + step]
        first, count = begin // RECORD_BYTES, len(part) // RECORD_BYTES
        chunks.append(encode_chunk(ChunkKind.EVENTS, part, process=process, first=first, count=count))
    _append(path, chunks)


def _append(path: Path, chunks: list[bytes]) -> None:
    """Each chunk in one `write`, which the kernel keeps apart from other people's; the journal must have begun."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        if os.fstat(fd).st_size < len(GREETING):  # its writer found no room even for that
            raise OSError(errno.ENODATA, "the journal has not begun")
        for chunk in chunks:
            begin = os.fstat(fd).st_size
            written = os.write(fd, chunk)
            if written < len(chunk):
                if os.fstat(fd).st_size == begin + written:
                    os.ftruncate(fd, begin)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(fd)
