"""Builders of recordings: events written by hand, through the real journal format and the real fold. Times are in milliseconds."""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass, field

from nestviz.collector.observation import Observation, records_of
from nestviz.events import RECORD, RECORD_BYTES, TENTATIVE, UNKNOWN_SHIFT, Chunk, ChunkKind, EventKind, State, WaitKind, text_records
from nestviz.trace.fold import Fold
from nestviz.trace.model import Trace

MS = 1_000_000
DRIVER_ID = b"\xff" * 20 + b"\x01\x00\x00\x00"
EPOCH_NS = 1_700_000_000 * 10**9


@dataclass
class Task:
    """A task under construction."""

    number: int
    name: str
    process: int = -1
    scope: int = 0
    attempts: list[tuple[int, int]] = field(default_factory=list)
    creates_actor: bool = False
    actor: Task | None = None  # the task that created the actor that this is a method of

    @property
    def id(self) -> bytes:
        """As Ray makes them: the task's own part (ones when it creates an actor), its actor's (ones when there is none), the job."""
        owner = self if self.creates_actor else self.actor
        own = b"\xff" * 8 if self.creates_actor else self.number.to_bytes(8, "big")
        return own + (owner.number.to_bytes(12, "big") if owner else b"\xff" * 12) + b"\x01\x00\x00\x00"


class RecordingBuilder:
    """Writes events of one driver (process 0) and any number of workers."""

    def __init__(self, cpus: float = 4) -> None:
        self.records: dict[int, list[bytes]] = {0: []}
        self.cpus = cpus
        self._texts: dict[tuple[int, str], int] = {}
        self._tasks = 0
        self._scopes: dict[int, int] = {}
        self._numbers = 0
        self._readings = 0
        self.extra: list[Chunk] = []
        self.about: dict[int, dict[str, object]] = {}

    def submit(self, name, parent=None, begin=0, end=None, size=-1, block=0, seen=True, sent=-1, tentative=False,
               creates_actor=False, actor=None, needs="", on=()) -> Task:
        """`needs`: what it requires beyond Ray's default; `on`: tasks whose results are its arguments."""
        self._tasks += 1
        task = Task(self._tasks, name, creates_actor=creates_actor, actor=actor)
        if seen:
            process, scope = self._place(parent)
            shift = max(0, sent.bit_length() - 16) if sent >= 0 else UNKNOWN_SHIFT
            self._put(process, EventKind.SUBMIT, flags=shift | (TENTATIVE if tentative else 0), aux=max(sent, 0) >> shift,
                      code=self._text(process, name), a=begin * MS, b=(begin if end is None else end) * MS, scope=scope,
                      block=block, ident=task.id, size=size)
        if needs:
            self.require(task, needs)
        for awaited in on:
            self.depend(task, awaited)
        return task

    def create(self, name, parent=None, begin=0, needs="") -> Task:
        """Create an actor of that class; the task is the `actor` of its methods."""
        return self.submit(f"{name}.__init__", parent, begin, creates_actor=True, needs=needs)

    def start(self, task, at, process=None, attempt=0, size=-1) -> Task:
        task.process = len(self.records) if process is None else process
        self.records.setdefault(task.process, [])
        task.scope = self._scopes[task.process] = self._scopes.get(task.process, 0) + 1
        task.attempts.append((task.process, task.scope))
        self._put(task.process, EventKind.START, aux=attempt, code=self._text(task.process, task.name), a=at * MS,
                  scope=task.scope, ident=task.id, size=size)
        return task

    def end(self, task, at, state=State.FINISHED, error="") -> Task:
        code = self._text(task.process, error) if error else 0
        self._put(task.process, EventKind.END, flags=state, code=code, a=at * MS, scope=task.scope)
        return task

    def run(self, task, start, end, process=None, state=State.FINISHED, error="") -> Task:
        return self.end(self.start(task, start, process), end, state, error)

    def get(self, waiter, tasks, begin, end=None, failed=False, asked=None, error="") -> None:
        got = () if failed else tasks
        self.wait(waiter, tasks, begin, end, got=got, kind=WaitKind.GET, failed=failed, asked=asked, error=error)

    def wait(self, waiter, tasks, begin, end=None, got=(), kind=WaitKind.WAIT, failed=False, asked=None, error="") -> None:
        process, scope = self._place(waiter)
        self._numbers += 1
        number = self._numbers
        first = tasks[0].id if tasks else b""
        self._put(process, EventKind.WAIT_BEGIN, flags=kind, a=begin * MS, scope=scope, block=number, ident=first,
                  size=len(tasks) if asked is None else asked)
        for task in tasks[1:]:
            self._put(process, EventKind.WAIT_REF, scope=scope, block=number, ident=task.id)
        if end is None:
            return
        if kind == WaitKind.WAIT:
            for task in got:
                self._put(process, EventKind.WAIT_REF, flags=1, scope=scope, block=number, ident=task.id)
        code = self._text(process, error) if error else 0
        self._put(process, EventKind.WAIT_END, flags=int(failed), code=code, a=begin * MS, b=end * MS, scope=scope, block=number,
                  size=len(got))

    def open_block(self, owner, name, at, outer=0, section=False) -> int:
        process, scope = self._place(owner)
        self._numbers += 1
        self._put(process, EventKind.SPAN_BEGIN, flags=int(section), code=self._text(process, name), a=at * MS, b=outer,
                  scope=scope, block=self._numbers)
        return self._numbers

    def close_block(self, owner, block, at, failed=False) -> None:
        process, scope = self._place(owner)
        self._put(process, EventKind.SPAN_END, flags=int(failed), b=at * MS, scope=scope, block=block)

    def note(self, owner, key, value, block=0) -> None:
        process, scope = self._place(owner)
        code = self._text(process, key)
        if isinstance(value, str):
            kind, bits = 2, self._text(process, value)
        elif isinstance(value, float):
            kind, bits = 1, struct.unpack("<q", struct.pack("<d", value))[0]
        else:
            kind, bits = 0, value
        self._put(process, EventKind.NOTE, flags=kind, code=code, scope=scope, block=block, size=bits)

    def items(self, task, count, first, last) -> None:
        self._put(task.process, EventKind.ITEMS, a=first * MS, b=last * MS, scope=task.scope, size=count)

    def put(self, owner, size, begin, end, failed=False) -> None:
        process, scope = self._place(owner)
        self._put(process, EventKind.PUT, flags=int(failed), a=begin * MS, b=end * MS, scope=scope, size=size)

    def cancel(self, task, at, by=None, force=False, recursive=True) -> None:
        process, scope = self._place(by)
        self._put(process, EventKind.CANCEL, flags=force | recursive << 1, a=at * MS, scope=scope, ident=task.id)

    def require(self, task, text) -> None:
        self._put(0, EventKind.REQUIRE, code=self._text(0, text), ident=task.id)

    def export(self, task, size) -> None:
        self._put(0, EventKind.EXPORT, ident=task.id, size=size)

    def repeat(self, task, sent=False, got=False) -> None:
        self._put(0, EventKind.REPEAT, flags=sent | got << 1, ident=task.id)

    def depend(self, task, on) -> None:
        first, second, third = struct.unpack("<qqq", task.id)
        self._put(0, EventKind.DEPEND, a=first, b=second, ident=on.id, size=third)
    def seen(self, task, execute=(0, 0), fetch=(0, 0), store=(0, 0), submitted=0, gave_up=0, parent=None, **more) -> Observation:
        """What Ray's record says of a task; times in ms, 0 for unknown. `more`: fields of `Observation`."""
        def stretch(pair):
            return tuple(EPOCH_NS + ms * MS if ms else 0 for ms in pair)

        return Observation(
            task.id, task.name, execute=stretch(execute), fetch=stretch(fetch), store=stretch(store),
            submitted_ns=stretch([submitted])[0], end_ns=stretch([gave_up])[0], parent_id=parent.id if parent else b"", **more,
        )  # fmt: skip

    def reading(self, *observations, source="ray.timeline", problem="", cut="") -> None:
        """One reading of Ray's record, joined in."""
        self._readings += 1
        process, records = (1 << 30) + self._readings, records_of(observations)
        about = {"source": source, "at_ns": self._readings, "problem": problem, "cut": cut, "uid": f"{process:032x}"}
        self.extra.append(Chunk(ChunkKind.PROCESS, process, 0, 0, json.dumps(about).encode()))
        if records:
            self.extra.append(Chunk(ChunkKind.EVENTS, process, 0, len(records) // RECORD_BYTES, records))

    def unseen(self, name) -> Task:
        """A task of which capture knows nothing."""
        self._tasks += 1
        return Task(self._tasks, name)

    def close(self, at, state="complete") -> None:
        payload = json.dumps({"state": state, "end_ns": EPOCH_NS + at * MS}).encode()
        self.extra.append(Chunk(ChunkKind.END, 0, 0, 0, payload))

    def process_died(self, process, at) -> None:
        self.extra.append(Chunk(ChunkKind.GONE, process, EPOCH_NS + at * MS, 0, b""))

    def dropped(self, process, count) -> None:
        self.extra.append(Chunk(ChunkKind.DROPPED, process, count, 0, b""))

    def chunks(self, batch=1000) -> list[Chunk]:
        meta = {"recording": "made-20231114-221320-01000000", "name": "made", "job_id": "01000000", "begin_ns": EPOCH_NS,
                "clock": EPOCH_NS, "cpus": self.cpus, "driver_id": DRIVER_ID.hex()}
        chunks = [Chunk(ChunkKind.META, 0, 0, 0, json.dumps(meta).encode())]
        for process, records in self.records.items():
            about = {"pid": 1000 + process, "node_id": "n1", "worker_id": f"w{process}", "is_driver": process == 0,
                     "uid": f"{process:032x}", **self.about.get(process, {})}
            chunks.append(Chunk(ChunkKind.PROCESS, process, 0, 0, json.dumps(about).encode()))
            for first in range(0, len(records), batch):
                part = records[first : first + batch]
                chunks.append(Chunk(ChunkKind.EVENTS, process, first, len(part), b"".join(part)))
        return chunks + self.extra

    def trace(self, now=0) -> Trace:
        fold = Fold()
        fold.add(self.chunks())
        return fold.trace(EPOCH_NS + now * MS)

    def _place(self, owner):
        return (0, 0) if owner is None else (owner.process, owner.scope)

    def _put(self, process, kind, flags=0, aux=0, code=0, a=0, b=0, scope=0, block=0, ident=b"", size=0) -> None:
        self.records[process].append(RECORD.pack(kind, flags, aux, code, a, b, scope, block, ident, size))

    def _text(self, process, text) -> int:
        key = (process, text)
        if key not in self._texts:
            self._texts[key] = number = len(self._texts) + 1
            self.records[process] += text_records(number, text)
        return self._texts[key]


def trace_of(shape: str, compute: int = 10, queue: int = 1) -> Trace:
    """A finished recording of the tree that the text draws: `root(a b(c d))`.

    Every task waits `queue` ms, computes `compute` ms, submits all its children at once, gets them all, and ends with the last.
    """
    return program_of(shape, compute, queue).trace()


def program_of(shape: str, compute: int = 10, queue: int = 1) -> RecordingBuilder:
    """The builder behind `trace_of`."""
    builder = RecordingBuilder()
    last = 0
    for name, children in _parse(shape):
        last = max(last, _grow(builder, None, name, children, 0, compute, queue))
    builder.close(last)
    return builder


def _grow(builder, parent, name, children, at, compute, queue) -> int:
    task = builder.submit(name, parent, at)
    builder.start(task, at + queue)
    now = at + queue + compute
    if children:
        before = builder._tasks
        ends = [_grow(builder, task, child, below, now, compute, queue) for child, below in children]
        made = [Task(number, "") for number in _direct(before, children)]
        builder.get(task, made, now, max(ends))
        now = max(ends)
    builder.end(task, now)
    return now


def _direct(before, children) -> list[int]:
    """Numbers of the tasks just made for those children: each child's subtree takes as many numbers as it has tasks."""
    numbers, at = [], before + 1
    for _, below in children:
        numbers.append(at)
        at += 1 + _count(below)
    return numbers


def _count(children) -> int:
    return sum(1 + _count(below) for _, below in children)


def _parse(shape: str):
    tokens = re.findall(r"[^\s()]+|[()]", shape)

    def forest(at):
        nodes = []
        while at < len(tokens) and tokens[at] != ")":
            name, at = tokens[at], at + 1
            below = []
            if at < len(tokens) and tokens[at] == "(":
                below, at = forest(at + 1)
                at += 1
            nodes.append((name, below))
        return nodes, at

    return forest(0)[0]
