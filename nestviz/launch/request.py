"""What may be asked of a workload; checked before Ray is started, and without it."""

from __future__ import annotations

from collections.abc import Sequence

from nestviz.errors import UsageError
from nestviz.workloads import WORKLOADS, Parameter, Workload

__all__ = ["check_request", "find_workload"]


def find_workload(name: str) -> Workload:
    """The workload of that name; UsageError when there is none."""
    workload = WORKLOADS.get(name)
    if workload is None:
        raise UsageError(f"there is no workload {name!r}; choose one of {', '.join(WORKLOADS)}")
    return workload


def check_request(workload: Workload, sizes: Sequence[int], threshold: int | None, seed: int) -> None:
    """Raise UsageError when a number is out of its range. `threshold` None stands for the default."""
    if not sizes:
        raise UsageError(f"{workload.name} needs at least one size")
    for size in sizes:
        _check_number("size", workload.size, size)
    if threshold is not None:
        if workload.threshold is None:
            raise UsageError(f"{workload.name} has no threshold")
        _check_number("threshold", workload.threshold, threshold)
    _check_number("seed", workload.seed, seed)


def _check_number(what: str, parameter: Parameter, value: int) -> None:
    if value < parameter.minimum:
        raise UsageError(f"{what} {value} is too small: at least {parameter.minimum}")
    if value > parameter.maximum:
        raise UsageError(f"{what} {value} is too large: at most {parameter.maximum}")
