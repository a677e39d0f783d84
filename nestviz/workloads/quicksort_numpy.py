"""Quicksort over numpy arrays: the same tree as over lists, without the cost of pickling them."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
import ray

import nestviz
from nestviz.workloads.workload import WrongResult

__all__ = ["check", "make_input", "run_distributed", "run_sequential"]

Numbers = npt.NDArray[np.int64]


def make_input(size: int, seed: int) -> Numbers:
    """`size` random numbers below a million."""
    return np.random.default_rng(seed).integers(1_000_000, size=size)


def partition_array(numbers: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Split an array around its last element: what is lesser, the pivot and its equals, what is greater."""
    pivot = numbers[-1]
    return numbers[numbers < pivot], numbers[numbers == pivot], numbers[numbers > pivot]


def sort_array_sequential(numbers: Numbers, threshold: int) -> Numbers:
    """Sort without Ray."""
    if len(numbers) <= threshold or not len(numbers):
        return np.sort(numbers)
    lesser, equal, greater = partition_array(numbers)
    return np.concatenate([sort_array_sequential(lesser, threshold), equal, sort_array_sequential(greater, threshold)])


@nestviz.remote
def sort_array(numbers: Numbers, threshold: int) -> Numbers:
    """Sort an array (read-only here, as Ray shares it) by two tasks for its two parts."""
    nestviz.annotate(n=len(numbers))
    if len(numbers) <= threshold or not len(numbers):
        return np.sort(numbers)
    with nestviz.span("partition"):
        lesser, equal, greater = partition_array(numbers)
    lesser_ref = sort_array.remote(lesser, threshold)
    greater_ref = sort_array.remote(greater, threshold)
    return np.concatenate([ray.get(lesser_ref), equal, ray.get(greater_ref)])


def run_sequential(given: Numbers, threshold: int) -> Numbers:
    """The numbers in order, sorted in this process."""
    return sort_array_sequential(given, threshold)


def run_distributed(given: Numbers, threshold: int) -> Numbers:
    """The numbers in order, sorted by nested tasks."""
    return cast("Numbers", ray.get(sort_array.remote(given, threshold)))


def check(given: Numbers, result: Numbers) -> None:
    """The result must be the input in order."""
    if not np.array_equal(np.sort(given), result):
        raise WrongResult(f"the {len(result)} sorted numbers are not the {len(given)} given ones in order")
