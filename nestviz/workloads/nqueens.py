"""How many ways there are to place n queens on a board of n × n: a task for each partial placement in the first rows."""

from __future__ import annotations

from typing import cast

import ray

import nestviz
from nestviz.workloads.workload import WrongResult

__all__ = ["check", "make_input", "run_distributed", "run_sequential"]

# https://oeis.org/A000170
_KNOWN = (1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2_680, 14_200, 73_712, 365_596)


def make_input(size: int, seed: int) -> int:  # noqa: ARG001 - there is nothing random in it
    """How many queens."""
    return size


def free_columns(n: int, placed: tuple[int, ...]) -> list[int]:
    """The columns of the next row that no queen placed so far attacks; `placed` holds a column per row."""
    row = len(placed)
    return [
        column
        for column in range(n)
        if all(column != other and abs(column - other) != row - above for above, other in enumerate(placed))
    ]


def count_queens_sequential(n: int, placed: tuple[int, ...] = ()) -> int:
    """In how many ways the board can be completed, without Ray."""
    if len(placed) == n:
        return 1
    return sum(count_queens_sequential(n, (*placed, column)) for column in free_columns(n, placed))


@nestviz.remote
def count_queens(n: int, placed: tuple[int, ...], threshold: int) -> int:
    """In how many ways the board can be completed: a task per free column of the next row, in the first `threshold` rows."""
    nestviz.annotate(n=n - len(placed))
    if len(placed) >= min(threshold, n):
        return count_queens_sequential(n, placed)
    return sum(ray.get([count_queens.remote(n, (*placed, column), threshold) for column in free_columns(n, placed)]))


def run_sequential(given: int, threshold: int) -> int:  # noqa: ARG001 - all of it runs in place here
    """The number of ways, counted in this process."""
    return count_queens_sequential(given)


def run_distributed(given: int, threshold: int) -> int:
    """The number of ways, counted by nested tasks."""
    return cast("int", ray.get(count_queens.remote(given, (), threshold)))


def check(given: int, result: int) -> None:
    """The result must be the known number."""
    if result != _KNOWN[given]:
        raise WrongResult(f"{given} queens can be placed in {_KNOWN[given]} ways, not {result}")
