"""The task tree: which tasks are drawn within a budget, what is folded away, and where each node stands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nestviz.layout.forest import COMPUTE, Forest
from nestviz.layout.unfolding import FOLDED_SLOTS, Choice, TreeNode
from nestviz.trace.model import Trace

__all__ = ["TreeLayout", "TreeNode", "place_tree"]


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
    forest = Forest(trace)
    choice = Choice(forest, budget=budget, levels=levels, across=across)
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
        folded=sum(node.sums[:COMPUTE].sum().item() for node in nodes if node.is_folded),
        width=width,
        depth=max((node.level for node in nodes), default=0),
    )


def _places(parents: list[int], is_folded: list[bool]) -> tuple[list[float], float]:
    """The x of every node in [0, 1] and the extent in slots: subtrees as close as their outlines allow, parents over the middle."""
    children: list[list[int]] = [[] for _ in range(len(parents) + 1)]
    for node, parent in enumerate(parents):
        children[parent].append(node)  # roots are the last one's, which nobody draws
    offset = [0.0] * (len(parents) + 1)
    outlines: list[tuple[list[float], list[float]]] = [([], [])] * (len(parents) + 1)
    for node in range(len(parents) - 1, -2, -1):
        half = (FOLDED_SLOTS if node >= 0 and is_folded[node] else 1.0) / 2
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
