"""The task tree's places: which tasks are nodes of their own, which are folded into one, and where each stands.

At most a budget of nodes is shown. Subtrees open one after the other, first those that hold the selection or were opened by hand,
then those with failures or living tasks, then by the time they computed; what stays closed is one folded node.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.totals import compute_of
from nestviz.events import RowKind, State
from nestviz.trace.model import Ints, Trace

__all__ = ["TreeLayout", "TreeNode", "place_tree"]

_FAN = 32
"""Children of one parent that are shown at the most; the others are folded into one node beside them."""

_LEVELS = 22
_FOLDED_SLOTS = 1.7
_COUNT, _COMPUTE, _RETRIED, _STATES = 0, 1, 2, 3


@dataclass(frozen=True)
class TreeNode:
    """One node: `row` is its task, or the first of those folded into it; `parent` a place in the list of nodes (-1: a root).

    `x` is 0 to 1, `y` the level (0: the driver). `count`, `compute_ns`, `states` (by State) and `retried` sum up what it stands for.
    """

    row: int
    parent: int
    x: float
    y: int
    is_folded: bool
    count: int
    compute_ns: int
    states: tuple[int, ...]
    retried: int


@dataclass(frozen=True)
class TreeLayout:
    """All nodes, parents before children; `seen` attempts = those `drawn` as nodes + those `folded` away."""

    nodes: tuple[TreeNode, ...]
    seen: int
    drawn: int
    folded: int
    levels: int
    slots: float


@dataclass
class _Spot:
    """A node while the tree is being opened."""

    row: int
    parent: int
    y: int
    sums: Ints
    is_folded: bool


def place_tree(
    trace: Trace, *, budget: int = 120, selected: int = -1, opened: Collection[int] = (), levels: int = _LEVELS
) -> TreeLayout:
    """Fold and place the tree of a trace.

    The row `selected` and the rows `opened` are always shown, with all above them; the opened ones show their children if the budget
    allows. Below `levels` everything else is folded.
    """
    rows = trace.rows
    sums = _subtree_sums(trace)
    children, offset = _children_of(trace)
    wanted = _with_ancestors(trace, [selected, *opened])
    opened_rows = {row for row in opened if row >= 0}
    spots: list[_Spot] = []
    heap: list[tuple[bool, bool, int, int, int]] = []

    def show(row: int, parent: int, y: int) -> None:
        has_children = offset[row + 1] > offset[row]
        spots.append(_Spot(row, parent, y, sums[row], has_children))
        if has_children and (y < levels or row in wanted):
            is_wanted = row in wanted or row in opened_rows
            heapq.heappush(heap, (not is_wanted, not _is_urgent(sums[row]), -int(sums[row][_COMPUTE]), row, len(spots) - 1))

    for root in range(trace.count, len(rows)):
        if offset[root + 1] > offset[root] or rows.kind[root] == RowKind.DRIVER:
            show(root, -1, 0)
    while heap:
        is_unwanted, _, _, row, place = heapq.heappop(heap)
        kids = children[offset[row] : offset[row + 1]]
        room = budget - len(spots)
        if room < min(len(kids), 2) and is_unwanted and rows.kind[row] == RowKind.TASK:
            continue
        shown, rest = _split(kids, max(room, 2), sums, wanted)
        spots[place].is_folded = False
        for child in shown:
            show(child, place, spots[place].y + 1)
        if rest:
            spots.append(_Spot(rest[0], place, spots[place].y + 1, sums[rest].sum(axis=0), is_folded=True))
    return _placed(trace, spots)


def _subtree_sums(trace: Trace) -> Ints:
    """Per row, over itself and all below: attempts, computing time, retries, and attempts by state."""
    rows = trace.rows
    sums = np.zeros((len(rows), _STATES + len(State)), np.int64)
    tasks = np.flatnonzero(trace.is_task)
    sums[tasks, _COUNT] = 1
    sums[:, _COMPUTE] = compute_of(trace)
    sums[tasks, _RETRIED] = rows.attempt[tasks] > 0
    sums[tasks, _STATES + rows.state[tasks]] = 1
    order = tasks[np.argsort(-rows.depth[tasks], kind="stable")]
    edges = np.flatnonzero(np.diff(rows.depth[order])) + 1
    for level in np.split(order, edges):
        inside = level[rows.parent[level] >= 0]
        np.add.at(sums, rows.parent[inside], sums[inside])
    return sums


def _children_of(trace: Trace) -> tuple[Ints, Ints]:
    """Tasks by parent, in order of submission; the children of row r are `children[offset[r]:offset[r + 1]]`."""
    tasks = np.flatnonzero(trace.is_task)
    parents = trace.rows.parent[tasks]
    order = np.argsort(parents, kind="stable")
    return tasks[order], np.searchsorted(parents[order], np.arange(len(trace.rows) + 1))


def _with_ancestors(trace: Trace, rows: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for row in rows:
        above = row
        while above >= 0 and above not in found:
            found.add(above)
            above = int(trace.rows.parent[above])
    return found


def _is_urgent(sums: NDArray[np.int64]) -> bool:
    return bool(sums[_STATES + State.FAILED] or sums[_STATES + State.LOST] or sums[_STATES + State.RUNNING])


def _split(kids: Ints, room: int, sums: Ints, wanted: set[int]) -> tuple[list[int], list[int]]:
    """Children that are shown, and those folded together: in both the order of submission."""
    most = min(_FAN, room)
    if len(kids) <= most:
        return kids.tolist(), []
    bad = sums[kids][:, [_STATES + State.FAILED, _STATES + State.LOST]].sum(axis=1) > 0
    alive = sums[kids][:, [_STATES + State.RUNNING, _STATES + State.BLOCKED]].sum(axis=1) > 0
    is_wanted = np.isin(kids, list(wanted))
    order = np.lexsort((np.arange(len(kids)), -sums[kids][:, _COMPUTE], ~alive, ~bad, ~is_wanted))
    keep = max(most - 1, int(is_wanted.sum()), 1)
    return sorted(kids[order[:keep]].tolist()), sorted(kids[order[keep:]].tolist())


def _placed(trace: Trace, spots: list[_Spot]) -> TreeLayout:
    """Leaves take slots from left to right, parents stand over the middle of their children."""
    below: dict[int, list[int]] = {}
    for place, spot in enumerate(spots):
        below.setdefault(spot.parent, []).append(place)
    preorder: list[int] = []
    stack = list(reversed(below.get(-1, [])))
    while stack:
        place = stack.pop()
        preorder.append(place)
        stack += reversed(below.get(place, []))
    x = np.zeros(len(spots))
    at = 0.0
    for place in preorder:
        if place not in below:
            width = _FOLDED_SLOTS if spots[place].is_folded else 1.0
            x[place] = at + width / 2
            at += width
    for place in reversed(preorder):
        if place in below:
            x[place] = (x[below[place][0]] + x[below[place][-1]]) / 2
    number = {place: i for i, place in enumerate(preorder)}
    nodes = tuple(_node(trace, spots[place], number, float(x[place] / max(at, 1.0))) for place in preorder)
    drawn = sum(1 for node in nodes if not node.is_folded and trace.is_task[node.row])
    folded = sum(node.count for node in nodes if node.is_folded)
    levels = 1 + max((node.y for node in nodes), default=0)
    return TreeLayout(nodes, int(np.count_nonzero(trace.is_task)), drawn, folded, levels, at)


def _node(trace: Trace, spot: _Spot, number: dict[int, int], x: float) -> TreeNode:
    row, sums = spot.row, spot.sums
    parent = number[spot.parent] if spot.parent >= 0 else -1
    if spot.is_folded:
        states = tuple(int(n) for n in sums[_STATES:])
        return TreeNode(row, parent, x, spot.y, True, int(sums[_COUNT]), int(sums[_COMPUTE]), states, int(sums[_RETRIED]))  # noqa: FBT003 - is_folded
    own = tuple(int(trace.is_task[row] and trace.rows.state[row] == state) for state in State)
    return TreeNode(row, parent, x, spot.y, False, 1, int(compute_of_row(trace, row)), own, int(trace.rows.attempt[row] > 0))  # noqa: FBT003 - is_folded


def compute_of_row(trace: Trace, row: int) -> int:
    """Nanoseconds that one row computed."""
    rows = trace.rows
    if not trace.is_task[row] or rows.start[row] < 0:
        return 0
    end = int(rows.end[row]) if rows.end[row] >= 0 else trace.now_ns
    inside = sum(max(int(column[row]), 0) for column in (rows.spawn, rows.blocked, rows.receive, rows.store))
    return max(end - int(rows.start[row]) - inside, 0)
