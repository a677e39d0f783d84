"""Traces of any size made from a tree's parent numbers, column by column, without events: for laws and benchmarks at scale.

Every task is handed over in 1 µs, waits `queue_ns`, computes, submits all its children, gets them all at once, receives for 1 µs,
and ends. Process numbers go round, so that no process is used by two living tasks only where `workers` is large enough.
"""

from __future__ import annotations

import numpy as np

from nestviz.events import Phase, RowKind, State, WaitKind
from nestviz.trace.model import (
    UNKNOWN,
    Notes,
    Process,
    RecordingInfo,
    Rows,
    Segments,
    Trace,
    Waits,
)  # fmt: skip
from nestviz.trace.side_tables import Dependencies, Exports, Items, Puts, Repeats, Requirements

EPOCH_NS = 1_700_000_000 * 10**9
US = 1_000
_NO_ROWS, _NO_INTS = np.zeros(0, np.int32), np.zeros(0, np.int64)


def balanced(tasks):
    """Parents of a complete binary tree; task 0 is its root and has parent -1."""
    return (np.arange(tasks) - 1) // 2


def chain(tasks, levels=10_000):
    """Chains of that many levels side by side."""
    number = np.arange(tasks)
    return np.where(number % levels == 0, -1, number - 1)


def fan(tasks, width=200_000):
    """Parents that have up to `width` children each, nothing below."""
    number = np.arange(tasks)
    return np.where(number % (width + 1) == 0, -1, number - number % (width + 1))


def random_tree(tasks, seed=1):
    """Each task's parent is any task before it."""
    parent = np.random.default_rng(seed).integers(0, np.maximum(np.arange(tasks), 1))
    parent[0] = -1
    return parent


SHAPES = {"balanced": balanced, "random": random_tree, "chain": chain, "fan": fan}


def trace_of_tree(parent, compute_ns=None, queue_ns=5 * US, names=1, workers=64, cpus=4.0):
    """The finished trace of that tree; parents stand before their children (-1: the driver). `compute_ns`: per task, or 100 µs."""
    count = len(parent)
    parent = np.asarray(parent, np.int64)
    compute = np.full(count, 100 * US) if compute_ns is None else np.asarray(compute_ns, np.int64)
    depth, levels = _levels(parent)
    place = _place_among_siblings(parent)
    children = np.bincount(parent[parent >= 0], minlength=count)
    begin = np.zeros(count, np.int64)
    for level in levels:
        above = parent[level]
        origin = np.where(above >= 0, begin[above] + US + queue_ns + compute[above], EPOCH_NS)
        begin[level] = origin + place[level] * US
    start = begin + US + queue_ns
    wait_begin = start + compute + children * US
    ready = wait_begin.copy()
    end = wait_begin.copy()
    for level in reversed(levels):
        end[level] = np.where(children[level] > 0, ready[level] + US, wait_begin[level])
        inside = level[parent[level] >= 0]
        np.maximum.at(ready, parent[inside], end[inside])
    order = np.argsort(begin, kind="stable")
    number = np.empty(count, np.int64)
    number[order] = np.arange(count)
    row = _Rows(count, number[np.where(parent >= 0, parent, 0)], parent >= 0, order)
    return _assembled(row, parent, depth, children, begin, start, end, wait_begin, ready, names, workers, cpus)


class _Rows:
    """The numbering of rows: by submission."""

    def __init__(self, count, parent_row, has_parent, order):
        self.count, self.order = count, order
        self.parent = np.where(has_parent, parent_row, count)


def _assembled(row, parent, depth, children, begin, start, end, wait_begin, ready, names, workers, cpus):
    count, order = row.count, row.order
    begin, start, end, wait_begin, ready = (column[order] for column in (begin, start, end, wait_begin, ready))
    children, depth, above = children[order], depth[order], row.parent[order]
    last = int(end.max(initial=EPOCH_NS))
    task_id = np.zeros(count + 1, "V24")
    words = task_id.view(np.uint64).reshape(-1, 3)
    words[:, 0], words[:, 1:] = np.arange(1, count + 2, dtype=np.uint64), np.uint64(0xFFFFFFFFFFFFFFFF)
    ints = {"submit_begin": begin, "submit_end": begin + US, "start": start, "end": end, "blocked": np.zeros(count, np.int64),
            "receive": np.where(children > 0, US, 0), "spawn": children * US}  # fmt: skip
    ints["blocked"] = np.where(children > 0, ready - wait_begin, 0)
    driver = {"submit_begin": UNKNOWN, "submit_end": UNKNOWN, "start": EPOCH_NS, "end": last, "blocked": 0, "receive": 0, "spawn": 0}
    columns = {key: np.append(values, driver[key]).astype(np.int64) for key, values in ints.items()}
    unknown = np.full(count + 1, UNKNOWN, np.int64)
    number = np.arange(count)
    rows = Rows(
        task_id=task_id,
        parent_id=np.append(task_id[above], np.zeros(1, "V24")),
        block_id=np.zeros(count + 1, "V24"),
        parent=np.append(above, -1).astype(np.int32),
        attempt=np.zeros(count + 1, np.int32),
        kind=np.append(np.full(count, RowKind.TASK), RowKind.DRIVER).astype(np.uint8),
        name=np.append(1 + number % names, names + 1).astype(np.int32),
        state=np.full(count + 1, State.FINISHED, np.uint8),
        fetch=unknown,
        store=unknown,
        depth=np.append(depth, 0).astype(np.int32),
        children=np.append(children, np.count_nonzero(parent < 0)).astype(np.int32),
        process=np.append(1 + number % workers, 0).astype(np.int32),
        size=unknown,
        argument_bytes=unknown,
        error=unknown.astype(np.int32),
        section=unknown.astype(np.int32),
        **columns,
    )
    waiting = np.flatnonzero(children > 0)
    waits = Waits(
        row=waiting.astype(np.int32),
        kind=np.full(len(waiting), WaitKind.GET, np.uint8),
        begin=wait_begin[waiting],
        end=ready[waiting] + US,
        blocked_end=ready[waiting],
        asked=children[waiting].astype(np.int64),
        error=np.zeros(len(waiting), np.int64),
        offset=np.concatenate([[0], np.cumsum(children[waiting])]).astype(np.int64),
        refs=np.argsort(above, kind="stable")[: int(children.sum())].astype(np.int32),
        got=np.ones(int(children.sum()), np.bool_),
    )
    info = RecordingInfo("made-20231114-221320-01000000", "made", "complete", EPOCH_NS, cpus, "01000000", 1, "made")
    return Trace(
        info=info,
        now_ns=last,
        texts=("", *(f"f{n}" for n in range(names)), "driver"),
        rows=rows,
        waits=waits,
        notes=Notes(_NO_ROWS, _NO_ROWS, (), ()),
        items=Items(_NO_ROWS, _NO_INTS, _NO_INTS, _NO_INTS),
        puts=Puts(_NO_ROWS, _NO_INTS, _NO_INTS),
        dependencies=Dependencies(_NO_ROWS, _NO_ROWS),
        requirements=Requirements(np.zeros(0, np.uint64), _NO_INTS),
        exports=Exports(_NO_ROWS, _NO_INTS),
        repeats=Repeats(_NO_ROWS, np.zeros(0, np.bool_), np.zeros(0, np.bool_)),
        processes=tuple(Process(1000 + n, "n1", f"w{n}", n == 0) for n in range(workers + 1)),
        sections=(),
        inner=_inner(rows, waits, above, begin, count),
    )


def _inner(rows, waits, above, begin, count):
    spawned = above < count
    row = np.concatenate([above[spawned], waits.row, waits.row])
    phase = np.repeat([Phase.SPAWN, Phase.BLOCKED, Phase.RECEIVE], [np.count_nonzero(spawned), len(waits), len(waits)])
    low = np.concatenate([begin[spawned], waits.begin, waits.blocked_end])
    high = np.concatenate([begin[spawned] + US, waits.blocked_end, waits.end])
    order = np.lexsort((low, row))
    return Segments(row[order].astype(np.int32), phase[order].astype(np.uint8), low[order], high[order])


def _levels(parent):
    """Depth per task (roots 1) and the tasks of each depth."""
    depth = np.where(parent < 0, 1, 0)
    levels = [np.flatnonzero(parent < 0)]
    by_parent = np.argsort(parent, kind="stable")
    first = np.searchsorted(parent[by_parent], np.arange(len(parent) + 1))
    while True:
        counts = first[levels[-1] + 1] - first[levels[-1]]
        below = by_parent[np.repeat(first[levels[-1]] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())]
        if not len(below):
            return depth, levels
        depth[below] = len(levels) + 1
        levels.append(below)


def _place_among_siblings(parent):
    by_parent = np.argsort(parent, kind="stable")
    ordered = parent[by_parent]
    place = np.empty(len(parent), np.int64)
    place[by_parent] = np.arange(len(parent)) - np.searchsorted(ordered, ordered)
    return place
