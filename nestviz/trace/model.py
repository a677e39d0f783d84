"""The frozen value that crosses from the fold to everything after it: columns of one recording at one moment.

Times are integer nanoseconds since the Unix epoch, durations integer nanoseconds; `UNKNOWN` (-1) stands for what is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nestviz.events import RowKind
from nestviz.trace.arrays import Codes, Ids, Ints, Small
from nestviz.trace.side_tables import Dependencies, Exports, Items, Puts, Repeats, Requirements

if TYPE_CHECKING:
    import networkx as nx
    import pyarrow as pa

    from nestviz.trace.nodes import Nodes

__all__ = [
    "NO_PARENT",
    "UNKNOWN",
    "Codes",
    "Ids",
    "Ints",
    "Notes",
    "Process",
    "RecordingInfo",
    "Rows",
    "Section",
    "Segments",
    "Small",
    "Trace",
    "Waits",
]

UNKNOWN = -1
NO_PARENT = -1
_KEY_BYTES = 8
_COMMON = b"\xff" * _KEY_BYTES


@dataclass(frozen=True)
class RecordingInfo:
    """What is known of the recording as a whole. `state` is live, complete or interrupted."""

    recording: str
    name: str
    state: str
    begin_ns: int
    cpus: float
    job_id: str
    driver_pid: int
    command: str
    versions: tuple[tuple[str, str], ...] = ()
    address: str = ""
    """Where the Ray cluster's head was, as host:port."""

    reason: str = ""
    """Why it was interrupted, as far as anybody knows; empty when it was not."""

    problem: str = ""
    """A sentence when something of the record is missing or was cut; empty when nothing is."""


@dataclass(frozen=True)
class Process:
    """One process that reported: a driver or a worker. Ids are hex; times of its tasks may be wrong by `clock_error_ns` either way."""

    pid: int
    node_id: str
    worker_id: str
    is_driver: bool
    node_ip: str = ""
    clock_error_ns: int = 0
    born_ns: int = UNKNOWN
    """When the process was made (Unix ns), UNKNOWN where its system did not say."""


@dataclass(frozen=True)
class Section:
    """One `with nestviz.record(name)` block; times are Unix ns, `end_ns` is UNKNOWN while it is open."""

    name: str
    begin_ns: int
    end_ns: int
    is_failed: bool = False


@dataclass(frozen=True)
class Rows:
    """One row per task attempt and span block in order of submission, then the drivers and the node of unknown parents.

    All arrays have the same length n. `parent` is a row number (NO_PARENT for drivers and the unknown-parent node).
    """

    task_id: Ids  # V24: Ray's own id; a span block has a made-up one
    parent_id: Ids  # V24: the id of the row `parent`; for a span block the task that opened it
    block_id: Ids  # V24: the innermost span block in which the row was submitted; zeros when there is none
    parent: Small  # row number
    attempt: Small
    kind: Codes  # RowKind
    name: Small  # number in Trace.texts
    state: Codes  # State
    submit_begin: Ints
    submit_end: Ints
    start: Ints
    end: Ints
    blocked: Ints  # durations inside the attempt
    receive: Ints
    spawn: Ints
    fetch: Ints  # UNKNOWN unless Ray's own record was joined in
    store: Ints
    depth: Small  # the driver is 0, its tasks are 1; a span block has the depth of its owner
    children: Small  # tasks submitted by the row (for a span block: inside it)
    process: Small  # number in Trace.processes, -1 before it started
    size: Ints  # elements, or UNKNOWN
    argument_bytes: Ints  # what its arguments became when they were serialized, or UNKNOWN
    error: Small  # number in Trace.texts, -1 when there is none
    section: Small  # number in Trace.sections, -1 when there is none

    def __len__(self) -> int:
        return len(self.parent)

    def __getitem__(self, column: str) -> NDArray[np.generic]:
        """The column of that name; KeyError when there is none."""
        if column not in self.names():
            raise KeyError(column)
        values: NDArray[np.generic] = getattr(self, column)
        return values

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(f.name for f in fields(cls))

    def take(self, which: NDArray[np.generic] | slice) -> Rows:
        """The rows at those numbers, that mask or that slice; `parent` still counts in the old numbering."""
        return Rows(*(getattr(self, name)[which] for name in self.names()))


@dataclass(frozen=True)
class Waits:
    """Every `ray.get` and `ray.wait`, in time order. `refs[offset[i]:offset[i+1]]` are the rows awaited (-1: not a known task)."""

    row: Small  # the waiting row
    kind: Codes  # WaitKind
    begin: Ints
    end: Ints  # UNKNOWN while it waits
    blocked_end: Ints  # when the last awaited task ended (≥ begin, ≤ end); UNKNOWN while it waits
    asked: Ints  # refs asked for, also those beyond the recorded ones
    error: Ints  # number in Trace.texts of the error that one of the results is, 0 when none is known
    offset: Ints  # n + 1
    refs: Small
    got: NDArray[np.bool_]  # per ref: it was returned

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Notes:
    """Annotations in the order they were made: the row they are on, the key and the value as said by the program."""

    row: Small
    section: Small  # the section in whose block a driver said it, -1 elsewhere
    key: tuple[str, ...]
    value: tuple[int | float | str, ...]


@dataclass(frozen=True)
class Segments:
    """Every phase of every attempt as an interval; the segments of one row tile its life without gap or overlap.

    Sorted by row, then time. A row that still lives ends at `Trace.now_ns`. Zero-length segments are left out.
    """

    row: Small
    phase: Codes  # Phase
    begin: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Trace:
    """One recording as far as it was read. Nothing in it changes; a later moment is another Trace."""

    info: RecordingInfo
    now_ns: int
    texts: tuple[str, ...]
    rows: Rows
    waits: Waits
    notes: Notes
    processes: tuple[Process, ...]
    sections: tuple[Section, ...]
    inner: Segments
    """The stretches of every attempt in which it did not compute: spawn, blocked, receive; disjoint, by row, then time."""

    items: Items
    puts: Puts
    dependencies: Dependencies
    requirements: Requirements
    exports: Exports
    repeats: Repeats
    sources: tuple[str, ...] = ()
    """Where it comes from: "capture", "ray.timeline", "state api"."""

    missing: tuple[str, ...] = ()
    """A sentence for each thing that is not known because a source was missing, cut or late."""

    lost_events: int = 0
    position: int = 0

    @cached_property
    def count(self) -> int:
        """How many rows are tasks or span blocks; the drivers and the unknown-parent node stand behind them."""
        return int(np.count_nonzero(self.rows.kind <= RowKind.SPAN))

    @cached_property
    def tasks(self) -> Rows:
        """The rows of task attempts and span blocks in order of submission; a view on `rows`."""
        return self.rows.take(slice(0, self.count))

    @cached_property
    def is_task(self) -> NDArray[np.bool_]:
        """Mask over `rows`: attempts of tasks."""
        mask: NDArray[np.bool_] = self.rows.kind == RowKind.TASK
        return mask

    @cached_property
    def nodes(self) -> Nodes:
        """The machines on which its tasks ran."""
        from nestviz.trace.nodes import nodes_of

        return nodes_of(self)

    @property
    def clock_error_ns(self) -> int:
        """By how much times from other nodes than the driver's may be wrong, at the worst; 0 on a single machine."""
        return max((process.clock_error_ns for process in self.processes), default=0)

    @cached_property
    def segments(self) -> Segments:
        """The phases of every attempt as intervals."""
        from nestviz.trace.phases import segments_of

        return segments_of(self)

    @cached_property
    def begin_ns(self) -> int:
        """First moment of the tasks shown: the first submission, or the recording's begin when there is none."""
        from nestviz.trace.phases import first_moment

        return first_moment(self)

    @cached_property
    def end_ns(self) -> int:
        """Last moment of the tasks shown: the last end, or `now_ns` while any of them lives."""
        from nestviz.trace.phases import last_moment

        return last_moment(self)

    def name_of(self, row: int) -> str:
        """The plain, unescaped name of a row."""
        return self.texts[int(self.rows.name[row])]

    def requirement_of(self, row: int) -> str:
        """What the row's task needs to run, as "2 CPU, 1 GPU, placement group 3f2a…"; "" when that is Ray's default."""
        from nestviz.trace.joins import id_keys, lookup

        at = int(lookup(self.requirements.key, id_keys(self.rows.task_id[row : row + 1]))[0])
        return self.texts[int(self.requirements.text[at])] if at >= 0 else ""

    def key_of(self, row: int) -> str:
        """A short stable name of a row for addresses and clicks: hex digits of the id, with `.attempt` when it is a retry.

        16 digits tell tasks apart; the driver and the tasks that create actors have them in common and are named by all 48.
        """
        ident = self.rows.task_id[row].tobytes()
        digits = (ident if ident.startswith(_COMMON) else ident[:_KEY_BYTES]).hex()
        attempt = int(self.rows.attempt[row])
        return f"{digits}.{attempt}" if attempt else digits

    def row_of(self, key: str) -> int:
        """The row that `key_of` named, -1 when the trace has none (the key may come from an address: any text is allowed)."""
        digits, _, attempt = key.partition(".")
        try:
            wanted = np.frombuffer(bytes.fromhex(digits), dtype=np.uint64)
        except ValueError:
            return -1
        if len(wanted) not in {1, 3} or (attempt and not attempt.isdecimal()):
            return -1
        words = np.ascontiguousarray(self.rows.task_id).view(np.uint64).reshape(-1, 3)[:, : len(wanted)]
        found = np.flatnonzero((words == wanted).all(axis=1) & (self.rows.attempt == int(attempt or 0)))
        return int(found[0]) if len(found) else -1

    def section_named(self, name: str) -> Trace:
        """The part of the trace that belongs to the section of that name; RecordingNotFound when there is none."""
        from nestviz.trace.sections import section_of

        return section_of(self, name)

    def to_arrow(self) -> pa.Table:
        """The same rows as `tasks`, decoded: ids as hex, names and states as text, unknown as null, units in the metadata."""
        from nestviz.trace.tables import to_arrow

        return to_arrow(self)

    def to_networkx(self) -> nx.DiGraph[str]:
        """The tree as a DiGraph from parent to child; nodes are task ids in hex, the driver's included."""
        from nestviz.trace.tables import to_networkx

        return to_networkx(self)
