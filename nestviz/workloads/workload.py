"""What a workload is: its description and parameters for people, and the program behind it, loaded at its first use."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from nestviz.errors import NestvizError

__all__ = ["Parameter", "Program", "Workload", "WrongResult"]


class WrongResult(NestvizError):  # noqa: N818 - a statement of fact, as with RecordingNotFound
    """A workload's result is not what it must be."""


@dataclass(frozen=True)
class Parameter:
    """One number that a person may set: `minimum` to `maximum`, in `unit` ("numbers"; "" for none)."""

    label: str
    default: int
    minimum: int
    maximum: int
    unit: str


class Program(Protocol):
    """What a workload's module holds. Input and result are its own business."""

    def make_input(self, size: int, seed: int) -> object:
        """Something to work on, the same for the same `size` and `seed`."""

    def run_sequential(self, given: object, threshold: int) -> object:
        """The result, computed in this process without Ray. Leaves `given` as it is."""

    def run_distributed(self, given: object, threshold: int) -> object:
        """The result, computed by nested Ray tasks; waits for it. Must run in a driver that is connected to Ray."""

    def check(self, given: object, result: object) -> None:
        """Raise WrongResult unless `result` is right for `given`."""


@dataclass(frozen=True)
class Workload:
    """One row of the table. `threshold` is where recursion goes on in place; `demo_sizes` are what `nestviz demo` runs."""

    name: str
    title: str
    description: str
    size: Parameter
    threshold: Parameter | None
    seed: Parameter
    demo_sizes: tuple[int, ...]
    module: str

    def load(self) -> Program:
        """The program; the first call imports its module, and Ray with it."""
        return cast("Program", import_module(self.module))
