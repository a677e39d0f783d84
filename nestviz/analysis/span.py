"""Span: the longest path through the tasks, for programs whose joins are waits for named results.

The idea is Cilkview's (He, Leiserson, Leiserson: The Cilkview Scalability Analyzer, SPAA 2010). A task's path begins with that of
the row it began in, at that moment, grows by what it computes, and at every wait becomes the longest of itself and those of the
tasks it waited for. The burdened path also counts submit, spawn, fetch, receive and store.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.links import Links, links_of
from nestviz.analysis.lives import Lives
from nestviz.analysis.longest_paths import longest_paths
from nestviz.events import Phase
from nestviz.trace.model import Ints, Trace

__all__ = ["Spans", "spans_of"]

_MEASURES = ((Phase.COMPUTE,), (Phase.SUBMIT, Phase.FETCH, Phase.COMPUTE, Phase.SPAWN, Phase.RECEIVE, Phase.STORE))


@dataclass(frozen=True)
class Spans:
    """Longest paths in nanoseconds."""

    span_ns: int
    burdened_span_ns: int


def spans_of(trace: Trace, links: Links | None = None) -> Spans:
    """Span and burdened span of all tasks of a trace. The driver links its calls but computes nothing that counts."""
    links = links_of(trace) if links is None else links
    graph = _Strands(trace, links)
    paths = longest_paths(graph.count, graph.source, graph.target, [weight for weight, _ in graph.measures])
    ends = [path[graph.last] + total for path, (_, total) in zip(paths, graph.measures, strict=True)]
    span, burdened = (int(end[trace.is_task].max(initial=0)) for end in ends)
    return Spans(span, burdened)


class _Strands:
    """The graph whose nodes are strands: stretches of a row that begin at its birth, or at a join after which it submits again.

    A path's length at a moment is its strand's node value plus what its row had run by then, so that every edge has a fixed weight.
    """

    def __init__(self, trace: Trace, links: Links) -> None:
        joins, rows = links.joins, len(links.origin)
        born, closed = np.flatnonzero(links.origin >= 0), np.flatnonzero(~joins.is_open)
        # at one moment: the end of a wait, then what is submitted, then waits that took no time
        rank = np.ones(len(born) + len(closed), np.int64)
        rank[len(born) :] = np.where(joins.begin[closed] < joins.ready[closed], 0, 2)
        row = np.concatenate([links.origin[born], joins.waiter[closed]])
        lives = Lives(trace, links, row, np.concatenate([links.begin[born], joins.ready[closed]]), rank)
        is_join = lives.order >= len(born)
        other = np.concatenate([born, joins.awaited[closed]])[lives.order]
        strand, self.last = _numbered(rows, lives.row, is_join)
        self.count = int(self.last[-1]) + 1 if rows else 0
        first = np.concatenate([[0], self.last[:-1] + 1])
        inside = np.setdiff1d(np.arange(self.count), self.last, assume_unique=True)
        self.source: Ints = np.concatenate([np.where(is_join, self.last[other], strand), inside])
        self.target: Ints = np.concatenate([np.where(is_join, strand, first[other]), inside + 1])
        self.measures: list[tuple[Ints, Ints]] = []
        """Per measure the weight of each edge, and the total of each row."""
        for phases in _MEASURES:
            so_far, total = lives.measured(phases, trace.is_task)
            weight = np.where(is_join, total[other] - so_far, so_far)
            self.measures.append((np.concatenate([weight, np.zeros(len(inside), np.int64)]), total))


def _numbered(rows: int, row: Ints, is_join: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Number the strands of events sorted by row and time: each event's, and each row's last."""
    begins = np.zeros(len(row), np.bool_)
    begins[1:] = is_join[1:] & ~is_join[:-1] & (row[1:] == row[:-1])
    last = np.cumsum(np.bincount(row[begins], minlength=rows) + 1) - 1
    return row + np.cumsum(begins), last
