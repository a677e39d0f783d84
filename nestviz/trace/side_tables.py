"""What is known of few tasks, as columns beside the rows of a trace: items, puts, dependencies, what was sent, needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nestviz.trace.arrays import Ints, Small

__all__ = ["Dependencies", "Exports", "Items", "Puts", "Repeats", "Requirements"]


@dataclass(frozen=True)
class Items:
    """What generators yielded: per attempt when its first and its last item came, so far, and how many."""

    row: Small
    first: Ints
    last: Ints
    count: Ints

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Puts:
    """`ray.put` by task: how often, and how many bytes in all (of those whose size is known)."""

    row: Small
    count: Ints
    size_bytes: Ints

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Dependencies:
    """Tasks that start only when another's result is there: `row` waits for `on`, both row numbers."""

    row: Small
    on: Small

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Exports:
    """Calls with which the function itself was pickled and sent to the cluster: the rows, and the bytes it had become."""

    row: Small
    size_bytes: Ints

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Repeats:
    """Calls with a large argument that their caller had sent before, or had got: the rows, and which of the two it was."""

    row: Small
    is_sent: NDArray[np.bool_]
    is_got: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Requirements:
    """What tasks need to run where that is not Ray's default, as "2 CPU, 1 GPU"; by the key of the task's id, sorted."""

    key: NDArray[np.uint64]
    text: Ints  # number in Trace.texts
