"""Recursive programs to watch, each with a sequential twin and a check of its result.

The table is cheap to import; a workload's own module, which needs Ray, is loaded at its first use. To add one, write its module
(the five functions of `Program`) and its row here.
"""

from __future__ import annotations

from nestviz.workloads.workload import Parameter, Program, Workload, WrongResult

__all__ = ["WORKLOADS", "Parameter", "Program", "Workload", "WrongResult"]

_SEED = Parameter("Seed", default=1, minimum=0, maximum=2**32 - 1, unit="")

_TABLE = (
    Workload(
        name="quicksort",
        title="Quicksort",
        description="Sorts a Python list: splits it around its last number, and sorts both parts as remote tasks.",
        size=Parameter("Numbers to sort", default=4_000_000, minimum=0, maximum=50_000_000, unit="numbers"),
        threshold=Parameter("Sort in place up to", default=200_000, minimum=0, maximum=50_000_000, unit="numbers"),
        seed=_SEED,
        demo_sizes=(200_000, 4_000_000, 8_000_000),
        module="nestviz.workloads.quicksort",
    ),
    Workload(
        name="quicksort-numpy",
        title="Quicksort over arrays",
        description="The same over numpy arrays, which Ray shares between processes instead of pickling them.",
        size=Parameter("Numbers to sort", default=4_000_000, minimum=0, maximum=100_000_000, unit="numbers"),
        threshold=Parameter("Sort in place up to", default=500_000, minimum=0, maximum=100_000_000, unit="numbers"),
        seed=_SEED,
        demo_sizes=(200_000, 4_000_000, 8_000_000),
        module="nestviz.workloads.quicksort_numpy",
    ),
    Workload(
        name="mergesort",
        title="Mergesort",
        description="Halves a Python list, sorts both halves as remote tasks, and merges them: a balanced tree.",
        size=Parameter("Numbers to sort", default=1_000_000, minimum=0, maximum=50_000_000, unit="numbers"),
        threshold=Parameter("Sort in place up to", default=200_000, minimum=1, maximum=50_000_000, unit="numbers"),
        seed=_SEED,
        demo_sizes=(200_000, 1_000_000, 2_000_000),
        module="nestviz.workloads.mergesort",
    ),
    Workload(
        name="fibonacci",
        title="Fibonacci",
        description="Every call is a task that does almost nothing: deliberately too fine, so that overhead is all there is.",
        size=Parameter("Which Fibonacci number", default=12, minimum=0, maximum=25, unit="n"),
        threshold=Parameter("Compute in place up to", default=1, minimum=0, maximum=25, unit="n"),
        seed=_SEED,
        demo_sizes=(6, 9, 12),
        module="nestviz.workloads.fibonacci",
    ),
    Workload(
        name="nqueens",
        title="N queens",
        description="Counts the ways to place n queens on a board: a search whose branches differ in size.",
        size=Parameter("Queens", default=8, minimum=0, maximum=14, unit="queens"),
        threshold=Parameter("Rows placed by tasks", default=2, minimum=0, maximum=14, unit="rows"),
        seed=_SEED,
        demo_sizes=(6, 8, 10),
        module="nestviz.workloads.nqueens",
    ),
    Workload(
        name="random-tree",
        title="Random tree",
        description="An unbalanced random tree whose nodes work for different times: hard to keep all processors busy with.",
        size=Parameter("Nodes", default=60, minimum=1, maximum=20_000, unit="nodes"),
        threshold=Parameter("Run in place up to", default=1, minimum=1, maximum=20_000, unit="nodes"),
        seed=_SEED,
        demo_sizes=(20, 60, 120),
        module="nestviz.workloads.random_tree",
    ),
)

WORKLOADS: dict[str, Workload] = {workload.name: workload for workload in _TABLE}
