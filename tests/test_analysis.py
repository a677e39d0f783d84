"""Work, span and the critical path: known answers on small programs, laws on random ones."""

from __future__ import annotations

import random

import pytest
from builders import MS, RecordingBuilder, trace_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fold import programs

import nestviz
from nestviz.analysis.critical_path import critical_path
from nestviz.analysis.totals import totals_of
from nestviz.events import State


def path_of(trace):
    return [(trace.name_of(p.row), p.phase.name.lower(), (p.end_ns - p.begin_ns) // MS) for p in critical_path(trace)]


def test_one_task():
    summary = nestviz.summarize(trace_of("a"))
    assert (summary.tasks, summary.depth, summary.makespan_ns, summary.work_ns, summary.span_ns) == (1, 1, 11 * MS, 10 * MS, 10 * MS)
    assert summary.parallelism == 1.0


def test_a_fork_of_two_has_half_of_its_leaves_on_the_span():
    trace = trace_of("root(a b)")
    summary = nestviz.summarize(trace)
    assert (summary.work_ns, summary.span_ns, summary.makespan_ns) == (30 * MS, 20 * MS, 22 * MS)
    assert summary.phases_ns == {
        "submit": 0, "queue": 3 * MS, "fetch": 0, "compute": 30 * MS, "spawn": 0, "blocked": 11 * MS, "receive": 0, "store": 0,
    }  # fmt: skip
    assert path_of(trace) == [("root", "queue", 1), ("root", "compute", 10), ("a", "queue", 1), ("a", "compute", 10)]


def test_a_chain_has_no_parallelism():
    summary = nestviz.summarize(trace_of("a(b(c(d)))"))
    assert (summary.work_ns, summary.span_ns, summary.depth) == (40 * MS, 40 * MS, 4)


def test_getting_in_a_loop_makes_the_span_the_sum():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 0)
    now = 0
    for name in ("a", "b", "c"):
        child = builder.submit(name, root, now)
        builder.run(child, now, now + 10)
        builder.get(root, [child], now, now + 10)
        now += 10
    builder.end(root, 35)
    trace = builder.trace()
    assert nestviz.summarize(trace).span_ns == 35 * MS
    assert path_of(trace) == [("a", "compute", 10), ("b", "compute", 10), ("c", "compute", 10), ("root", "compute", 5)]


def test_receiving_and_spawning_burden_the_span():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root", begin=0, end=2), 3)
    child = builder.submit("child", root, 5, 9)
    builder.run(child, 12, 20)
    builder.get(root, [child], 9, 26)
    builder.end(root, 27)
    summary = nestviz.summarize(builder.trace())
    assert (summary.work_ns, summary.span_ns, summary.burdened_span_ns) == (11 * MS, 11 * MS, 23 * MS)


def test_the_path_leaves_out_a_child_that_nobody_waited_for_unless_it_ends_last():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    straggler = builder.submit("straggler", root, 3)
    builder.end(root, 5)
    builder.run(straggler, 8, 20)
    assert path_of(builder.trace()) == [
        ("root", "queue", 1), ("root", "compute", 2), ("straggler", "queue", 5), ("straggler", "compute", 12),
    ]  # fmt: skip


def test_failed_and_retried_tasks_are_counted_by_their_last_attempt():
    builder = RecordingBuilder()
    flaky = builder.start(builder.submit("flaky"), 1)
    builder.end(flaky, 2, State.FAILED, "E")
    builder.start(flaky, 4, attempt=1)
    builder.end(flaky, 6)
    totals = totals_of(builder.trace())
    assert (totals.tasks, totals.attempts, totals.states["finished"], totals.states["failed"]) == (1, 2, 1, 0)
    assert totals.phases_ns["queue"] == 3 * MS


def test_an_empty_recording_has_zeros():
    summary = nestviz.summarize(RecordingBuilder().trace())
    assert (summary.tasks, summary.work_ns, summary.makespan_ns, summary.parallelism, summary.critical_path) == (0, 0, 0, 0.0, ())


@settings(max_examples=80, deadline=None)
@given(programs())
def test_phases_add_up_to_the_lives_of_all_attempts(builder):
    trace = builder.trace(now=500)
    segments = trace.segments
    tasks = trace.is_task[segments.row]
    assert sum(totals_of(trace).phases_ns.values()) == int((segments.end - segments.begin)[tasks].sum())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_span_is_at_most_work_and_at_most_makespan_when_every_task_joins_its_children(seed, tasks):
    trace = trace_of(random_shape(random.Random(seed), tasks))
    summary = nestviz.summarize(trace)
    assert summary.span_ns <= summary.work_ns
    assert summary.span_ns <= summary.burdened_span_ns <= summary.makespan_ns
    assert summary.span_ns == summary.depth * 10 * MS


def random_shape(rng, tasks):
    if tasks <= 1:
        return "f"
    left = rng.randint(1, tasks - 1)
    if rng.random() < 0.8:
        return f"f({random_shape(rng, left)} {random_shape(rng, tasks - left)})"
    return f"f({random_shape(rng, tasks - 1)})"


@pytest.mark.parametrize("depth", [3_000])
def test_a_deep_chain_is_analysed_without_recursion(depth):
    builder = RecordingBuilder()
    parent = None
    stack = []
    for level in range(depth):
        task = builder.submit("down", parent, level)
        builder.start(task, level, process=1)
        stack.append(task)
        parent = task
    for level, task in enumerate(reversed(stack)):
        if level:
            builder.get(task, [stack[depth - level]], depth - level, depth + level)
        builder.end(task, depth + level)
    assert nestviz.summarize(builder.trace()).depth == depth
