"""The simulator: laws on random programs, known schedules, and what it predicts when small calls run in place."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders import MS, RecordingBuilder, trace_of
from hypothesis import given, settings
from hypothesis import strategies as st
from made_traces import SHAPES, trace_of_tree
from random_runs import runs

from nestviz.analysis.costs import ASSUMED_WORKER_START_NS, costs_of, no_costs
from nestviz.analysis.script import script_of
from nestviz.analysis.simulator import simulate
from nestviz.analysis.span import spans_of
from nestviz.analysis.totals import totals_of
from nestviz.analysis.what_if import cpu_curve, done_in_place, predicted, thresholds


def free_run(trace, cpus):
    costs = no_costs(trace)
    return simulate(script_of(trace, costs), costs, cpus)


@settings(max_examples=100, deadline=None)
@given(runs())
def test_without_costs_any_number_of_cpus_needs_the_span_and_one_cpu_the_work(builder):
    trace = builder.trace()
    assert free_run(trace, math.inf).makespan_ns == spans_of(trace).span_ns
    assert free_run(trace, 1).makespan_ns == totals_of(trace).work_ns


@settings(max_examples=100, deadline=None)
@given(runs())
def test_with_the_recorded_costs_the_recording_comes_out_again(builder):
    trace = builder.trace()
    costs = costs_of(trace, "recorded")
    run = simulate(script_of(trace, costs), costs, trace.info.cpus)
    tasks = np.flatnonzero(trace.is_task)
    assert [run.end_ns[row] + trace.begin_ns for row in tasks] == trace.rows.end[tasks].tolist()


@settings(max_examples=60, deadline=None)
@given(runs(), st.integers(1, 8))
def test_no_schedule_beats_the_bounds_and_a_greedy_one_is_below_their_sum(builder, cpus):
    trace = builder.trace()
    work, span = totals_of(trace).work_ns, spans_of(trace).span_ns
    found = free_run(trace, cpus).makespan_ns
    assert max(work / cpus, span) <= found <= work / cpus + span


@pytest.mark.parametrize("shape", list(SHAPES))
def test_the_laws_hold_for_large_trees(shape):
    trace = trace_of_tree(SHAPES[shape](3_000), cpus=10_000)
    assert free_run(trace, math.inf).makespan_ns == spans_of(trace).span_ns
    assert free_run(trace, 1).makespan_ns == totals_of(trace).work_ns
    assert predicted(trace, math.inf) == trace.end_ns - trace.begin_ns


def test_the_same_script_always_gives_the_same_run():
    trace = trace_of_tree(SHAPES["random"](500))
    assert free_run(trace, 3) == free_run(trace, 3)


def test_two_cpus_run_four_equal_leaves_in_two_rounds_and_a_blocked_parent_needs_none():
    trace = trace_of("root(a b c d)", compute=10, queue=0)
    assert [free_run(trace, cpus).makespan_ns // MS for cpus in (1, 2, 3, 4)] == [50, 30, 30, 20]


def test_a_task_that_needs_two_cpus_waits_for_both():
    builder = RecordingBuilder(cpus=2)
    big, small = builder.submit("big", begin=1), builder.submit("small")
    builder.require(big, "2 CPU")
    builder.run(small, 1, 11)
    builder.run(big, 12, 22)
    assert free_run(builder.trace(), 2).makespan_ns == 20 * MS


def test_an_actors_calls_run_one_at_a_time_on_any_number_of_cpus():
    builder = RecordingBuilder()
    counter = builder.run(builder.submit("Counter.__init__", creates_actor=True), 0, 0, process=1)
    for number in range(3):
        builder.run(builder.submit("Counter.add", actor=counter), 10 * number, 10 * number + 10, process=1)
    assert free_run(builder.trace(), 64).makespan_ns == 30 * MS


def test_the_deepest_call_comes_first_so_few_parents_are_alive_at_once():
    trace = trace_of("root(a(b(c) d(e)) f(g(h) i(j)))", compute=10, queue=0)
    costs = no_costs(trace)
    run = simulate(script_of(trace, costs), costs, 1)
    order = [trace.name_of(row) for row in np.argsort(run.start_ns[: trace.count], kind="stable")]
    assert order == ["root", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
    assert run.workers == 4


def test_what_holds_a_cpu_before_a_call_begins_takes_it_from_others():
    trace = trace_of("root(a b c d)", compute=10, queue=5)
    assert [predicted(trace, cpus) // MS for cpus in (1, 2, 4)] == [75, 45, 30]


def test_a_process_that_does_not_exist_must_be_made():
    trace = trace_of("root(a(b))", compute=10, queue=0)
    assert costs_of(trace, "cold").worker_start_ns == ASSUMED_WORKER_START_NS
    assert predicted(trace, 1, "warm") == 30 * MS
    assert predicted(trace, 1, "cold") == 30 * MS + 2 * ASSUMED_WORKER_START_NS
    assert predicted(trace, 3, "cold") == 30 * MS


def test_the_curve_has_the_prediction_between_its_bounds():
    curve = cpu_curve(trace_of("root(a b)", compute=10, queue=0), cpus=(1, 2, 64))
    assert [(p.cpus, p.makespan_ns // MS, p.lower_bound_ns // MS) for p in curve] == [(1, 30, 30), (2, 20, 20), (64, 20, 20)]


def halving(sizes, work_ms, dispatch_ms):
    """A binary recursion over lists: every call costs `dispatch_ms` on its way and computes `work_ms` for itself."""
    builder = RecordingBuilder(cpus=2)

    def sort(parent, level, at):
        task = builder.submit("sort", parent, at, size=sizes[level])
        now = at + dispatch_ms
        builder.start(task, now)
        now += work_ms
        if level + 1 < len(sizes):
            made = [sort(task, level + 1, now) for _ in range(2)]
            end = max(one for _, one in made)
            builder.get(task, [one for one, _ in made], now, end)
            now = end
        builder.end(task, now)
        return task, now

    sort(None, 0, 0)
    return builder.trace()


def test_calls_at_or_below_a_size_do_the_work_of_all_below_them():
    trace = halving((400, 200, 100), work_ms=10, dispatch_ms=5)
    name = trace.texts.index("sort")
    place = done_in_place(trace, name, 200)
    tops = [row for row in range(trace.count) if trace.rows.size[row] == 200]
    assert [place[row] for row in tops] == tops
    assert np.bincount(place[place >= 0]).max() == 3
    assert predicted(trace, 2, in_place=place) == (5 + 10 + 5 + 30) * MS


def test_small_calls_that_cost_more_than_they_do_are_better_done_in_place():
    found = thresholds(halving((400_000, 200_000, 100_000, 50_000), work_ms=10, dispatch_ms=100))
    assert [(point.size, point.makespan_ns // MS, point.tasks) for point in found.points] == [
        (-1, 880, 15), (100_000, 480, 7), (200_000, 280, 3), (400_000, 250, 1),
    ]  # fmt: skip
    assert found.sentence == "run sort without calling on at any size recorded, up to 400,000: 880 ms → about 250 ms or less"


def test_the_best_threshold_is_said_in_the_programs_own_size():
    found = thresholds(halving((812_345, 406_172, 203_086, 101_543), work_ms=100, dispatch_ms=40))
    assert [(point.size, point.makespan_ns // MS) for point in found.points] == [
        (-1, 1120), (203_086, 960), (406_172, 880), (812_345, 1540),
    ]  # fmt: skip
    assert found.sentence == "run sort of at most about 410,000 elements in place: 1.12 s → about 880 ms or less"


def test_without_sizes_there_is_no_threshold():
    assert thresholds(trace_of("root(a b)")).points == ()
