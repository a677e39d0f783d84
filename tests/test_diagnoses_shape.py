"""Diagnoses of the shape of a program: how its work is divided, and what runs beside what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import RecordingBuilder, trace_of
from diagnosing import ids_of, only, said


def head(alone, block_end=None):
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root", None, 0, size=8), 0)
    if block_end is not None:
        builder.close_block(root, builder.open_block(root, "partition", 0), block_end)
    leaves = [builder.run(builder.submit("leaf", root, alone), alone, alone + 40) for _ in range(4)]
    builder.get(root, leaves, alone, alone + 40)
    builder.end(root, alone + 40)
    return builder.trace()


def test_a_task_that_all_others_wait_for():
    trace = head(alone=60)
    assert said(trace, "serial-head") == ([0], 45.0, "sure")
    assert only(trace, "serial-head").title == "root(8) runs alone for 60 ms, 60% of the time"
    assert "more than 1.7× faster" in only(trace, "serial-head").advice


def test_the_block_that_takes_that_time_is_named():
    trace = head(alone=60, block_end=50)
    assert only(trace, "serial-head").title == "partition in root(8) runs alone for 60 ms, 60% of the time"


def test_a_short_head_is_normal():
    assert "serial-head" not in ids_of(head(alone=5))


def side_by_side(*ends, cpus=4.0):
    builder = RecordingBuilder(cpus)
    for end in ends:
        builder.run(builder.submit("f", None, 0), 0, end)
    return builder.trace()


def test_cpus_without_anything_to_do():
    trace = side_by_side(100, 100)
    assert said(trace, "low-parallelism") == ([0, 1], 50.0, "sure")
    assert only(trace, "low-parallelism").title == "2.0 of 4 CPUs were busy on average, and no task waited for the others"


@pytest.mark.parametrize("trace", [side_by_side(100, 100, 100, 100), side_by_side(100, 100, cpus=2), side_by_side(100)])
def test_busy_cpus_or_a_single_task_lack_no_parallelism(trace):
    assert "low-parallelism" not in ids_of(trace)


def test_a_recursion_that_does_not_branch():
    trace = trace_of("d(d(d(d(d(d(d(d)))))))")
    assert said(trace, "linear-chain") == (list(range(8)), 8.0, "sure")
    assert only(trace, "linear-chain").title == "d calls itself once on each of 8 levels: nothing runs beside it"


@pytest.mark.parametrize("shape", ["d(d(d(d(d(d(d))))))", "d(d d(d d(d d(d d(d d(d d(d d)))))))", "a(b(a(b(a(b(a(b)))))))"])
def test_short_or_branching_recursions_and_calls_of_others_are_no_chain(shape):
    assert "linear-chain" not in ids_of(trace_of(shape))


def families(large, small):
    """Three parents that leave their two children to themselves."""
    builder = RecordingBuilder()
    for _ in range(3):
        parent = builder.start(builder.submit("split", None, 0), 0)
        for end in (large, small):
            builder.run(builder.submit("part", parent, 0), 0, end)
        builder.end(parent, 0)
    return builder.trace()


def test_uneven_siblings_of_which_the_largest_is_all_there_is_left():
    trace = families(100, 10)
    assert said(trace, "imbalance") == ([3, 5, 7], 67.5, "likely")
    assert "10.0 times the work of the others" in only(trace, "imbalance").advice


def test_even_siblings_are_balanced():
    assert "imbalance" not in ids_of(families(55, 55))


def test_uneven_siblings_do_no_harm_while_others_fill_the_cpus():
    builder = RecordingBuilder(cpus=2)
    for i in range(3):
        parent = builder.start(builder.submit("split", None, 0), 0)
        for length in (90, 10):
            builder.run(builder.submit("part", parent, 0), 100 * i, 100 * i + length)
        builder.end(parent, 0)
    builder.run(builder.submit("filler", None, 0), 0, 300)
    builder.run(builder.submit("filler", None, 0), 0, 300)
    assert "imbalance" not in ids_of(builder.trace())


def last_leaf(end, size=10):
    builder = RecordingBuilder()
    builder.run(builder.submit("f", None, 0, size=size), 0, end)
    for _ in range(4):
        builder.run(builder.submit("f", None, 0, size=10), 0, 10)
    return builder.trace()


def test_one_leaf_that_holds_the_end():
    trace = last_leaf(100)
    assert said(trace, "straggler") == ([0], 67.5, "sure")
    assert only(trace, "straggler").title == "f(10) ends 90 ms after all 4 others"
    assert "Its size does not explain it" in only(trace, "straggler").advice


def test_a_straggler_that_is_larger_is_told_to_be():
    assert "It has 100 elements, others have 10: divide it." in only(last_leaf(100, size=100), "straggler").advice


def test_a_leaf_that_ends_a_little_later_is_no_straggler():
    assert "straggler" not in ids_of(last_leaf(12))


def inflated(length):
    builder = RecordingBuilder()
    for i in range(3):
        builder.run(builder.submit("f", None, 10 * i, size=7), 10 * i, 10 * i + 10)
    for _ in range(4):
        builder.run(builder.submit("f", None, 30, size=7), 30, 30 + length)
    return builder.trace()


def test_the_same_work_that_takes_longer_beside_others():
    trace = inflated(30)
    assert said(trace, "work-inflation") == ([3, 4, 5, 6], 20.0, "likely")
    assert only(trace, "work-inflation").title == "4 calls of f(7) took 3.0 times as long as with few tasks beside them"


def test_work_that_takes_its_time_beside_others_too():
    assert "work-inflation" not in ids_of(inflated(12))


def distributed(*runs, noted=None):
    builder = RecordingBuilder()
    block = builder.open_block(None, "one size", 0, section=True)
    tasks = [builder.run(builder.submit("f", None, 0, block=block), *run) for run in runs]
    last = max(end for _, end in runs)
    builder.get(None, tasks, 0, last)
    if noted is not None:
        builder.note(None, "sequential_s", noted, block)
    builder.close_block(None, block, last)
    builder.close(last)
    return builder.trace().section_named("one size")


def test_a_program_that_gains_nothing():
    trace = distributed((45, 55), (90, 100))
    rows, won, confidence = said(trace, "not-worth-it")
    assert (trace.rows.kind[rows].tolist(), won, confidence) == ([0, 0], 80.0, "likely")
    assert only(trace, "not-worth-it").title == "Distributing the work gained nothing: 100 ms, against about 20 ms in one process"
    assert "Most of the rest: 350 ms that CPUs waited for tasks to be started." in only(trace, "not-worth-it").advice


def test_a_sequential_time_that_the_program_noted_is_believed():
    assert said(distributed((0, 60), (0, 60), noted=0.03), "not-worth-it")[1:] == (30.0, "sure")


def test_ray_s_own_record_alone_does_not_tell_working_from_waiting():
    told = {"not-worth-it", "imbalance"}
    for trace in (distributed((45, 55), (90, 100)), families(100, 10)):
        assert told & set(ids_of(trace))
        assert not told & set(ids_of(replace(trace, sources=("ray.timeline",))))


@pytest.mark.parametrize("trace", [distributed((0, 50), (0, 50)), distributed((0, 50), (0, 50), noted=0.08), distributed((90, 100))])
def test_a_program_that_gains_or_is_one_task_is_worth_it(trace):
    assert "not-worth-it" not in ids_of(trace)
