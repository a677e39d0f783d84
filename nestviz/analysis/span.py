"""Span: the longest path through the tasks, for programs whose joins are waits for named results.

The idea is Cilkview's (He, Leiserson, Leiserson: The Cilkview Scalability Analyzer, SPAA 2010). A task's path begins with its
parent's at the submission, grows by what it computes, and at every wait becomes the longest of itself and the tasks whose results
it got. The burdened path also counts submit, spawn, fetch, receive and store.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nestviz.events import Phase, RowKind
from nestviz.trace.model import UNKNOWN, Trace
from nestviz.trace.phases import life_of

__all__ = ["Spans", "spans_of"]

_GROW, _JOIN, _BIRTH = 0, 1, 2
_BURDEN = (Phase.SUBMIT, Phase.FETCH, Phase.COMPUTE, Phase.SPAWN, Phase.RECEIVE, Phase.STORE)


@dataclass(frozen=True)
class Spans:
    """Longest paths in nanoseconds."""

    span_ns: int
    burdened_span_ns: int


def spans_of(trace: Trace) -> Spans:
    """Span and burdened span of all tasks of a trace. The driver links its calls but computes nothing that counts."""
    rows, segments, waits = trace.rows, trace.segments, trace.waits
    grows = np.isin(segments.phase, [int(phase) for phase in _BURDEN]) & (rows.kind[segments.row] == RowKind.TASK)
    births = np.flatnonzero(trace.is_task & (rows.parent >= 0))
    begin, _, _, _ = life_of(rows, trace.now_ns)
    joins = np.flatnonzero(waits.end != UNKNOWN)
    time = np.concatenate([segments.end[grows], begin[births], waits.blocked_end[joins]])
    kind = np.repeat([_GROW, _BIRTH, _JOIN], [int(grows.sum()), len(births), len(joins)])
    who = np.concatenate([segments.row[grows], births, waits.row[joins]])
    length = segments.end[grows] - segments.begin[grows]
    amount = np.concatenate([length, np.zeros(len(births), np.int64), joins])
    is_compute = np.concatenate([segments.phase[grows] == Phase.COMPUTE, np.zeros(len(births) + len(joins), np.bool_)])
    depth = np.where(kind == _BIRTH, rows.depth[who], -rows.depth[who])
    order = np.lexsort((depth, kind, time))
    parent = rows.parent.tolist()
    refs, got, offset = waits.refs.tolist(), waits.got.tolist(), waits.offset.tolist()
    path, burdened = [0] * len(rows), [0] * len(rows)
    columns = (kind[order].tolist(), who[order].tolist(), amount[order].tolist(), is_compute[order].tolist())
    for what, row, value, counts in zip(*columns, strict=True):
        if what == _GROW:
            burdened[row] += value
            if counts:
                path[row] += value
        elif what == _BIRTH:
            path[row], burdened[row] = path[parent[row]], burdened[parent[row]]
        else:
            for i in range(offset[value], offset[value + 1]):
                if got[i] and refs[i] >= 0:
                    path[row] = max(path[row], path[refs[i]])
                    burdened[row] = max(burdened[row], burdened[refs[i]])
    return Spans(max(path, default=0), max(burdened, default=0))
