"""From chunks of a journal to a Trace: `Fold` takes chunks in any order, also twice, and gives the trace of what it has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import copy

from nestviz.events import Chunk, ChunkKind
from nestviz.trace.assembly import assemble
from nestviz.trace.model import UNKNOWN, Process, RecordingInfo, Trace
from nestviz.trace.store import RecordStore

__all__ = ["Fold", "Known"]


class Known:
    """What the journal says beside events: the recording, its processes, its end."""

    def __init__(self) -> None:
        self.meta: dict[str, object] = {}
        self.end: dict[str, object] = {}
        self.name = ""
        self.processes: dict[int, dict[str, object]] = {}
        self.readings: dict[int, dict[str, object]] = {}
        """Made-up processes: one per reading of Ray's own record."""
        self.dropped: dict[int, int] = {}
        self.gone_ns: dict[int, int] = {}

    @property
    def clock_ns(self) -> int:
        """What to add to the monotonic counter of the collector's node to get Unix time."""
        return _integer(self.meta.get("clock"))

    @property
    def driver_id(self) -> bytes:
        """Ray's id of the driver's own task, 24 bytes."""
        try:
            ident = bytes.fromhex(str(self.meta.get("driver_id", "")))
        except ValueError:
            ident = b""
        return ident if len(ident) == 24 else b"\xff" * 24  # noqa: PLR2004 - events.ID_BYTES

    @property
    def end_ns(self) -> int:
        """When the recording was closed; 0 while it is not."""
        return _integer(self.end.get("end_ns")) if self.end else 0

    def process(self, number: int) -> Process:
        """The process of that number, as far as it introduced itself."""
        meta = self.processes.get(number, {})
        born = _integer(meta.get("born", UNKNOWN))
        return Process(
            pid=_integer(meta.get("pid")),
            node_id=str(meta.get("node_id", "")),
            worker_id=str(meta.get("worker_id", "")),
            is_driver=meta.get("is_driver") is True,
            node_ip=str(meta.get("node_ip", "")),
            clock_error_ns=_integer(meta.get("clock_error_ns")),
            born_ns=born + _integer(meta.get("clock", self.clock_ns)) if born >= 0 else UNKNOWN,
        )

    def clock_shifts(self) -> dict[int, int]:
        """By process on another node: what to add to its monotonic counter to get that of the collector's node."""
        return {n: _integer(meta["clock"]) - self.clock_ns for n, meta in self.processes.items() if "clock" in meta}

    @property
    def is_attached(self) -> bool:
        """Whether the recording was made from Ray's own record alone."""
        return self.meta.get("is_attached") is True

    @property
    def by_worker(self) -> dict[str, int]:
        """The numbers of processes by their workers' ids."""
        first_last = sorted(self.processes.items(), reverse=True)
        return {str(meta["worker_id"]): number for number, meta in first_last if meta.get("worker_id")}

    def with_workers(self, workers: Mapping[str, tuple[str, int]]) -> Known:
        """The same with processes that only Ray has named: node id and pid by worker id."""
        known = copy(self)
        there = self.by_worker
        first = max((*self.processes, *self.readings), default=0) + 1
        fresh = sorted((worker, *about) for worker, about in workers.items() if worker not in there)
        made = {first + i: {"worker_id": w, "node_id": node, "pid": pid} for i, (w, node, pid) in enumerate(fresh)}
        known.processes = {**self.processes, **made}
        return known

    def uid(self, number: int) -> bytes:
        """16 bytes that tell the process from all others."""
        try:
            uid = bytes.fromhex(str(self.processes.get(number, {}).get("uid", "")))
        except ValueError:
            uid = b""
        return (uid or number.to_bytes(4, "big")).rjust(16, b"\0")[:16]

    def info(self, state: str, problem: str) -> RecordingInfo:
        """The recording's description."""
        meta = self.meta
        versions = meta.get("versions")
        return RecordingInfo(
            recording=str(meta.get("recording", "")),
            name=self.name or str(meta.get("name", "")),
            state=state,
            begin_ns=_integer(meta.get("begin_ns")),
            cpus=float(_number(meta.get("cpus"))),
            job_id=str(meta.get("job_id", "")),
            driver_pid=_integer(meta.get("driver_pid")),
            command=str(meta.get("command", "")),
            versions=tuple((str(k), str(v)) for k, v in versions.items()) if isinstance(versions, Mapping) else (),
            address=str(meta.get("address", "")),
            reason=str(self.end.get("reason", "")),
            problem=problem or str(self.end.get("missing", "")),
        )


class Fold:
    """Grows with the journal. `trace` gives a frozen picture; nothing handed out changes afterwards."""

    def __init__(self) -> None:
        self._known = Known()
        self._store = RecordStore()

    @property
    def has_ended(self) -> bool:
        """Whether the recording's last word has been read."""
        return bool(self._known.end)

    @property
    def events(self) -> int:
        """Records folded so far."""
        return self._store.count

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Take chunks; kinds of later versions are passed over."""
        known = self._known
        for chunk in chunks:
            if chunk.kind == ChunkKind.EVENTS:
                self._store.add(chunk.process, chunk.first, chunk.payload)
            elif chunk.kind == ChunkKind.META:
                known.meta = _object(chunk.payload)
            elif chunk.kind == ChunkKind.PROCESS:
                value = _object(chunk.payload)
                (known.readings if "source" in value else known.processes)[chunk.process] = value
            elif chunk.kind == ChunkKind.DROPPED:
                known.dropped[chunk.process] = max(chunk.first, known.dropped.get(chunk.process, 0))
            elif chunk.kind == ChunkKind.GONE:
                known.gone_ns[chunk.process] = chunk.first
            elif chunk.kind == ChunkKind.NAME:
                known.name = chunk.payload.decode("utf-8", "replace")
            elif chunk.kind == ChunkKind.END:
                known.end = _object(chunk.payload)

    def trace(self, now_ns: int, *, is_live: bool = True, problem: str = "", position: int = 0) -> Trace:
        """The trace at `now_ns` (Unix ns; a closed recording ends at its own end).

        `is_live`: somebody still writes the journal. A recording that nobody writes and that has no end was interrupted.
        """
        known = self._known
        state = str(known.end.get("state", "complete")) if known.end else ("live" if is_live else "interrupted")
        return assemble(known, self._store, known.info(state, problem), now_ns=now_ns, position=position)


def _object(payload: bytes) -> dict[str, object]:
    try:
        value = json.loads(payload)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _integer(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) and abs(value) < 1 << 62 else 0


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
