"""What Ray's own record says of one attempt, and how a reading of that record is written as events."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from nestviz.events import NO_ATTEMPT, NO_STATE, RECORD, EventKind, text_records

__all__ = ["NOWHERE", "NO_TIME", "Observation", "SeenWorker", "Stretch", "records_of"]

Stretch = tuple[int, int]
"""Begin and end in Unix nanoseconds; 0 for one that is not known."""

NO_TIME: Stretch = (0, 0)


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """The process in which an attempt ran, as far as Ray tells: ids in hex, "" and 0 where it does not."""

    worker_id: str = ""
    node_id: str = ""
    pid: int = 0


NOWHERE = SeenWorker()


@dataclass(frozen=True, slots=True)
class Observation:
    """One attempt of one task. Times are Unix nanoseconds, 0 where Ray does not tell; `execute` is function entry and exit."""

    task_id: bytes
    name: str
    attempt: int = NO_ATTEMPT
    state: int = NO_STATE
    submitted_ns: int = 0
    fetch: Stretch = NO_TIME
    execute: Stretch = NO_TIME
    store: Stretch = NO_TIME
    end_ns: int = 0
    error: str = ""
    parent_id: bytes = b""
    worker: SeenWorker = NOWHERE


def records_of(observations: Iterable[Observation]) -> bytes:
    """The RAY_ records of one reading, with their texts: the events of one made-up process, numbered from its first."""
    writer = _Writer()
    for observation in observations:
        writer.write(observation)
    return b"".join(writer.records)


class _Writer:
    def __init__(self) -> None:
        self.records: list[bytes] = []
        self._texts: dict[str, int] = {}
        self._workers: dict[SeenWorker, int] = {NOWHERE: 0}
        self._numbers = itertools.count(1)

    def write(self, seen: Observation) -> None:
        scope, worker, name = next(self._numbers), self._worker(seen.worker), self._text(seen.name)
        begin, end = seen.execute
        self._put(EventKind.RAY_TASK, seen.state, seen.attempt, name, begin, end, scope, worker, seen.task_id, seen.submitted_ns)
        if seen.fetch != NO_TIME:
            self._put(EventKind.RAY_FETCH, a=seen.fetch[0], b=seen.fetch[1], scope=scope)
        if seen.store != NO_TIME:
            self._put(EventKind.RAY_STORE, a=seen.store[0], b=seen.store[1], scope=scope)
        if seen.parent_id:
            self._put(EventKind.RAY_PARENT, scope=scope, ident=seen.parent_id)
        if seen.end_ns or seen.error:
            self._put(EventKind.RAY_END, seen.state, code=self._text(seen.error), a=seen.end_ns, scope=scope)

    def _worker(self, worker: SeenWorker) -> int:
        number = self._workers.get(worker)
        if number is None:
            number = self._workers[worker] = len(self._workers)
            code, node = self._text(worker.worker_id), self._text(worker.node_id)
            self._put(EventKind.RAY_WORKER, code=code, a=worker.pid, block=number, size=node)
        return number

    def _text(self, text: str) -> int:
        if not text:
            return 0
        number = self._texts.get(text)
        if number is None:
            number = self._texts[text] = len(self._texts) + 1
            self.records += text_records(number, text)
        return number

    def _put(
        self,
        kind: EventKind,
        flags: int = 0,
        aux: int = 0,
        code: int = 0,
        a: int = 0,
        b: int = 0,
        scope: int = 0,
        block: int = 0,
        ident: bytes = b"",
        size: int = 0,
    ) -> None:
        self.records.append(RECORD.pack(kind, flags, aux, code, a, b, scope, block, ident, size))
