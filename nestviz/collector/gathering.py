"""One recording being written: portions from rings and relays are appended to its journal, each record exactly once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from nestviz.collector.clocks import Offset
from nestviz.collector.meeting import Description
from nestviz.collector.portions import Portion, Receipt, RingFolder
from nestviz.events import ChunkKind
from nestviz.journal.reader import JournalReader
from nestviz.journal.writer import JournalWriter

__all__ = ["Gathering", "NodeFacts"]

_GRACE_NS = 1_000_000_000


@dataclass(frozen=True)
class NodeFacts:
    """What the collector knows of a node's processes beside what they say themselves; no offset: they share our counter."""

    ip: str
    offset: Offset | None = None


class _Source:
    """One process as the journal has it."""

    def __init__(self, number: int, meta: dict[str, object]) -> None:
        self.number = number
        self.meta = meta
        self.next_record = 0
        self.dropped = 0
        self.is_gone = False

    @property
    def node_id(self) -> str:
        return str(self.meta.get("node_id", ""))

    @property
    def receipt(self) -> Receipt:
        return Receipt(self.next_record, self.dropped, self.is_gone)


class Gathering:
    """One recording being written: the driver's folder of rings, whatever relays bring, and a journal."""

    def __init__(self, folder: Path, description: Description) -> None:
        """Open the journal, going on where an earlier collector stopped; OSError when it cannot be written or is somebody else's.

        JournalError when there is a file of that name that is no journal.
        """
        self.folder = folder
        self.journal = description.journal
        self.has_ended = False
        self._clock = int(str(description.meta.get("clock", 0)))
        self._sources: dict[str, _Source] = {}
        self._facts: dict[str, dict[str, object]] = {}
        self._driver_gone_ns = 0
        self._rings = RingFolder(folder)
        try:
            self._writer = JournalWriter(self.journal)
        except OSError:
            self._rings.close()
            raise
        try:
            if not self._resume():
                self._writer.write_meta(description.meta)
        except BaseException:
            self.close()
            raise

    @property
    def position(self) -> int:
        """Bytes in the journal."""
        return self._writer.position

    def pull(self, now_ns: int) -> int:
        """Take all new records of this node's processes; returns how many. OSError leaves the rest in the rings."""
        portions, _ = self._rings.take()
        self._rings.confirm(self.accept(portions, now_ns))
        return sum(portion.count for portion in portions)

    def accept(self, portions: Iterable[Portion], now_ns: int) -> dict[str, Receipt]:
        """Write what the journal has not; by process what it has now. A portion that overlaps with what it has must come anew."""
        receipts = {}
        for portion in portions:
            source = self._sources.get(portion.uid) or self._introduce(portion)
            if portion.count and portion.first >= source.next_record:
                self._writer.write_packed_events(source.number, portion.first, portion.count, portion.codec, portion.payload)
                source.next_record = portion.first + portion.count
            if portion.dropped > source.dropped:
                self._writer.write_dropped(source.number, portion.dropped)
                source.dropped = portion.dropped
            if portion.is_last and source.next_record >= portion.first + portion.count:
                self._bury(source, now_ns)
            receipts[portion.uid] = source.receipt
        return receipts

    def tell(self, node_id: str, facts: NodeFacts) -> None:
        """Note what is known of a node with each of its processes, now and in future; the latest counts."""
        said: dict[str, object] = {"node_ip": facts.ip}
        if facts.offset is not None:
            said |= {"clock": self._clock + facts.offset.ns, "clock_error_ns": facts.offset.error_ns}
        if self._facts.get(node_id) == said:
            return
        self._facts[node_id] = said
        for source in self._sources.values():
            if source.node_id == node_id and source.meta != {**source.meta, **said}:
                source.meta.update(said)
                self._writer.write_process(source.number, source.meta)

    def bury_others(self, alive: Collection[str], now_ns: int) -> None:
        """Of the nodes only these are alive: the processes of all others can report no more."""
        for source in self._sources.values():
            if source.node_id and source.node_id not in alive:
                self._bury(source, now_ns)

    def is_orphaned(self, now_ns: int) -> bool:
        """Whether the driver's process has been gone for a moment without having said that it ends."""
        if self._rings.has_living_driver:
            self._driver_gone_ns = 0
            return False
        self._driver_gone_ns = self._driver_gone_ns or now_ns
        return now_ns - self._driver_gone_ns >= _GRACE_NS

    def finish(self, state: str, end_ns: int, reason: str = "", missing: str = "") -> None:
        """Take what is left on this node, write the last word, and clear the folder away. `missing`: what could not be had."""
        if self.has_ended:
            return
        self.pull(end_ns)
        self._writer.write_end(state, end_ns, reason, missing)
        self.has_ended = True
        shutil.rmtree(self.folder, ignore_errors=True)
        self.close()

    def close(self) -> None:
        """Let go of journal and rings."""
        self._writer.close()
        self._rings.close()

    def _introduce(self, portion: Portion) -> _Source:
        meta = {**portion.meta, "uid": portion.uid}
        source = _Source(len(self._sources), meta | self._facts.get(str(meta.get("node_id", "")), {}))
        self._writer.write_process(source.number, source.meta)
        self._sources[portion.uid] = source
        return source

    def _bury(self, source: _Source, now_ns: int) -> None:
        if not source.is_gone:
            self._writer.write_gone(source.number, now_ns)
            source.is_gone = True

    def _resume(self) -> bool:
        """Learn from the journal what it holds, and whether it is described; cuts off a last chunk that is not whole."""
        reader, is_described = JournalReader(self.journal), False
        numbered: dict[int, _Source] = {}
        try:
            for chunk in reader.chunks():
                is_described |= chunk.kind == ChunkKind.META
                if chunk.kind == ChunkKind.PROCESS:
                    meta = json.loads(chunk.payload)
                    source = numbered.setdefault(chunk.process, _Source(chunk.process, meta))
                    source.meta = meta
                    self._sources[str(meta["uid"])] = source
                elif chunk.kind == ChunkKind.EVENTS:
                    numbered[chunk.process].next_record = chunk.first + chunk.count
                elif chunk.kind == ChunkKind.DROPPED:
                    numbered[chunk.process].dropped = chunk.first
                elif chunk.kind == ChunkKind.GONE:
                    numbered[chunk.process].is_gone = True
                elif chunk.kind == ChunkKind.END:
                    self.has_ended = True
            if reader.rest_bytes:
                with self.journal.open("r+b") as file:
                    file.truncate(reader.position)
        finally:
            reader.close()
        return is_described
