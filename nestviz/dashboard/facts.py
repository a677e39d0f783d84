"""What the details panel says of one task, gathered as plain values from the columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nestviz.analysis.totals import phases_of
from nestviz.events import Phase, RowKind, State
from nestviz.trace.model import NO_PARENT, UNKNOWN, Trace
from nestviz.wording import count, data_size, duration

__all__ = ["MAX_CHILDREN", "Kin", "TaskFacts", "facts_of", "kin_of"]

MAX_CHILDREN = 40
_SHORT_ID = 12


@dataclass(frozen=True)
class Kin:
    """A relative of the task: its key in addresses, its name and size, its state, how long it has lived."""

    key: str
    name: str
    size: int
    state: State
    life_ns: int


@dataclass(frozen=True)
class TaskFacts:
    """One row of the trace. Times are nanoseconds since the beginning of the trace shown, UNKNOWN when they are not known.

    `ancestors` reads from the root down; `phases` are in the order of a task's life, the empty ones left out; `children` holds the
    first MAX_CHILDREN of `child_count`. `worker` counts the worker processes from 1 in order of first use, 0 when none is known.
    `node` is the node's name among several, else the start of its id.
    """

    key: str
    name: str
    kind: RowKind
    state: State
    task_id: str
    attempt: int
    size: int
    depth: int
    begin_ns: int
    start_ns: int
    end_ns: int
    started_unix_ns: int
    phases: tuple[tuple[Phase, int], ...]
    ancestors: tuple[Kin, ...]
    children: tuple[Kin, ...]
    child_count: int
    worker: int
    pid: int
    node: str
    error: str
    notes: tuple[tuple[str, int | float | str], ...]
    circumstances: tuple[tuple[str, str], ...]
    """What few tasks have, in words: what it needs, what was sent to it, whose results it waited for, what it put and yielded."""

    @property
    def life_ns(self) -> int:
        """All phases together."""
        return sum(duration for _, duration in self.phases)


def facts_of(trace: Trace, row: int) -> TaskFacts:
    """Everything that the trace says of that row."""
    rows = trace.rows
    phases = {phase: int(values[row]) for phase, values in phases_of(trace).items()}
    children = np.flatnonzero(rows.parent == row)
    process = int(rows.process[row])
    known = trace.processes[process] if process != UNKNOWN else None
    error = int(rows.error[row])
    return TaskFacts(
        key=trace.key_of(row),
        name=trace.name_of(row),
        kind=RowKind(int(rows.kind[row])),
        state=State(int(rows.state[row])),
        task_id=rows.task_id[row].tobytes().hex(),
        attempt=int(rows.attempt[row]),
        size=int(rows.size[row]),
        depth=int(rows.depth[row]),
        begin_ns=_since_begin(trace, int(rows.submit_begin[row])),
        start_ns=_since_begin(trace, int(rows.start[row])),
        end_ns=_since_begin(trace, int(rows.end[row])),
        started_unix_ns=int(rows.start[row]),
        phases=tuple((phase, duration) for phase, duration in sorted(phases.items()) if duration > 0),
        ancestors=tuple(kin_of(trace, above) for above in reversed(_ancestors(trace, row))),
        children=tuple(kin_of(trace, int(child)) for child in children[:MAX_CHILDREN]),
        child_count=len(children),
        worker=_worker_number(trace, process),
        pid=known.pid if known else 0,
        node=trace.nodes.said(process) or (known.node_id[:_SHORT_ID] if known else ""),
        error=trace.texts[error] if error >= 0 else "",
        notes=tuple(
            (trace.notes.key[i], trace.notes.value[i]) for i in np.flatnonzero(trace.notes.row == row).tolist()
        ),
        circumstances=tuple((key, text) for key, text in _circumstances(trace, row) if text),
    )


def _circumstances(trace: Trace, row: int) -> Iterator[tuple[str, str]]:
    yield "needs", trace.requirement_of(row)
    sent = int(trace.rows.argument_bytes[row])
    yield "arguments", data_size(sent) if sent > 0 else ""
    awaited = trace.dependencies.on[trace.dependencies.row == row]
    yield "waits for", f"results of {count(len(awaited))} tasks" if len(awaited) > 1 else "".join(map(trace.name_of, awaited))
    for place in np.flatnonzero(trace.puts.row == row):
        yield "put", f"{_objects(int(trace.puts.count[place]))}, {data_size(int(trace.puts.size_bytes[place]))}"
    items, start = trace.items, int(trace.rows.start[row])
    for place in np.flatnonzero(items.row == row):
        times = [duration(int(moment[place]) - start) for moment in (items.first, items.last)]
        yield "items", f"{count(int(items.count[place]))}, first after {times[0]}, last after {times[1]}"


def _objects(number: int) -> str:
    return f"{count(number)} object{'s' if number != 1 else ''}"


def _since_begin(trace: Trace, time_ns: int) -> int:
    return UNKNOWN if time_ns == UNKNOWN else time_ns - trace.begin_ns


def _ancestors(trace: Trace, row: int) -> list[int]:
    """The rows above, from the parent to the root."""
    found = []
    above = int(trace.rows.parent[row])
    while above != NO_PARENT:
        found.append(above)
        above = int(trace.rows.parent[above])
    return found


def kin_of(trace: Trace, row: int) -> Kin:
    """What a button says of that row."""
    rows = trace.rows
    begin = int(rows.submit_begin[row])
    begin = int(rows.start[row]) if begin == UNKNOWN else begin
    end = int(rows.end[row])
    end = trace.now_ns if end == UNKNOWN else end
    return Kin(
        key=trace.key_of(row),
        name=trace.name_of(row),
        size=int(rows.size[row]),
        state=State(int(rows.state[row])),
        life_ns=max(end - begin, 0) if begin != UNKNOWN else 0,
    )


def _worker_number(trace: Trace, process: int) -> int:
    """The place of a worker process among all workers, by first use."""
    rows = trace.rows
    ran = trace.is_task & (rows.process != UNKNOWN)
    order = rows.process[ran][np.argsort(rows.start[ran], kind="stable")]
    used, first = np.unique(order, return_index=True)
    places = {int(number): place for place, number in enumerate(used[np.argsort(first)].tolist(), start=1)}
    return places.get(process, 0)
