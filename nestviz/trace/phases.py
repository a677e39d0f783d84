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
    """Every phase of every attempt as an interval; see `Segments`. Where known, fetch ends queue and store follows compute."""
    rows, inner = trace.rows, trace.inner
    begin, handed, start, end = life_of(rows, trace.now_ns)
    fetch = np.where(rows.fetch == UNKNOWN, 0, np.minimum(rows.fetch, start - handed))
    store = np.where(rows.store == UNKNOWN, 0, np.minimum(rows.store, end - start))
    number = np.arange(len(rows), dtype=np.int64)
    gap_row, gap_begin, gap_end = _gaps(inner, number, start, end - store)
    parts = [
        (number, Phase.SUBMIT, begin, handed),
        (number, Phase.QUEUE, handed, start - fetch),
        (number, Phase.FETCH, start - fetch, start),
        (gap_row, Phase.COMPUTE, gap_begin, gap_end),
        (number, Phase.STORE, end - store, end),
    ]
    row = np.concatenate([*(p[0] for p in parts), inner.row])
    phase = np.concatenate([*(np.full(len(p[0]), p[1], np.uint8) for p in parts), inner.phase])
    low = np.concatenate([*(p[2] for p in parts), inner.begin])
    high = np.concatenate([*(p[3] for p in parts), inner.end])
    keep = high > low
    row, phase, low, high = row[keep], phase[keep], low[keep], high[keep]
    order = np.lexsort((low, row))
    return Segments(row[order].astype(np.int32), phase[order], low[order], high[order])


def _gaps(inner: Segments, number: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """The stretches of each execution that no inner stretch covers."""
    row = np.concatenate([inner.row.astype(np.int64), number])
    low = np.concatenate([inner.begin, end])
    high = np.concatenate([inner.end, end])
    order = np.lexsort((low, row))
    row, low, high = row[order], low[order], high[order]
    previous = np.empty_like(high)
    if len(row):
        previous[0] = start[row[0]]
        previous[1:] = np.where(row[1:] == row[:-1], high[:-1], start[row[1:]])
    return row, np.maximum(previous, start[row]), np.minimum(low, end[row])


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
