"""The ring: a memory-mapped file in which one process leaves its events and from which the collector takes them.

Writing costs well under a microsecond, never blocks on anybody and survives the writer's death by SIGKILL: the pages belong to the
kernel. The writer owns `written` and `dropped`, the reader owns `taken`; each is one aligned 64-bit word.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import struct
import threading
from pathlib import Path

from nestviz.events import RECORD, RECORD_BYTES

__all__ = ["RingReader", "RingWriter"]

_MAGIC = b"nvring1\0"
_HEADER_BYTES = 4096
_WORD = struct.Struct("<Q")
_WRITTEN, _TAKEN, _DROPPED, _CAPACITY, _META_LENGTH, _META = 8, 16, 24, 32, 40, 48
_DATA = _HEADER_BYTES


class RingWriter:
    """The writing end. `put` may be called from any thread; it never blocks on the reader and never raises for lack of room."""

    def __init__(self, path: Path, meta: dict[str, object], capacity: int) -> None:
        """Create the file for `capacity` records; OSError when the disk has no room for it.

        The room is reserved at once: writing to a mapped hole of a full disk would kill the process with SIGBUS. The file appears
        under its name only when it is complete and locked; the lock tells readers that the writer lives.
        """
        text = json.dumps(meta).encode()
        if len(text) > _HEADER_BYTES - _META:
            text = b"{}"
        draft = path.with_suffix(".draft")
        self._file = draft.open("x+b")
        try:
            size = _DATA + capacity * RECORD_BYTES
            os.posix_fallocate(self._file.fileno(), 0, size)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._map = mmap.mmap(self._file.fileno(), size)
            self._map[:8] = _MAGIC
            _WORD.pack_into(self._map, _CAPACITY, capacity)
            _WORD.pack_into(self._map, _META_LENGTH, len(text))
            self._map[_META : _META + len(text)] = text
            draft.rename(path)
        except OSError:
            self._file.close()
            draft.unlink(missing_ok=True)
            raise
        self._capacity = capacity
        self._written = 0
        self._limit = capacity
        self._dropped = 0
        self._lock = threading.RLock()

    @property
    def dropped(self) -> int:
        """Records that found no room since the start."""
        return self._dropped

    def put(
        self,
        kind: int,
        flags: int = 0,
        aux: int = 0,
        code: int = 0,
        a: int = 0,
        b: int = 0,
        scope: int = 0,
        block: int = 0,
        ident: bytes = b"",
        size: int = 0,
    ) -> bool:
        """Append one record; False when there was no room and the loss was counted."""
        with self._lock:
            number = self._written
            if number >= self._limit and not self._has_room(number):
                self._dropped += 1
                _WORD.pack_into(self._map, _DROPPED, self._dropped)
                return False
            offset = _DATA + (number % self._capacity) * RECORD_BYTES
            RECORD.pack_into(self._map, offset, kind, flags, aux, code, a, b, scope, block, ident, size)
            self._written = number + 1
            _WORD.pack_into(self._map, _WRITTEN, number + 1)
            return True

    def put_bytes(self, record: bytes) -> bool:
        """Append one ready-made record of RECORD_BYTES."""
        return self.put(*RECORD.unpack(record))

    def _has_room(self, number: int) -> bool:
        self._limit = int(_WORD.unpack_from(self._map, _TAKEN)[0]) + self._capacity
        return number < self._limit

    def abandon(self) -> None:
        """Let go of the file without unmapping it: in a forked child, the parent still writes."""
        self._limit = -1

    def close(self) -> None:
        """Release the lock; what was written stays for the reader."""
        with self._lock:
            self._limit = -1
            self._capacity = 1
            fcntl.flock(self._file, fcntl.LOCK_UN)  # the mapping keeps the file open, and with it the lock
            self._file.close()


class RingReader:
    """The reading end, in the collector. Not thread-safe; the collector has one lock around all of them."""

    def __init__(self, path: Path) -> None:
        """Open and map the ring at `path`; OSError or ValueError when it is no ring."""
        self.path = path
        self._file = path.open("r+b")
        try:
            self._map = mmap.mmap(self._file.fileno(), 0)
        except (OSError, ValueError):
            self._file.close()
            raise
        capacity = int(_WORD.unpack_from(self._map, _CAPACITY)[0]) if len(self._map) > _HEADER_BYTES else 0
        if self._map[:8] != _MAGIC or capacity < 1 or _DATA + capacity * RECORD_BYTES > len(self._map):
            self.close()
            raise ValueError(f"{path} is not an event ring")
        self._capacity = capacity

    @property
    def meta(self) -> dict[str, object]:
        """What the writer said of itself."""
        length = int(_WORD.unpack_from(self._map, _META_LENGTH)[0])
        value = json.loads(bytes(self._map[_META : _META + length]) or b"{}")
        return value if isinstance(value, dict) else {}

    @property
    def dropped(self) -> int:
        """Records the writer could not place so far."""
        return int(_WORD.unpack_from(self._map, _DROPPED)[0])

    @property
    def written(self) -> int:
        """The number of the record that the writer will put next."""
        return int(_WORD.unpack_from(self._map, _WRITTEN)[0])

    @property
    def taken(self) -> int:
        """The number of the first record that is not yet released."""
        return int(_WORD.unpack_from(self._map, _TAKEN)[0])

    @property
    def is_writer_alive(self) -> bool:
        """Whether the writer's process still holds its lock."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False

    def peek(self, after: int) -> bytes:
        """The records numbered `after` and later, as raw bytes; they stay in the ring until `release`."""
        written = self.written
        if written <= after:
            return b""
        first, last = after % self._capacity, written % self._capacity
        if written - after > self._capacity:
            return b""
        if first < last:
            return bytes(self._map[_DATA + first * RECORD_BYTES : _DATA + last * RECORD_BYTES])
        end = _DATA + self._capacity * RECORD_BYTES
        return bytes(self._map[_DATA + first * RECORD_BYTES : end]) + bytes(self._map[_DATA : _DATA + last * RECORD_BYTES])

    def release(self, upto: int) -> None:
        """Give the room of all records numbered below `upto` back to the writer."""
        _WORD.pack_into(self._map, _TAKEN, upto)

    def close(self) -> None:
        """Unmap and close."""
        self._map.close()
        self._file.close()
