"""The phases of attempts: the stretches inside them, the tiling of their whole lives, and the totals.

Submit reaches from the begin to the end of `.remote()`, but not beyond the moment at which the task itself starts: a child may run
before its parent's call has returned. A retry is queued from the failure of the attempt before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nestviz.events import Phase, RowKind, State
from nestviz.trace.joins import id_keys, separate
from nestviz.trace.model import UNKNOWN, Ints, Rows, Segments, Trace

__all__ = ["first_moment", "last_moment", "life_of", "phase_totals", "segments_of", "separate_inner"]

_OUTER_PLACES = 5
"""Submit, queue, fetch, the compute before the first or after the last inner stretch, store."""


def separate_inner(rows: Rows, row: Ints, phase: NDArray[np.uint8], begin: Ints, end: Ints, now_ns: int) -> Segments:
    """Clip stretches to their row's execution and keep them apart; empty ones are dropped. `row` is -1 for nobody's."""
    known = (row >= 0) & (rows.start[row] != UNKNOWN)
    row, phase, begin, end = row[known], phase[known], begin[known], end[known]
    low = rows.start[row]
    high = np.where(rows.end[row] == UNKNOWN, np.maximum(now_ns, low), rows.end[row])
    begin, end = np.clip(begin, low, high), np.clip(end, low, high)
    order, begin, end = separate(row, begin, end)
    keep = end > begin
    return Segments(row[order][keep].astype(np.int32), phase[order][keep], begin[keep], end[keep])


def phase_totals(inner: Segments, count: int, phase: Phase) -> Ints:
    """Nanoseconds of one phase per row, for `count` rows."""
    which = inner.phase == phase
    lengths = inner.end[which] - inner.begin[which]
    totals = np.zeros(count, np.int64)
    np.add.at(totals, inner.row[which], lengths)
    return totals


def life_of(rows: Rows, now_ns: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Per row: begin of life, end of submit, begin of execution, end of life. They never decrease in this order.

    Life ends with the execution, or, where Ray has told it, when the results are stored. What never started has its execution
    begin and end when it was known to be over, else at `now_ns`; span blocks have no life of their own (all four are equal).
    """
    is_open = rows.end == UNKNOWN
    never = rows.start == UNKNOWN
    start = np.where(never, np.where(is_open, now_ns, rows.end), rows.start)
    end = np.where(is_open, np.maximum(now_ns, start), rows.end + np.maximum(rows.store, 0))
    begin = np.where(rows.submit_begin == UNKNOWN, start, np.minimum(rows.submit_begin, start))
    handed = np.where(rows.submit_end == UNKNOWN, begin, np.clip(rows.submit_end, begin, start))
    retried = np.flatnonzero((rows.attempt > 0) & (rows.kind == RowKind.TASK))
    if len(retried):
        before = _failures_before(rows, retried)
        queued_from = np.where(before == UNKNOWN, start[retried], np.minimum(before, start[retried]))
        begin[retried] = handed[retried] = queued_from
    blocks = rows.kind == RowKind.SPAN
    begin[blocks] = handed[blocks] = end[blocks] = start[blocks]
    return begin, handed, start, np.maximum(end, start)


def _failures_before(rows: Rows, retried: Ints) -> Ints:
    """For each retry the end of the attempt before it; UNKNOWN when that is not known or was no failure (an actor's restart)."""
    keys = id_keys(rows.task_id)
    same = np.flatnonzero(np.isin(keys, keys[retried]) & (rows.kind == RowKind.TASK))
    same = same[np.lexsort((rows.attempt[same], keys[same]))]
    previous = np.full(len(rows), UNKNOWN, np.int64)
    follows = keys[same[1:]] == keys[same[:-1]]
    before = same[:-1][follows]
    previous[same[1:][follows]] = np.where(rows.state[before] == State.FINISHED, UNKNOWN, rows.end[before])
    result: Ints = previous[retried]
    return result


def segments_of(trace: Trace) -> Segments:
    """Every phase of every attempt as an interval; see `Segments`. Where known, fetch ends queue and store follows compute.

    Each row has a place for submit, queue and fetch, then compute and inner stretches in turn, then compute and store; what is left
    empty is dropped. No sorting: `Trace.inner` is in order.
    """
    rows, inner = trace.rows, trace.inner
    begin, handed, start, end = life_of(rows, trace.now_ns)
    fetch = np.where(rows.fetch == UNKNOWN, 0, np.minimum(rows.fetch, start - handed))
    store = np.where(rows.store == UNKNOWN, 0, np.minimum(rows.store, end - start))
    stretches = np.bincount(inner.row, minlength=len(rows))
    places = 2 * stretches + _OUTER_PLACES
    first = np.cumsum(places) - places
    row = np.repeat(np.arange(len(rows), dtype=np.int32), places)
    phase = np.full(len(row), Phase.COMPUTE, np.uint8)
    low, high = np.empty((2, len(row)), np.int64)
    within = first + 4 - 2 * (np.cumsum(stretches) - stretches)
    parts: list[tuple[Ints, int | NDArray[np.uint8], Ints, Ints]] = [
        (first, Phase.SUBMIT, begin, handed),
        (first + 1, Phase.QUEUE, handed, start - fetch),
        (first + 2, Phase.FETCH, start - fetch, start),
        (within[inner.row] + 2 * np.arange(len(inner)), inner.phase, inner.begin, inner.end),
        (first + places - 1, Phase.STORE, end - store, end),
    ]
    for place, what, since, until in parts:
        phase[place], low[place], high[place] = what, since, until
    last = first + places - 1
    low[last] = np.maximum(low[last], high[last - 2])
    gaps = np.concatenate([first + 3, parts[3][0] + 1])
    low[gaps], high[gaps] = high[gaps - 1], low[gaps + 1]
    keep = high > low
    return Segments(row[keep], phase[keep], low[keep], high[keep])


def first_moment(trace: Trace) -> int:
    """The first submission or start of any task shown; the recording's begin when there is none."""
    rows = trace.rows.take(trace.is_task)
    begin = np.where(rows.submit_begin == UNKNOWN, rows.start, rows.submit_begin)
    begin = begin[begin != UNKNOWN]
    return int(begin.min()) if len(begin) else trace.info.begin_ns


def last_moment(trace: Trace) -> int:
    """The last end of any task shown; `now_ns` while one of them lives, the first moment when there is none."""
    rows = trace.rows.take(trace.is_task)
    if not len(rows):
        return trace.begin_ns
    return trace.now_ns if bool(np.any(rows.end == UNKNOWN)) else int((rows.end + np.maximum(rows.store, 0)).max())
