"""Fibonacci by its definition, a task per call: the classic of too fine tasks."""

from __future__ import annotations

from typing import cast

import ray

import nestviz
from nestviz.workloads.workload import WrongResult

__all__ = ["check", "make_input", "run_distributed", "run_sequential"]


def make_input(size: int, seed: int) -> int:  # noqa: ARG001 - there is nothing random in it
    """Which Fibonacci number to compute."""
    return size


def fibonacci_sequential(n: int) -> int:
    """The n-th Fibonacci number, without Ray."""
    return n if n <= 1 else fibonacci_sequential(n - 1) + fibonacci_sequential(n - 2)


@nestviz.remote
def fibonacci(n: int, threshold: int) -> int:
    """The n-th Fibonacci number: two tasks for the two before it, unless n is at most `threshold`."""
    nestviz.annotate(n=n)
    if n <= max(threshold, 1):
        return fibonacci_sequential(n)
    first = fibonacci.remote(n - 1, threshold)
    second = fibonacci.remote(n - 2, threshold)
    return cast("int", ray.get(first) + ray.get(second))


def run_sequential(given: int, threshold: int) -> int:  # noqa: ARG001 - all of it runs in place here
    """The number, computed in this process."""
    return fibonacci_sequential(given)


def run_distributed(given: int, threshold: int) -> int:
    """The number, computed by nested tasks."""
    return cast("int", ray.get(fibonacci.remote(given, threshold)))


def check(given: int, result: int) -> None:
    """The result must be what adding up gives."""
    number, following = 0, 1
    for _ in range(given):
        number, following = following, number + following
    if result != number:
        raise WrongResult(f"Fibonacci number {given} is {number}, not {result}")
