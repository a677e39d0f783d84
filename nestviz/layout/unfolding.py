"""Which tasks of a tree are nodes of their own, within a budget, and what is folded into the others."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nestviz.events import State
from nestviz.layout.forest import COMPUTE, RETRIED, Forest
from nestviz.trace.model import Ints

__all__ = ["FOLDED_SLOTS", "Choice", "TreeNode"]

FOLDED_SLOTS = 2.5
"""Room that a folded node takes beside its neighbours, in tasks."""

_PAGE = 16

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class TreeNode:
    """One node: a task, a root, or a folded part of the tree that `row` is the first task of.

    `x` is in [0, 1], `y` the level (roots are 0), `parent` the place in `TreeLayout.nodes` (-1 for roots). `count` is how many tasks
    it stands for, `states` how many of them are in each State; `compute_ns`, `failed` and `retried` add them up.
    """

    row: int
    x: float
    y: int
    parent: int
    is_folded: bool
    count: int
    compute_ns: int
    states: tuple[int, ...]
    failed: int
    retried: int


@dataclass
class _Node:
    """A chosen node before it is placed."""

    row: int
    level: int
    parent: int
    is_folded: bool
    sums: Ints

    def placed(self, x: float) -> TreeNode:
        numbers = self.sums.tolist()
        return TreeNode(
            row=self.row,
            x=x,
            y=self.level,
            parent=self.parent,
            is_folded=self.is_folded,
            count=sum(numbers[:COMPUTE]) if self.is_folded else 1,
            compute_ns=numbers[COMPUTE],
            states=tuple(numbers[:COMPUTE]),
            failed=numbers[State.FAILED],
            retried=numbers[RETRIED],
        )


class Choice:
    """The rows that are drawn: which are unfolded, and which of their children are shown. It only ever grows."""

    def __init__(self, forest: Forest, *, budget: int, levels: int, across: float) -> None:
        self.forest = forest
        self.levels = levels
        self.across = across
        self.left = budget
        self.fan = max(4, min(40, budget // 4))
        self.reach = max(3, min(levels * 2 // 3, budget // 3))
        self.shown: dict[int, list[int]] = {}
        self.level: dict[int, int] = {}
        self.frontier = 0.0
        self.gap: tuple[int, int] | None = None
        for root in forest.roots:
            self._add(root, 0)
            self.frontier += self._slots(root)
            if forest.children[root]:
                self._show(root, [])

    def keep_line(self, row: int, *, may_fold: bool) -> None:
        """Show a row with all above it, unfolded, if the budget allows."""
        line = self._around_gap(self.forest.line(row))
        if may_fold and len(line) > self.reach:
            top = self.reach // 3
            bottom = len(line) - (self.reach - top)
            self.gap = (line[top], line[bottom])
            line = [*line[: top + 1], *line[bottom:]]
        cost = sum(row not in self.level for row in line) + sum(row not in self.shown for row in line)
        if not line or cost > self.left:
            return
        for above, below in pairwise(line):
            self._show(above, sorted({*self.shown.get(above, ()), below}))
        if line[-1] not in self.shown and self.forest.children[line[-1]]:
            self._show(line[-1], [])

    def grow(self, opened: frozenset[int]) -> None:
        """Unfold what matters most until the budget is spent: opened rows, then by time, trouble and closeness to the root."""
        heap = [(-self._worth(row, opened), row) for row in self.level]
        heapq.heapify(heap)
        while heap:
            _, row = heapq.heappop(heap)
            if not self.forest.children[row] or (self.gap and row == self.gap[0]):
                continue
            before = set(self.shown.get(row, ()))
            self._unfold(row, opened)
            for child in self.shown.get(row, ()):
                if child not in before:
                    heapq.heappush(heap, (-self._worth(child, opened), child))

    def nodes(self) -> list[_Node]:
        """The nodes in the order of a walk, with the folded ones that stand for what is not shown."""
        found: list[_Node] = []
        stack = [(root, -1) for root in reversed(self.forest.roots)]
        while stack:
            row, parent = stack.pop()
            if row < 0:
                found.append(self._rest(found[parent]))
                found[-1].parent = parent
                continue
            found.append(self._node(row, parent))
            place = len(found) - 1
            if self._hidden(row) and row in self.shown:
                stack.append((-1, place))
            stack += [(child, place) for child in reversed(self.shown.get(row, []))]
        return found

    def _node(self, row: int, parent: int) -> _Node:
        sums = self.forest.sums[row]
        if self.gap and row == self.gap[0]:
            return _Node(row, self.level[row], parent, True, sums - self.forest.sums[self.gap[1]])
        is_folded = row not in self.shown and bool(self.forest.children[row])
        return _Node(row, self.level[row], parent, is_folded, sums if is_folded else self.forest.own[row])

    def _rest(self, above: _Node) -> _Node:
        """The node for the children of a row that are not shown; the first of them represents it."""
        forest, row = self.forest, above.row
        shown = self.shown[row]
        below = forest.below(row)
        first = int(below[np.flatnonzero(~np.isin(below, shown))[0]])
        sums = forest.sums[row] - forest.own[row] - forest.sums[shown].sum(axis=0)
        return _Node(first, above.level + 1, -1, True, sums)

    def _hidden(self, row: int) -> int:
        if self.gap and row == self.gap[0]:
            return 0
        return int(self.forest.children[row]) - len(self.shown.get(row, ()))

    def _worth(self, row: int, opened: frozenset[int]) -> float:
        if row in opened or row in self.forest.roots:
            return 1e9 - self.level[row]
        total = self.forest.sums[self.forest.roots].sum(axis=0)
        sums = self.forest.sums[row]
        share = sums[COMPUTE] / max(total[COMPUTE], 1) + sums[:COMPUTE].sum() / max(total[:COMPUTE].sum(), 1)
        return float(share) * (4 if self.forest.is_troubled[row] or self.forest.is_living[row] else 1) / (1 + self.level[row])

    def _unfold(self, row: int, opened: frozenset[int]) -> None:
        """Show all children of a row, or, of very many, the most important ones."""
        below, shown = self.forest.below(row), self.shown.get(row, [])
        is_opened = row in opened
        is_forced = is_opened or row in self.forest.roots
        if self.level[row] >= self.levels and not is_forced:
            return
        pages = self._pages(below, shown, opened)
        limit = (5 * self.fan // 2 if is_opened else self.fan) + len(pages)
        room = self.left + len(shown) + (row in self.shown and self._hidden(row) > 0)
        if len(below) <= limit and len(below) <= room:
            wanted = below
        elif len(below) > limit or is_forced:
            most = min(limit, room) - 1
            if most < max(len(shown), 2):
                return
            wanted = self._first(below, most, [*shown, *pages])
        else:
            return
        slots = sum(self._slots(int(child)) for child in wanted) + FOLDED_SLOTS * (len(wanted) < len(below))
        if not is_forced and self.frontier - self._wide(row) + slots > self.across:
            return
        self._show(row, wanted.tolist())

    def _pages(self, below: Ints, shown: list[int], opened: frozenset[int]) -> list[int]:
        """The siblings after every opened row that only its being opened brought into view: the next page of a large fan."""
        strangers = [row for row in shown if row in opened]
        if not strangers or len(below) <= self.fan:
            return []
        usual = set(self._first(below, self.fan - 1, []).tolist())
        found: set[int] = set()
        for row in strangers:
            if row not in usual:
                at = int(np.flatnonzero(below == row)[0])
                found.update(below[at : at + _PAGE].tolist())
        return sorted(found)

    def _first(self, below: Ints, most: int, keep: Iterable[int]) -> Ints:
        """The `most` most important of some siblings, in their order: kept ones, failed, running, then by time computed."""
        forest = self.forest
        sums = forest.sums[below]
        is_running = sums[:, State.RUNNING] + sums[:, State.BLOCKED] > 0
        kept = np.isin(below, list(keep))
        order = np.lexsort((-sums[:, COMPUTE], ~is_running, ~forest.is_troubled[below], ~kept))
        chosen: Ints = below[np.sort(order[:most])]
        return chosen

    def _around_gap(self, line: list[int]) -> list[int]:
        """A line of ancestors as far as the folded middle of another line allows it."""
        if not self.gap or self.gap[0] not in line:
            return line
        top, bottom = self.gap
        return [*line[: line.index(top) + 1], *line[line.index(bottom) :]] if bottom in line else []

    def _wide(self, row: int) -> float:
        """The slots that a row's lower end takes: its own, or those of its children."""
        if row not in self.shown:
            return self._slots(row)
        return sum(map(self._slots, self.shown[row])) + FOLDED_SLOTS * (self._hidden(row) > 0)

    def _show(self, row: int, children: list[int]) -> None:
        before = self.shown.get(row)
        self.frontier -= self._wide(row)
        had_rest = before is not None and self._hidden(row) > 0
        self.shown[row] = children
        has_rest = self._hidden(row) > 0
        self.left += had_rest - has_rest
        self.frontier += self._wide(row)
        for child in children:
            if child not in self.level:
                self._add(child, self.level[row] + 1)

    def _add(self, row: int, level: int) -> None:
        self.level[row] = level
        self.left -= 1

    def _slots(self, row: int) -> float:
        return FOLDED_SLOTS if self.forest.children[row] else 1.0
