"""What running a call as a task costs beside its own work, as far as a recording tells, and what is assumed where it does not.

Recorded, task by task: submitting, fetching, receiving, storing, and how long each call was on its way to a process although a CPU
was free. Estimated from that: `dispatch_ns`, the way to a process that exists; `worker_start_ns`, the making of a process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nestviz.analysis.queueing import QueueCause, queue_causes
from nestviz.events import Phase
from nestviz.trace.model import Ints, Trace

__all__ = ["ASSUMED_WORKER_START_NS", "Costs", "Workers", "costs_of", "no_costs"]

Workers = Literal["recorded", "warm", "cold"]
"""Processes: each call waits for one as long as it did in the recording; all exist; or those beyond one per CPU must be made."""

ASSUMED_WORKER_START_NS = 600_000_000
"""Where a recording saw no process being made; measured on a machine of two cores."""

_COMPUTE = (Phase.COMPUTE,)
_ALL_ACTIVE = (Phase.FETCH, Phase.COMPUTE, Phase.SPAWN, Phase.RECEIVE, Phase.STORE)


@dataclass(frozen=True)
class Costs:
    """Nanoseconds. `delay_ns` per row: from being handed over, with its arguments there, until it asks for a CPU.

    `active` are the phases in which a task holds its CPU. With `is_free` submitting takes no time, nor does the driver's own code.
    """

    active: tuple[Phase, ...]
    is_free: bool
    delay_ns: Ints
    dispatch_ns: int
    worker_start_ns: int
    is_worker_start_assumed: bool
    are_workers_made: bool


def no_costs(trace: Trace) -> Costs:
    """As if a task cost nothing but its compute."""
    return Costs(_COMPUTE, True, np.zeros(len(trace.rows), np.int64), 0, 0, False, False)


def costs_of(trace: Trace, workers: Workers) -> Costs:
    """The costs of a recording, with its processes as they were, all there, or made when there are too few."""
    causes = queue_causes(trace)
    other = causes[QueueCause.UNKNOWN]
    made = causes[QueueCause.WORKER]
    started = trace.is_task & (trace.rows.start >= 0)
    in_time = started & (made == 0) & (causes[QueueCause.CAP] == 0)
    dispatch = int(np.median(other[in_time])) if bool(in_time.any()) else 0
    births = np.array([process.born_ns for process in trace.processes] or [-1], np.int64)[trace.rows.process]
    is_made = started & (made > 0) & (births > trace.rows.submit_begin) & (births < trace.rows.start)
    start = int(np.median((trace.rows.start - births)[is_made])) if bool(is_made.any()) else ASSUMED_WORKER_START_NS
    recorded = made + causes[QueueCause.CAP] + other
    return Costs(
        active=_ALL_ACTIVE,
        is_free=False,
        delay_ns=recorded if workers == "recorded" else np.where(trace.is_task, dispatch, 0),
        dispatch_ns=dispatch,
        worker_start_ns=start,
        is_worker_start_assumed=not bool(is_made.any()),
        are_workers_made=workers == "cold",
    )
