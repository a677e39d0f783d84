"""Recognising a program that waits for itself: nothing moves, nothing computes, and what is waited for cannot start.

Chains run from whoever waits (the driver first) over results asked for, arguments and actors' turns to tasks that never started.
Where the record explains why such a task cannot start, the stall is sure or likely; where it does not, it is reported only after
three times the patience and called unknown, as Ray may be starting worker processes or holding tasks back by its worker cap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nestviz.analysis.holders import Confidence, Holder, Verdict, needs_of, why_it_cannot_start
from nestviz.analysis.wait_graph import NOBODY, WaitGraph, last_movement
from nestviz.events import RowKind
from nestviz.trace.model import Ints, Trace

__all__ = ["PATIENCE_NS", "Stall", "StuckTasks", "find_stall"]

PATIENCE_NS = 10_000_000_000
_PATIENCE_UNEXPLAINED = 3
_RANKS: dict[Confidence, int] = {"sure": 0, "likely": 1, "unknown": 2}


@dataclass(frozen=True)
class StuckTasks:
    """Tasks of one name that cannot start. `chain` holds rows, from the one that waits first to `row`, the first of the tasks.

    `needs` is as in "1 CPU" or "its turn in the actor Counter"; `holders` are rows that have it and do not give it back.
    """

    row: int
    count: int
    needs: str
    confidence: Confidence
    explanation: str
    holders: tuple[Holder, ...]
    chain: tuple[int, ...]


@dataclass(frozen=True)
class Stall:
    """Nothing has moved since `since_ns` (Unix ns), which is `lasted_ns` ago; the best explained of the stuck tasks first.

    `waiting` counts the attempts (and the driver) that have started and only wait, `pending` the tasks that cannot start.
    """

    since_ns: int
    lasted_ns: int
    confidence: Confidence
    stuck: tuple[StuckTasks, ...]
    waiting: int
    pending: int


def find_stall(trace: Trace, patience_ns: int = PATIENCE_NS) -> Stall | None:
    """The stall at `trace.now_ns`, None while there is none: a task that computes anywhere, the driver included, is no stall."""
    moved = last_movement(trace)
    if trace.info.state != "live" or trace.now_ns - moved < patience_ns:
        return None
    graph = WaitGraph(trace)
    since = graph.since[graph.is_alive]
    if not len(since) or bool(np.any(since == NOBODY)):
        return None
    begin = max(moved, int(since.max()))
    lasted = trace.now_ns - begin
    if lasted < patience_ns:
        return None
    stuck = _stuck_tasks(graph)
    if not stuck or (stuck[0].confidence == "unknown" and lasted < _PATIENCE_UNEXPLAINED * patience_ns):
        return None
    return Stall(begin, lasted, stuck[0].confidence, stuck, waiting=len(since), pending=sum(one.count for one in stuck))


def _stuck_tasks(graph: WaitGraph) -> tuple[StuckTasks, ...]:
    """The ends of all chains, alike ones together."""
    trace = graph.trace
    before = _chains(graph)
    circles = _circles(graph, np.flatnonzero(graph.is_pending & (before != NOBODY)))
    ends = _chain_ends(graph, before, circles)
    kinds = np.stack([trace.rows.name[ends], graph.actor[ends], graph.requirement[ends]])
    _, first, count = np.unique(kinds, axis=1, return_index=True, return_counts=True)
    stuck = [
        _described(graph, before, row, number, circles.get(row, ()))
        for row, number in zip(ends[first].tolist(), count.tolist(), strict=True)
    ]
    return tuple(sorted(stuck, key=lambda one: (_RANKS[one.confidence], one.row)))


def _chains(graph: WaitGraph) -> Ints:
    """Per row the row before it on a chain: from the driver where that leads there, else from a task that nobody waits for."""
    is_awaited = np.isin(np.arange(len(graph.trace.rows)), graph.edges[1])
    before = np.full(len(graph.trace.rows), NOBODY, np.int64)
    for is_first in (graph.trace.rows.kind == RowKind.DRIVER, ~is_awaited, is_awaited):
        sources = np.flatnonzero(graph.is_alive & is_first & (before == NOBODY))
        before = np.where(before == NOBODY, graph.reached_from(sources), before)
    return before


def _chain_ends(graph: WaitGraph, before: Ints, circles: Mapping[int, tuple[int, ...]]) -> Ints:
    """Reached tasks that have not started and wait for nothing more, or only for an actor that waits for them."""
    waiters = graph.edges[0]
    reached = np.flatnonzero(graph.is_pending & (before != NOBODY))
    ends: Ints = reached[~np.isin(reached, waiters) | np.isin(reached, list(circles))]
    return ends


def _circles(graph: WaitGraph, pending: Ints) -> dict[int, tuple[int, ...]]:
    """Methods among `pending` whose actor is busy with methods that wait for them, in the end: those methods."""
    circles: dict[int, tuple[int, ...]] = {}
    methods = pending[(graph.actor[pending] != 0) & ~graph.is_creation[pending]]
    busy = np.flatnonzero(graph.is_alive & ~graph.is_creation & np.isin(graph.actor, graph.actor[methods]) & (graph.actor != 0))
    for one in busy.tolist():
        reached = graph.reached_from(np.array([one], np.int64)) != NOBODY
        for method in methods[(graph.actor[methods] == graph.actor[one]) & reached[methods]].tolist():
            circles[method] = (*circles.get(method, ()), one)
    return circles


def _described(graph: WaitGraph, before: Ints, row: int, count: int, circle: tuple[int, ...]) -> StuckTasks:
    trace = graph.trace
    if circle:
        actor = trace.name_of(row).rpartition(".")[0] or "actor"
        needs = f"its turn in the actor {actor}"
        verdict = Verdict("sure", tuple(Holder(one, "", is_actor=False) for one in circle), "the actor waits for itself")
    elif graph.actor[row] and not graph.is_creation[row]:
        needs, verdict = "its actor", Verdict("unknown", (), "the record does not say why its actor does not run it")
    else:
        needs, verdict = needs_of(graph, row), why_it_cannot_start(graph, row)
    confidence: Confidence = "unknown" if trace.lost_events else verdict.confidence
    return StuckTasks(row, count, needs, confidence, verdict.explanation, verdict.holders, _chain(before, row))


def _chain(before: Ints, row: int) -> tuple[int, ...]:
    chain = [row]
    while int(before[chain[-1]]) != chain[-1]:
        chain.append(int(before[chain[-1]]))
    return tuple(reversed(chain))
