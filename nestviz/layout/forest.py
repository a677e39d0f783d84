"""The tasks as a forest of arrays: children by row, and sums over every subtree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.totals import compute_of
from nestviz.events import RowKind, State
from nestviz.trace.model import Ints, Trace

__all__ = ["COMPUTE", "RETRIED", "Forest"]

COMPUTE, RETRIED = len(State), len(State) + 1
"""Columns of the sums behind those of the states."""

_COLUMNS = len(State) + 2
_LIVING = [int(State.SUBMITTED), int(State.RUNNING), int(State.BLOCKED)]
_FAILED = [int(State.FAILED), int(State.LOST)]

Flags = NDArray[np.bool_]


class Forest:
    """The tree of all tasks as arrays: children per row in order of submission, and sums over every subtree."""

    def __init__(self, trace: Trace) -> None:
        rows = trace.rows
        tasks = np.flatnonzero(trace.is_task)
        self.is_task = trace.is_task
        self.seen = len(tasks)
        self.parent: Ints = rows.parent.astype(np.int64)
        self.roots = [
            row
            for row in range(trace.count, len(rows))
            if rows.kind[row] == RowKind.DRIVER or (rows.kind[row] == RowKind.UNKNOWN_PARENT and bool((self.parent == row).any()))
        ]
        self.order: Ints = tasks[np.lexsort((self.parent[tasks], rows.depth[tasks]))]
        parents, depth = self.parent[self.order], rows.depth[self.order].astype(np.int64)
        begins = np.flatnonzero(np.diff(parents, prepend=-2))
        self.first: Ints = np.zeros(len(rows), np.int64)
        self.first[parents[begins]] = begins
        self.children: Ints = np.bincount(parents[parents >= 0], minlength=len(rows)).astype(np.int64)
        self.own: Ints = np.zeros((len(rows), _COLUMNS), np.int64)
        self.own[tasks, rows.state[tasks]] = 1
        self.own[:, COMPUTE] = compute_of(trace)
        self.own[tasks, RETRIED] = rows.attempt[tasks] > 0
        self.sums = self._summed(parents, depth, begins)
        self.is_troubled: Flags = self.sums[:, _FAILED].sum(axis=1) > 0
        self.is_living: Flags = self.sums[:, _LIVING].sum(axis=1) > 0

    def below(self, row: int) -> Ints:
        """The rows of the tasks that a row submitted, in order."""
        first = int(self.first[row])
        found: Ints = self.order[first : first + int(self.children[row])]
        return found

    def line(self, row: int) -> list[int]:
        """The row with all above it, the root first; empty when it is no node of the tree."""
        if not 0 <= row < len(self.parent) or not (self.is_task[row] or row in self.roots):
            return []
        found = [row]
        while self.parent[found[-1]] >= 0:
            found.append(int(self.parent[found[-1]]))
        return found[::-1]

    def _summed(self, parents: Ints, depth: Ints, begins: Ints) -> Ints:
        """`own` added up over subtrees, one level after the other from the deepest."""
        sums: Ints = self.own.copy()
        bounds = [*np.flatnonzero(np.diff(depth, prepend=-2)).tolist(), len(depth)]
        groups = np.searchsorted(begins, bounds).tolist()
        above = parents[begins]
        for level in range(len(bounds) - 2, -1, -1):
            low, high = bounds[level], bounds[level + 1]
            group = slice(groups[level], groups[level + 1])
            sums[above[group]] += np.add.reduceat(sums[self.order[low:high]], begins[group] - low, axis=0)
        return sums
