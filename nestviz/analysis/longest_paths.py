"""Longest paths in a directed acyclic graph given as columns of edges, by topological levels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nestviz.trace.model import Ints

__all__ = ["longest_paths"]

_NARROW = 12
"""Levels of fewer edges are cheaper in plain Python than the fixed price of a dozen numpy calls."""


def longest_paths(count: int, source: Ints, target: Ints, measures: Sequence[Ints]) -> tuple[Ints, ...]:
    """For each measure, which weighs every edge, the greatest sum along any path that ends in each of the `count` nodes, at least 0.

    Kahn's order, a whole level at a time: O(nodes + edges) in all, with one step per level. Nodes on a cycle, which only damaged
    data holds, keep what reached them from outside.
    """
    order = np.argsort(source, kind="stable")
    target, weights = target[order], [weight[order] for weight in measures]
    first = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=count))])
    missing = np.bincount(target, minlength=count)
    longest = tuple(np.zeros(count, np.int64) for _ in measures)
    stamp = np.zeros(count, np.int64)
    level = np.flatnonzero(missing == 0)
    while len(level):
        begins = first[level]
        counts = first[level + 1] - begins
        total = int(counts.sum())
        if total < _NARROW:
            level = _narrow_step(level.tolist(), first, target, weights, missing, longest)
            continue
        edges = np.repeat(begins - np.cumsum(counts) + counts, counts) + np.arange(total)
        reached = target[edges]
        for path, weight in zip(longest, weights, strict=True):
            np.maximum.at(path, reached, np.repeat(path[level], counts) + weight[edges])
        np.subtract.at(missing, reached, 1)
        done = reached[missing[reached] == 0]
        stamp[done] = np.arange(len(done))
        level = done[stamp[done] == np.arange(len(done))]  # each node once
    return longest


def _narrow_step(
    level: Sequence[int], first: Ints, target: Ints, weights: Sequence[Ints], missing: Ints, longest: Sequence[Ints]
) -> Ints:
    """One level of few edges; returns the next level."""
    following = []
    for node in level:
        for edge in range(int(first[node]), int(first[node + 1])):
            at = int(target[edge])
            for path, weight in zip(longest, weights, strict=True):
                path[at] = max(int(path[at]), int(path[node]) + int(weight[edge]))
            missing[at] -= 1
            if not missing[at]:
                following.append(at)
    return np.array(following, np.int64)
