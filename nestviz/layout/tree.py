"""The task tree: which tasks are drawn within a budget, what is folded away, and where each node stands."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.totals import compute_of
from nestviz.events import RowKind, State
from nestviz.trace.model import Ints, Trace

__all__ = ["TreeLayout", "TreeNode", "place_tree"]

_COMPUTE, _RETRIED, _COLUMNS = len(State), len(State) + 1, len(State) + 2
_FOLDED_SLOTS = 2.5
_PAGE = 16
_LIVING = [int(State.SUBMITTED), int(State.RUNNING), int(State.BLOCKED)]
_FAILED = [int(State.FAILED), int(State.LOST)]

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


@dataclass(frozen=True)
class TreeLayout:
    """Nodes with parents before their children and siblings in order of submission; `seen == drawn + folded` counts attempts.

    `width` is the extent of x in slots (a task takes one), `depth` the number of levels below the roots.
    """

    nodes: tuple[TreeNode, ...]
    seen: int
    drawn: int
    folded: int
    width: float
    depth: int


def place_tree(
    trace: Trace,
    *,
    budget: int = 200,
    selected: int = -1,
    opened: Collection[int] = (),
    levels: int = 1_000_000,
    across: float = 1_000_000.0,
) -> TreeLayout:
    """Choose at most `budget` nodes, which is 10 or more, and place them.

    The rows `selected` and `opened` are drawn with all above them; where `selected` is too deep for that, the middle of its line of
    ancestors is folded. Below `levels` levels, and where the tree's lower ends would take more than `across` slots (a task takes 1, a
    folded node 2.5), only opened rows unfold.
    """
    forest = _Forest(trace)
    choice = _Choice(forest, budget=budget, levels=levels, across=across)
    choice.keep_line(selected, may_fold=True)
    for row in sorted(opened):
        choice.keep_line(row, may_fold=False)
    choice.grow(frozenset(opened))
    nodes = choice.nodes()
    places, width = _places([node.parent for node in nodes], [node.is_folded for node in nodes])
    drawn = sum(1 for node in nodes if not node.is_folded and forest.is_task[node.row])
    return TreeLayout(
        nodes=tuple(node.placed(x) for node, x in zip(nodes, places, strict=True)),
        seen=forest.seen,
        drawn=drawn,
        folded=sum(node.sums[:_COMPUTE].sum().item() for node in nodes if node.is_folded),
        width=width,
        depth=max((node.level for node in nodes), default=0),
    )


class _Forest:
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
        self.own[:, _COMPUTE] = compute_of(trace)
        self.own[tasks, _RETRIED] = rows.attempt[tasks] > 0
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
            count=sum(numbers[:_COMPUTE]) if self.is_folded else 1,
            compute_ns=numbers[_COMPUTE],
            states=tuple(numbers[:_COMPUTE]),
            failed=numbers[State.FAILED],
            retried=numbers[_RETRIED],
        )


class _Choice:
    """The rows that are drawn: which are unfolded, and which of their children are shown. It only ever grows."""

    def __init__(self, forest: _Forest, *, budget: int, levels: int, across: float) -> None:
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
        share = sums[_COMPUTE] / max(total[_COMPUTE], 1) + sums[:_COMPUTE].sum() / max(total[:_COMPUTE].sum(), 1)
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
        slots = sum(self._slots(int(child)) for child in wanted) + _FOLDED_SLOTS * (len(wanted) < len(below))
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
        order = np.lexsort((-sums[:, _COMPUTE], ~is_running, ~forest.is_troubled[below], ~kept))
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
        return sum(map(self._slots, self.shown[row])) + _FOLDED_SLOTS * (self._hidden(row) > 0)

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
        return _FOLDED_SLOTS if self.forest.children[row] else 1.0


def _places(parents: list[int], is_folded: list[bool]) -> tuple[list[float], float]:
    """The x of every node in [0, 1] and the extent in slots: subtrees as close as their outlines allow, parents over the middle."""
    children: list[list[int]] = [[] for _ in range(len(parents) + 1)]
    for node, parent in enumerate(parents):
        children[parent].append(node)  # roots are the last one's, which nobody draws
    offset = [0.0] * (len(parents) + 1)
    outlines: list[tuple[list[float], list[float]]] = [([], [])] * (len(parents) + 1)
    for node in range(len(parents) - 1, -2, -1):
        half = (_FOLDED_SLOTS if node >= 0 and is_folded[node] else 1.0) / 2
        left: list[float] = []
        right: list[float] = []
        below = children[node]
        for child in below:
            child_left, child_right = outlines[child]
            shift = max((r - c for r, c in zip(right, child_left, strict=False)), default=0.0)
            offset[child] = shift
            left += [x + shift for x in child_left[len(left) :]]
            right = [x + shift for x in child_right] + right[len(child_right) :]
        middle = (offset[below[0]] + offset[below[-1]]) / 2 if below else 0.0
        for child in below:
            offset[child] -= middle
        outlines[node] = ([-half, *(x - middle for x in left)], [half, *(x - middle for x in right)])
    low, high = min(outlines[-1][0][1:], default=0.0), max(outlines[-1][1][1:], default=0.0)
    width = high - low
    x = [0.0] * (len(parents) + 1)
    for node, parent in enumerate(parents):
        x[node] = x[parent] + offset[node]
    return [(at - low) / width for at in x[:-1]], width
