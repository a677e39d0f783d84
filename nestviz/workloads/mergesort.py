"""Mergesort over Python lists: a balanced tree whose work lies in the parents, after their children."""

from __future__ import annotations

from typing import cast

import numpy as np
import ray

import nestviz
from nestviz.workloads.workload import WrongResult

__all__ = ["check", "make_input", "run_distributed", "run_sequential"]


def make_input(size: int, seed: int) -> list[int]:
    """`size` random numbers below a million."""
    return cast("list[int]", np.random.default_rng(seed).integers(1_000_000, size=size).tolist())


def merge(left: list[int], right: list[int]) -> list[int]:
    """One sorted list out of two."""
    merged: list[int] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if right[j] < left[i]:
            merged.append(right[j])
            j += 1
        else:
            merged.append(left[i])
            i += 1
    merged += left[i:]
    merged += right[j:]
    return merged


def merge_sort_sequential(collection: list[int], threshold: int) -> list[int]:
    """Sort without Ray."""
    if len(collection) <= max(threshold, 1):
        return sorted(collection)
    middle = len(collection) // 2
    left = merge_sort_sequential(collection[:middle], threshold)
    return merge(left, merge_sort_sequential(collection[middle:], threshold))


@nestviz.remote
def merge_sort(collection: list[int], threshold: int) -> list[int]:
    """Sort by two tasks for the two halves."""
    nestviz.annotate(n=len(collection))
    if len(collection) <= max(threshold, 1):
        return sorted(collection)
    middle = len(collection) // 2
    left_ref = merge_sort.remote(collection[:middle], threshold)
    right_ref = merge_sort.remote(collection[middle:], threshold)
    left, right = ray.get([left_ref, right_ref])
    with nestviz.span("merge"):
        return merge(left, right)


def run_sequential(given: list[int], threshold: int) -> list[int]:
    """The numbers in order, sorted in this process."""
    return merge_sort_sequential(given, threshold)


def run_distributed(given: list[int], threshold: int) -> list[int]:
    """The numbers in order, sorted by nested tasks."""
    return cast("list[int]", ray.get(merge_sort.remote(given, threshold)))


def check(given: list[int], result: list[int]) -> None:
    """The result must be the input in order."""
    if len(result) != len(given) or not np.array_equal(np.sort(np.asarray(given)), np.asarray(result)):
        raise WrongResult(f"the {len(result)} sorted numbers are not the {len(given)} given ones in order")
