"""Sums over a trace that cost a few vector operations: what tiles and tables show while a recording grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from nestviz.events import Phase, RowKind, State
from nestviz.trace.joins import id_keys
from nestviz.trace.model import UNKNOWN, Ints, Rows, Trace
from nestviz.trace.phases import life_of

__all__ = ["Totals", "compute_of", "last_attempts", "phases_of", "totals_of"]


@dataclass(frozen=True)
class Totals:
    """Counts and sums of the tasks of a trace; `states` and `phases_ns` have every state and phase, by lower-case name."""

    tasks: int
    attempts: int
    states: Mapping[str, int]
    depth: int
    workers: int
    makespan_ns: int
    work_ns: int
    phases_ns: Mapping[str, int]
    speedup: float
    efficiency: float
    cpus: float


def last_attempts(rows: Rows) -> Ints:
    """The rows of each task's last attempt, in order of submission."""
    tasks = np.flatnonzero(rows.kind == RowKind.TASK)
    if not bool(np.any(rows.attempt > 0)):
        return tasks
    keys = id_keys(rows.task_id[tasks])
    order = np.lexsort((-rows.attempt[tasks], keys))
    first = np.ones(len(order), np.bool_)
    first[1:] = keys[order][1:] != keys[order][:-1]
    return np.sort(tasks[order[first]])


def phases_of(trace: Trace) -> Mapping[Phase, Ints]:
    """Nanoseconds of every phase per row; together they add up to the row's life. Span blocks have none."""
    rows = trace.rows
    begin, handed, start, end = life_of(rows, trace.now_ns)

    def known(values: Ints) -> Ints:
        return np.maximum(values, 0)

    fetch = np.minimum(known(rows.fetch), start - handed)
    inside = known(rows.spawn) + known(rows.blocked) + known(rows.receive)
    store = np.clip(known(rows.store), 0, np.maximum(end - start - inside, 0))
    return MappingProxyType(
        {
            Phase.SUBMIT: handed - begin,
            Phase.QUEUE: start - handed - fetch,
            Phase.FETCH: fetch,
            Phase.COMPUTE: end - start - inside - store,
            Phase.SPAWN: known(rows.spawn),
            Phase.BLOCKED: known(rows.blocked),
            Phase.RECEIVE: known(rows.receive),
            Phase.STORE: store,
        }
    )


def compute_of(trace: Trace) -> Ints:
    """Nanoseconds that each row computed; 0 for drivers and blocks."""
    return np.where(trace.is_task, phases_of(trace)[Phase.COMPUTE], 0)


def totals_of(trace: Trace) -> Totals:
    """Sum a trace up."""
    rows = trace.rows
    last = last_attempts(rows)
    counts = np.bincount(rows.state[last], minlength=len(State))
    phases = {phase.name.lower(): int(values[trace.is_task].sum()) for phase, values in phases_of(trace).items()}
    work, makespan = phases["compute"], trace.end_ns - trace.begin_ns
    speedup = work / makespan if makespan else 0.0
    used = np.unique(rows.process[trace.is_task & (rows.process != UNKNOWN)])
    return Totals(
        tasks=len(last),
        attempts=int(np.count_nonzero(trace.is_task)),
        states=MappingProxyType({state.name.lower(): int(counts[state]) for state in State}),
        depth=int(rows.depth[trace.is_task].max(initial=0)),
        workers=len(used),
        makespan_ns=makespan,
        work_ns=work,
        phases_ns=MappingProxyType(phases),
        speedup=speedup,
        efficiency=speedup / trace.info.cpus if trace.info.cpus else 0.0,
        cpus=trace.info.cpus,
    )
