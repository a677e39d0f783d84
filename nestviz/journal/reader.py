"""Reading a journal's chunks from a position on, up to the last whole one."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

from nestviz.errors import JournalError
from nestviz.events import Chunk
from nestviz.journal.format import CHUNK_HEADER, GREETING, MAGIC, MAX_PAYLOAD_BYTES, checksum, decode_payload

__all__ = ["DamageError", "JournalReader", "is_being_written", "read_chunks"]


class DamageError(JournalError):
    """A chunk is broken: what stands before it was read, what follows it cannot be trusted."""


class JournalReader:
    """Reads what was appended since the last call. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        """Check that `path` is a journal; JournalError with one clear line when it is not, or cannot be read."""
        try:
            self._file = path.open("rb")
            greeting = self._file.read(len(GREETING))
        except OSError as error:
            raise JournalError(f"cannot read the journal {path}: {error.strerror or error}") from error
        if greeting != GREETING:
            self._file.close()
            raise JournalError(f"{path} is not a nestviz journal (version 1)")
        self.path = path
        self.position = len(GREETING)
        self.damage = ""

    def chunks(self, max_bytes: int = 1 << 62) -> Iterator[Chunk]:
        """Whole chunks after `position`, which moves on with each; stops at a chunk not yet complete or, noting it, a broken one."""
        taken = 0
        while not self.damage and taken < max_bytes:
            self._file.seek(self.position)
            header = self._file.read(CHUNK_HEADER.size)
            if len(header) < CHUNK_HEADER.size:
                return
            magic, kind, codec, _, process, first, count, length, crc = CHUNK_HEADER.unpack(header)
            if magic != MAGIC or length > MAX_PAYLOAD_BYTES:
                self.damage = f"broken at byte {self.position}: no chunk begins there"
                return
            payload = self._file.read(length)
            if len(payload) < length:
                return
            if checksum(header, payload) != crc:
                self.damage = f"broken at byte {self.position}: the checksum is wrong"
                return
            try:
                plain = decode_payload(codec, payload)
            except ValueError as error:
                self.damage = f"broken at byte {self.position}: {error}"
                return
            self.position += CHUNK_HEADER.size + length
            taken += CHUNK_HEADER.size + length
            yield Chunk(kind, process, first, count, plain)

    @property
    def rest_bytes(self) -> int:
        """Bytes behind `position`: of a chunk that is being written, or that was cut."""
        return self.path.stat().st_size - self.position

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_chunks(path: Path) -> list[Chunk]:
    """All whole chunks of a journal; DamageError names the first broken one."""
    reader = JournalReader(path)
    try:
        chunks = list(reader.chunks())
        if reader.damage:
            raise DamageError(f"{path} is {reader.damage}")
        return chunks
    finally:
        reader.close()


def is_being_written(path: Path) -> bool:
    """Whether a writer lives that holds this journal open; False for a missing file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_UN)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


