"""What the collector does, free of Ray: take records from rings and append them to journals, each exactly once."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

from nestviz.collector.meeting import RING_SUFFIX, Description, read_description
from nestviz.collector.problems import clear_problem, leave_problem, reason_of
from nestviz.collector.ring import RingReader
from nestviz.errors import JournalError
from nestviz.events import RECORD_BYTES, ChunkKind
from nestviz.journal.reader import JournalReader
from nestviz.journal.writer import BATCH_RECORDS, JournalWriter

__all__ = ["Gatherer", "Gathering"]

_GRACE_NS = 1_000_000_000
_WHO = "collector"


class _Source:
    """One process as the collector sees it."""

    def __init__(self, number: int, next_record: int = 0) -> None:
        self.number = number
        self.next_record = next_record
        self.dropped = 0
        self.ring: RingReader | None = None
        self.is_driver = False


class Gathering:
    """One recording being written: a folder of rings and a journal."""

    def __init__(self, folder: Path, description: Description) -> None:
        """Open the journal, going on where an earlier collector stopped; OSError when it cannot be written."""
        self.folder = folder
        self.journal = description.journal
        self._sources: dict[str, _Source] = {}
        self.has_ended = False
        self.problem = ""
        self._driver_gone_ns = 0
        self._writer = JournalWriter(self.journal)
        try:
            if not self._resume():
                self._writer.write_meta(description.meta)
        except BaseException:
            self._writer.close()
            raise

    @property
    def position(self) -> int:
        """Bytes in the journal."""
        return self._writer.position

    def pull(self, now_ns: int) -> int:
        """Take all new records of all processes; returns how many. OSError leaves the rest in the rings."""
        self._discover()
        taken = 0
        for source in self._sources.values():
            if source.ring is None:
                continue
            is_alive = source.is_driver or source.ring.is_writer_alive
            taken += self._take(source, source.ring)
            if not is_alive:
                self._writer.write_gone(source.number, now_ns)
                source.ring.close()
                source.ring.path.unlink(missing_ok=True)
                source.ring = None
        return taken

    def is_orphaned(self, now_ns: int) -> bool:
        """Whether the driver's process has been gone for a moment without having said that it ends."""
        drivers = [s.ring for s in self._sources.values() if s.is_driver and s.ring is not None]
        if any(ring.is_writer_alive for ring in drivers):
            self._driver_gone_ns = 0
            return False
        self._driver_gone_ns = self._driver_gone_ns or now_ns
        return now_ns - self._driver_gone_ns >= _GRACE_NS

    def finish(self, state: str, end_ns: int, reason: str = "") -> None:
        """Take what is left, write the last word, and clear the folder away."""
        if self.has_ended:
            return
        self.pull(end_ns)
        self._writer.write_end(state, end_ns, reason)
        self.has_ended = True
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of journal and rings."""
        self._writer.close()
        for source in self._sources.values():
            if source.ring is not None:
                source.ring.close()
                source.ring = None

    def _discover(self) -> None:
        for path in self.folder.glob("*" + RING_SUFFIX):
            source = self._sources.get(path.stem)
            if source is not None and source.ring is not None:
                continue
            try:
                ring = RingReader(path)
            except (OSError, ValueError):
                continue
            meta = ring.meta
            if source is None:
                source = _Source(len(self._sources))
                self._writer.write_process(source.number, {**meta, "uid": path.stem})
                self._sources[path.stem] = source
            source.ring = ring
            source.is_driver = meta.get("is_driver") is True

    def _take(self, source: _Source, ring: RingReader) -> int:
        records = ring.peek(source.next_record)
        count = len(records) // RECORD_BYTES
        for begin in range(0, len(records), BATCH_RECORDS * RECORD_BYTES):  # each counts as written when it is, not before
            batch = records[begin : begin + BATCH_RECORDS * RECORD_BYTES]
            self._writer.write_events(source.number, source.next_record, batch)
            source.next_record += len(batch) // RECORD_BYTES
            ring.release(source.next_record)
        if ring.dropped != source.dropped:
            self._writer.write_dropped(source.number, ring.dropped)
            source.dropped = ring.dropped
        return count

    def _resume(self) -> bool:
        """Learn from the journal which records it holds, and whether it is described; cuts off a last chunk that is not whole."""
        reader, is_described = JournalReader(self.journal), False
        try:
            for chunk in reader.chunks():
                is_described |= chunk.kind == ChunkKind.META
                if chunk.kind == ChunkKind.PROCESS:
                    self._sources[str(json.loads(chunk.payload)["uid"])] = _Source(chunk.process)
                elif chunk.kind == ChunkKind.EVENTS:
                    self._source_numbered(chunk.process).next_record = chunk.first + chunk.count
                elif chunk.kind == ChunkKind.DROPPED:
                    self._source_numbered(chunk.process).dropped = chunk.first
                elif chunk.kind == ChunkKind.END:
                    self.has_ended = True
            if reader.rest_bytes:
                with self.journal.open("r+b") as file:
                    file.truncate(reader.position)
        finally:
            reader.close()
        return is_described

    def _source_numbered(self, number: int) -> _Source:
        return next(source for source in self._sources.values() if source.number == number)


class Gatherer:
    """All recordings of one node. Not thread-safe: the actor has one lock around it."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._open: dict[Path, Gathering] = {}
        self._complete_ns: dict[Path, int] = {}
        self.problems: dict[str, str] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no recording is being written."""
        return not self._open

    def pull(self, now_ns: int) -> int:
        """One round over everything: returns the number of records taken. A failing journal is noted and tried again next time."""
        self._discover()
        taken = 0
        for folder, gathering in list(self._open.items()):
            try:
                taken += gathering.pull(now_ns)
                if folder in self._complete_ns:
                    gathering.finish("complete", self._complete_ns[folder])
                elif gathering.is_orphaned(now_ns):
                    gathering.finish("interrupted", now_ns, "the driver died")
                self._forget_problem(folder)
            except OSError as error:
                self._note_problem(folder, gathering.journal, error)
            if gathering.has_ended:
                self._complete_ns.pop(folder, None)
                del self._open[folder]
        return taken

    def sync(self, folder: Path, now_ns: int) -> int:
        """Take all that one recording's processes have said until now; returns the journal's length in bytes, -1 without journal."""
        self.pull(now_ns)
        gathering = self._open.get(folder)
        return gathering.position if gathering is not None else -1

    def finish(self, folder: Path, now_ns: int) -> None:
        """Close one recording as complete, now or, where it cannot be written yet, as soon as it can."""
        self._complete_ns[folder] = now_ns
        self.pull(now_ns)

    def journals(self) -> list[Path]:
        """The journals being written now."""
        return [gathering.journal for gathering in self._open.values()]

    def _discover(self) -> None:
        for folder in self._base.iterdir():
            if folder in self._open:
                continue
            description = read_description(folder)
            if description is None:
                continue
            try:
                gathering = Gathering(folder, description)
            except (JournalError, OSError) as error:
                self._note_problem(folder, description.journal, error)
                continue
            if gathering.has_ended:
                with suppress(OSError):
                    gathering.close()
                shutil.rmtree(folder, ignore_errors=True)
                continue
            self._open[folder] = gathering

    def _note_problem(self, folder: Path, journal: Path, error: Exception) -> None:
        """Remember it, and say it where the dashboard looks."""
        reason = reason_of(error, journal)
        if self.problems.get(folder.name) != reason:
            self.problems[folder.name] = reason
            leave_problem(folder, _WHO, reason)

    def _forget_problem(self, folder: Path) -> None:
        if self.problems.pop(folder.name, None) is not None:
            clear_problem(folder, _WHO)
