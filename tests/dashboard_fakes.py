"""Recordings for the dashboard's tests: journals written by hand, whole or growing, and programs with known pictures."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

from builders import EPOCH_NS, RecordingBuilder, Task

from nestviz.events import Chunk, ChunkKind
from nestviz.journal.format import GREETING, encode_chunk
from nestviz.journal.writer import JournalWriter


def write_recording(home: Path, recording: str, builder: RecordingBuilder, name: str = "", **meta: object) -> Path:
    """A journal with everything that the builder holds."""
    path = home / f"{recording}.nestviz"
    home.mkdir(parents=True, exist_ok=True)
    path.write_bytes(GREETING + b"".join(_bytes_of(chunk) for chunk in _named(builder.chunks(), recording, name, **meta)))
    return path


def _bytes_of(chunk: Chunk) -> bytes:
    return encode_chunk(ChunkKind(chunk.kind), chunk.payload, process=chunk.process, first=chunk.first, count=chunk.count)


def _named(chunks: list[Chunk], recording: str, name: str, epoch_ns: int = EPOCH_NS, pid: int = 0, **more: object) -> list[Chunk]:
    meta = json.loads(chunks[0].payload) | {"recording": recording, "name": name or recording, "command": "python sort.py"}
    meta |= {"begin_ns": epoch_ns, "clock": epoch_ns, "driver_pid": pid, **more}
    return [replace(chunks[0], payload=json.dumps(meta).encode()), *chunks[1:]]


class LiveJournal:
    """A recording that is being written: holds the writer's lock, and writes what the builder has gained since the last `write`.

    It begins when it is made, so that what lives in it has lived for moments, not for years.
    """

    def __init__(self, home: Path, recording: str, name: str = "", pid: int = 0) -> None:
        self.writer = JournalWriter(home / f"{recording}.nestviz")
        self.recording, self.name, self.epoch_ns, self.pid = recording, name, time.time_ns(), pid
        self._written: dict[int, int] = {}
        self._extra = 0

    def write(self, builder: RecordingBuilder) -> None:
        chunks = _named(builder.chunks(batch=1 << 30), self.recording, self.name, self.epoch_ns, self.pid)
        if not self._written:
            self.writer.write_meta(json.loads(chunks[0].payload))
        for chunk in chunks[1:]:
            if chunk.kind == ChunkKind.PROCESS and chunk.process not in self._written:
                self.writer.write_process(chunk.process, json.loads(chunk.payload))
                self._written[chunk.process] = 0
            elif chunk.kind == ChunkKind.EVENTS:
                done = self._written[chunk.process]
                size = len(chunk.payload) // chunk.count
                if chunk.count > done:
                    self.writer.write_events(chunk.process, done, chunk.payload[done * size :])
                self._written[chunk.process] = chunk.count
        for chunk in builder.extra[self._extra :]:
            self.writer._write(_bytes_of(chunk))
        self._extra = len(builder.extra)

    def close(self) -> None:
        self.writer.close()


def quicksort(numbers: int = 4_000_000, threshold: int = 200_000, cpus: int = 4, sections: bool = True) -> RecordingBuilder:
    """A finished quicksort: a queue before each task, partition, then both halves awaited."""
    builder = RecordingBuilder(cpus=cpus)
    workers: list[int] = []
    begin = 5
    block = builder.open_block(None, f"quicksort {numbers:,}", begin, section=True) if sections else 0
    _, end = _sort(builder, workers, None, numbers, threshold, begin + 1, block)
    if sections:
        for key, value in (("size", numbers), ("sequential_s", numbers * 1.2e-6), ("distributed_s", (end - begin) / 1000)):
            builder.note(None, key, value, block=block)
        builder.close_block(None, block, end)
    builder.close(end + 1)
    return builder


def _sort(builder, workers, parent, numbers, threshold, at, block=0) -> tuple[Task, int]:
    task = builder.submit("quick_sort", parent, at, at + numbers // 400_000, size=numbers, block=block)
    start = at + numbers // 400_000 + 40 + (numbers * 7919) % 90
    process = next((p for p, free in enumerate(workers) if free <= start), None)
    if process is None:
        workers.append(0)
        process = len(workers) - 1
    workers[process] = 1 << 60
    builder.start(task, start, process + 1, size=numbers)
    now = start + max(numbers // 20_000, 2)
    if numbers > threshold:
        left = int(numbers * (0.35 + 0.3 * ((numbers * 31) % 97) / 97))
        first, left_end = _sort(builder, workers, task, left, threshold, now)
        second, right_end = _sort(builder, workers, task, numbers - left, threshold, now + left // 400_000)
        end = max(left_end, right_end) + numbers // 100_000
        builder.get(task, [first, second], now + numbers // 300_000, end)
        now = end + 1
    builder.end(task, now)
    workers[process] = now
    return task, now


def demonstration(sizes: tuple[int, ...] = (200_000, 4_000_000, 8_000_000)) -> RecordingBuilder:
    """Several sizes of quicksort one after the other, each a section with both times noted."""
    builder = RecordingBuilder()
    workers: list[int] = []
    begin = 5
    for size in sizes:
        begin += size // 4_000  # the sequential run
        block = builder.open_block(None, f"quicksort {size}", begin, section=True)
        root, end = _sort(builder, workers, None, size, 200_000, begin + 1, block)
        builder.get(None, [root], begin + 2, end)
        for key, value in (("size", size), ("sequential_s", size * 1.2e-6), ("distributed_s", (end - begin) / 1000)):
            builder.note(None, key, value, block=block)
        builder.close_block(None, block, end)
        begin = end + 20
    builder.close(begin)
    return builder
