"""What running a call as a task costs beside its own work, as far as a recording tells, and what is assumed where it does not.

Recorded, task by task: submitting, fetching, receiving, storing, and how long each call was on its way to a process although a CPU
was free. Ray takes the CPU before it hands the call to a process, or has one made, so the last part of that way *holds* the CPU;
what came before only *delays* the call. Estimated from that: `dispatch_ns`, the way to a process that exists, and
`worker_start_ns`, the making of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nestviz.analysis.concurrency import profile_of
from nestviz.analysis.queueing import QueueCause, queue_causes
from nestviz.events import Phase
from nestviz.trace.model import UNKNOWN, Ints, Trace

__all__ = ["ASSUMED_WORKER_START_NS", "Costs", "Workers", "costs_of", "no_costs"]

Workers = Literal["recorded", "warm", "cold"]
"""Processes: each call waits for one as long as it did in the recording; all exist; or those beyond one per CPU must be made."""

ASSUMED_WORKER_START_NS = 600_000_000
"""Where a recording saw no process being made; measured on a machine of two cores."""

_COMPUTE = (Phase.COMPUTE,)
_ALL_ACTIVE = (Phase.FETCH, Phase.COMPUTE, Phase.SPAWN, Phase.RECEIVE, Phase.STORE)


@dataclass(frozen=True)
class Costs:
    """Nanoseconds. Per row: `delay_ns` before it asks for a CPU, `hold_ns` that it holds one before it begins.

    `active` are the phases in which a task holds its CPU. With `is_free` submitting takes no time, nor does the driver's own code.
    """

    active: tuple[Phase, ...]
    is_free: bool
    delay_ns: Ints
    hold_ns: Ints
    dispatch_ns: int
    worker_start_ns: int
    is_worker_start_assumed: bool
    are_workers_made: bool


def no_costs(trace: Trace) -> Costs:
    """As if a task cost nothing but its compute."""
    nothing = np.zeros(len(trace.rows), np.int64)
    return Costs(_COMPUTE, True, nothing, nothing, 0, 0, is_worker_start_assumed=False, are_workers_made=False)


def costs_of(trace: Trace, workers: Workers) -> Costs:
    """The costs of a recording, with its processes as they were, all there, or made when there are too few."""
    profile = profile_of(trace)
    causes = queue_causes(trace, profile)
    made, capped = causes[QueueCause.WORKER], causes[QueueCause.CAP]
    idle = made + capped + causes[QueueCause.UNKNOWN]
    has_waited = causes[QueueCause.CPU] > 0
    start = np.where(trace.rows.start == UNKNOWN, trace.now_ns, trace.rows.start - np.maximum(trace.rows.fetch, 0))
    gap = np.where(has_waited, np.minimum(start - profile.full_time(trace.info.cpus).last_before(start), idle), idle)
    is_quick = trace.is_task & (trace.rows.start != UNKNOWN) & (made == 0) & (capped == 0)
    dispatch = int(np.median(gap[is_quick])) if bool(is_quick.any()) else 0
    hold = np.where(has_waited & is_quick, gap, np.minimum(gap, dispatch))
    # who has waited for a CPU while others were given theirs was not delayed by that
    delay = np.where(has_waited & is_quick, 0, idle - hold)
    if workers != "recorded":
        hold, delay = np.where(trace.is_task, dispatch, 0), np.zeros(len(hold), np.int64)
    worker_start = _worker_start(trace, made)
    return Costs(
        active=_ALL_ACTIVE,
        is_free=False,
        delay_ns=delay,
        hold_ns=hold,
        dispatch_ns=dispatch,
        worker_start_ns=ASSUMED_WORKER_START_NS if worker_start == UNKNOWN else worker_start,
        is_worker_start_assumed=worker_start == UNKNOWN,
        are_workers_made=workers == "cold",
    )


def _worker_start(trace: Trace, made: Ints) -> int:
    """The median time from a process's birth to its first task, of those made while that task waited; UNKNOWN without any."""
    rows = trace.rows
    births = np.array([process.born_ns for process in trace.processes] or [UNKNOWN], np.int64)[rows.process]
    is_made = trace.is_task & (made > 0) & (births > rows.submit_begin) & (births < rows.start)
    return int(np.median((rows.start - births)[is_made])) if bool(is_made.any()) else UNKNOWN
