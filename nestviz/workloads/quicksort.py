"""Quicksort over Python lists, the pattern of nested tasks from Ray's documentation, and its sequential twin."""

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


def partition(collection: list[int]) -> tuple[list[int], int, list[int]]:
    """Split a list around its last element, which is taken out of it."""
    pivot = collection.pop()
    lesser: list[int] = []
    greater: list[int] = []
    for element in collection:
        if element > pivot:
            greater.append(element)
        else:
            lesser.append(element)
    return lesser, pivot, greater


def quick_sort_sequential(collection: list[int], threshold: int) -> list[int]:
    """Sort without Ray. Takes elements out of `collection`."""
    if len(collection) <= threshold or not collection:
        return sorted(collection)
    lesser, pivot, greater = partition(collection)
    return [*quick_sort_sequential(lesser, threshold), pivot, *quick_sort_sequential(greater, threshold)]


@nestviz.remote
def quick_sort(collection: list[int], threshold: int) -> list[int]:
    """Sort a list that is this task's own copy: both parts are on their way before the first of them is waited for."""
    nestviz.annotate(n=len(collection))
    if len(collection) <= threshold or not collection:
        return sorted(collection)
    with nestviz.span("partition"):
        lesser, pivot, greater = partition(collection)
    lesser_ref = quick_sort.remote(lesser, threshold)
    greater_ref = quick_sort.remote(greater, threshold)
    return [*ray.get(lesser_ref), pivot, *ray.get(greater_ref)]


def run_sequential(given: list[int], threshold: int) -> list[int]:
    """The numbers in order, sorted in this process."""
    return quick_sort_sequential(list(given), threshold)


def run_distributed(given: list[int], threshold: int) -> list[int]:
    """The numbers in order, sorted by nested tasks."""
    return cast("list[int]", ray.get(quick_sort.remote(given, threshold)))


def check(given: list[int], result: list[int]) -> None:
    """The result must be the input in order."""
    if len(result) != len(given) or not np.array_equal(np.sort(np.asarray(given)), np.asarray(result)):
        raise WrongResult(f"the {len(result)} sorted numbers are not the {len(given)} given ones in order")
