"""An unbalanced random tree of tasks that work for very different times.

The shape below a node and its work come from the node's seed, so that the sequential twin walks the same tree.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import cast

import ray

import nestviz
from nestviz.workloads.workload import WrongResult

__all__ = ["Subtree", "check", "make_input", "run_distributed", "run_sequential"]

_MAX_CHILDREN = 4
_MEAN_STEPS = 40_000  # some milliseconds
_MAX_STEPS = 400_000


@dataclass(frozen=True)
class Subtree:
    """A node with all that is below it: `nodes` in all, the rest follows from `seed`."""

    nodes: int
    seed: int


def make_input(size: int, seed: int) -> Subtree:
    """A tree of `size` nodes."""
    return Subtree(size, seed)


def children_of(tree: Subtree) -> list[Subtree]:
    """The subtrees below a node, of very different sizes."""
    rest = tree.nodes - 1
    if rest == 0:
        return []
    chance = random.Random(tree.seed)  # noqa: S311 - no secrets here
    count = min(rest, chance.randint(1, _MAX_CHILDREN))
    weights = [chance.random() ** 3 + 1e-9 for _ in range(count)]
    spare = rest - count
    sizes = [1 + int(spare * weight / sum(weights)) for weight in weights]
    sizes[0] += rest - sum(sizes)
    return [Subtree(size, chance.getrandbits(48)) for size in sizes]


def work_at(tree: Subtree) -> int:
    """The node's own value, found by steps of a random generator: their number is exponentially distributed."""
    chance = random.Random(tree.seed + 1)  # noqa: S311 - no secrets here
    steps = min(_MAX_STEPS, int(chance.expovariate(1 / _MEAN_STEPS)))
    value = tree.seed
    for _ in range(steps):
        value = (value * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) & 0xFFFF_FFFF_FFFF_FFFF
    return value >> 48


def visit_sequential(tree: Subtree) -> int:
    """The sum of the values of all nodes, without Ray."""
    return work_at(tree) + sum(visit_sequential(child) for child in children_of(tree))


@nestviz.remote
def visit(tree: Subtree, threshold: int) -> int:
    """The sum of the values of all nodes: a task per child, unless there are at most `threshold` nodes."""
    nestviz.annotate(n=tree.nodes)
    if tree.nodes <= threshold:
        return visit_sequential(tree)
    refs = [visit.remote(child, threshold) for child in children_of(tree)]
    value = work_at(tree)
    return value + sum(cast("list[int]", ray.get(refs)))


def run_sequential(given: Subtree, threshold: int) -> int:  # noqa: ARG001 - all of it runs in place here
    """The sum, computed in this process."""
    return visit_sequential(given)


def run_distributed(given: Subtree, threshold: int) -> int:
    """The sum, computed by nested tasks."""
    return cast("int", ray.get(visit.remote(given, threshold)))


def check(given: Subtree, result: int) -> None:
    """The result must be the sum over a walk of the tree."""
    total, nodes, pending = 0, 0, [given]
    while pending:
        tree = pending.pop()
        total += work_at(tree)
        nodes += 1
        pending += children_of(tree)
    if (nodes, total) != (given.nodes, result):
        raise WrongResult(f"the values of the {given.nodes} nodes add up to {total} (over {nodes} nodes), not {result}")
