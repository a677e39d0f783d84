"""The workloads: their table, their inputs, their sequential twins and their checks. No Ray is started."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nestviz.workloads import WORKLOADS, WrongResult
from nestviz.workloads.mergesort import merge
from nestviz.workloads.nqueens import free_columns
from nestviz.workloads.quicksort import partition
from nestviz.workloads.random_tree import Subtree, children_of

SMALL = {"quicksort": (3_000, 100), "quicksort-numpy": (3_000, 100), "mergesort": (3_000, 100)} | {
    "fibonacci": (10, 1),
    "nqueens": (6, 2),
    "random-tree": (12, 1),
}
WRONG = {"quicksort": [1, 2], "quicksort-numpy": np.array([1, 2]), "mergesort": [1, 2]} | {
    "fibonacci": 54,
    "nqueens": 5,
    "random-tree": -1,
}
every_workload = pytest.mark.parametrize("name", list(WORKLOADS))


def test_the_table_holds_the_six_workloads():
    assert list(WORKLOADS) == ["quicksort", "quicksort-numpy", "mergesort", "fibonacci", "nqueens", "random-tree"]


def test_the_table_is_read_without_ray_and_numpy():
    code = "import sys, nestviz.workloads; print(sorted({'ray', 'numpy'} & set(sys.modules)))"
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


@every_workload
def test_defaults_and_demo_sizes_lie_within_the_limits(name):
    workload = WORKLOADS[name]
    parameters = [p for p in (workload.size, workload.threshold, workload.seed) if p is not None]
    assert all(p.minimum <= p.default <= p.maximum for p in parameters)
    assert all(workload.size.minimum <= size <= workload.size.maximum for size in workload.demo_sizes)


@every_workload
def test_the_sequential_twin_passes_the_check_and_leaves_its_input_alone(name):
    program, (size, threshold) = WORKLOADS[name].load(), SMALL[name]
    given_input = program.make_input(size, 7)
    before = copy.deepcopy(given_input)
    program.check(given_input, program.run_sequential(given_input, threshold))
    assert np.array_equal(before, given_input)


@every_workload
def test_the_smallest_size_works(name):
    workload = WORKLOADS[name]
    program, threshold = workload.load(), workload.threshold.minimum
    given_input = program.make_input(workload.size.minimum, 7)
    program.check(given_input, program.run_sequential(given_input, threshold))


@every_workload
def test_a_wrong_result_is_found(name):
    program, (size, _) = WORKLOADS[name].load(), SMALL[name]
    with pytest.raises(WrongResult):
        program.check(program.make_input(size, 7), WRONG[name])


@every_workload
def test_the_same_seed_makes_the_same_input(name):
    program, (size, _) = WORKLOADS[name].load(), SMALL[name]
    assert np.array_equal(program.make_input(size, 7), program.make_input(size, 7))


@pytest.mark.parametrize("name", ["quicksort", "quicksort-numpy", "mergesort", "random-tree"])
def test_another_seed_makes_another_input(name):
    program, (size, _) = WORKLOADS[name].load(), SMALL[name]
    assert not np.array_equal(program.make_input(size, 7), program.make_input(size, 8))


@pytest.mark.parametrize("name", ["quicksort", "mergesort"])
def test_a_list_that_lost_a_number_is_not_taken_for_sorted(name):
    program = WORKLOADS[name].load()
    with pytest.raises(WrongResult):
        program.check([3, 1, 2], [1, 2])


def test_partition_splits_around_the_last_element():
    assert partition([5, 1, 9, 4, 4]) == ([1, 4], 4, [5, 9])


def test_quicksort_over_arrays_ends_on_equal_numbers():
    program = WORKLOADS["quicksort-numpy"].load()
    assert list(program.run_sequential(np.full(1_000, 3), 0)) == [3] * 1_000


@given(st.lists(st.integers()), st.lists(st.integers()))
def test_merging_two_sorted_lists_gives_all_of_it_in_order(left, right):
    assert merge(sorted(left), sorted(right)) == sorted(left + right)


def test_queens_attack_along_columns_and_diagonals():
    assert free_columns(6, (1, 4)) == [0, 2]


def test_eight_queens_can_be_placed_in_92_ways():
    assert WORKLOADS["nqueens"].load().run_sequential(8, 0) == 92


def test_the_tenth_fibonacci_number_is_55():
    assert WORKLOADS["fibonacci"].load().run_sequential(10, 0) == 55


@given(st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_a_random_tree_has_exactly_the_nodes_that_were_asked_for(nodes, seed):
    found, pending = 0, [Subtree(nodes, seed)]
    while pending:
        found += 1
        pending += children_of(pending.pop())
    assert found == nodes


def test_a_random_tree_is_unbalanced():
    sizes = [child.nodes for child in children_of(Subtree(1_000, 3))]
    assert max(sizes) > 2 * min(sizes)
