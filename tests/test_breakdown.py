"""Where tasks' time went: why they queued, what nesting cost, what limits a program. Times in milliseconds."""

from __future__ import annotations

import numpy as np
from builders import MS, RecordingBuilder, trace_of
from hypothesis import given, settings
from test_fold import programs

from nestviz.analysis.breakdown import breakdown_by_function, breakdown_of, lost_on_path
from nestviz.analysis.critical_path import critical_path
from nestviz.analysis.path_shares import heaviest_place, path_shares
from nestviz.analysis.queueing import queue_causes
from nestviz.analysis.scalability import scalability_of
from nestviz.analysis.totals import phases_of, totals_of
from nestviz.events import Phase
from nestviz.trace.parts import subtree_of


def causes_of(trace, name):
    row = next(row for row in range(trace.count) if trace.name_of(row) == name)
    return {cause.name.lower(): int(values[row]) // MS for cause, values in queue_causes(trace).items() if values[row]}


def test_a_task_whose_argument_is_anothers_result_queues_for_it():
    builder = RecordingBuilder()
    first, second = builder.submit("first"), builder.submit("second", begin=1)
    builder.depend(second, first)
    builder.run(first, 2, 30, process=1)
    builder.run(second, 34, 40, process=1)
    assert causes_of(builder.trace(), "second") == {"dependencies": 29, "unknown": 4}


def test_a_task_queues_for_a_cpu_while_others_compute_on_all_of_them():
    builder = RecordingBuilder(cpus=1)
    first, second = builder.submit("first"), builder.submit("second")
    builder.run(first, 0, 20, process=1)
    builder.run(second, 21, 30, process=1)
    assert causes_of(builder.trace(), "second") == {"cpu": 20, "unknown": 1}


def test_a_task_that_needs_two_cpus_finds_none_when_one_of_two_is_taken_by_one_that_needs_two():
    builder = RecordingBuilder(cpus=2)
    first, second = builder.submit("first"), builder.submit("second")
    builder.require(first, "2 CPU, 1 GPU")
    builder.run(first, 0, 20, process=1)
    builder.run(second, 20, 30, process=1)
    assert causes_of(builder.trace(), "second") == {"cpu": 20}


def test_a_blocked_parent_gives_its_cpu_back_so_its_child_queues_for_a_new_process():
    builder = RecordingBuilder(cpus=1)
    builder.about[2] = {"born": 105 * MS}
    parent = builder.start(builder.submit("parent"), 0, process=1)
    child = builder.submit("child", parent, 100)
    builder.run(child, 800, 810, process=2)
    builder.get(parent, [child], 100, 810)
    builder.end(parent, 811)
    assert causes_of(builder.trace(), "child") == {"worker": 700}


def test_the_first_task_of_a_process_that_existed_before_did_not_queue_for_it():
    builder = RecordingBuilder(cpus=2)
    builder.about[1] = {"born": 0 * MS}
    builder.run(builder.submit("task", begin=500), 504, 510, process=1)
    assert causes_of(builder.trace(), "task") == {"unknown": 4}


def test_where_no_system_says_when_a_process_was_made_its_first_task_queues_for_unknown_reasons():
    builder = RecordingBuilder(cpus=2)
    builder.run(builder.submit("task"), 700, 710, process=1)
    assert causes_of(builder.trace(), "task") == {"unknown": 700}


def chain_of_two(wait_ms, process, born=None, name="down"):
    """One CPU; a parent of a function that is blocked, and its child, which starts after `wait_ms` in that process."""
    builder = RecordingBuilder(cpus=1)
    builder.run(builder.submit("before"), 0, 1, process=3)
    if born is not None:
        builder.about[process] = {"born": born * MS}
    parent = builder.start(builder.submit("down", begin=10), 10, process=1)
    child = builder.submit(name, parent, 20)
    builder.run(child, 20 + wait_ms, 30 + wait_ms, process=process)
    builder.get(parent, [child], 20, 30 + wait_ms)
    builder.end(parent, 30 + wait_ms)
    row = builder.trace().count - 1
    return {cause.name.lower(): int(values[row]) // MS for cause, values in queue_causes(builder.trace()).items() if values[row]}


def test_the_cap_holds_a_task_back_whose_function_fills_the_cpus_while_its_process_lies_idle():
    assert chain_of_two(2_000, process=3) == {"cap": 2_000}


def test_the_cap_holds_a_task_back_until_its_process_is_made():
    assert chain_of_two(2_000, process=2, born=1_220) == {"worker": 800, "cap": 1_200}


def test_less_than_the_first_backoff_step_is_not_called_the_cap():
    assert chain_of_two(900, process=3) == {"unknown": 900}


def test_a_task_of_another_function_is_not_held_back_by_the_cap():
    assert chain_of_two(2_000, process=3, name="other") == {"unknown": 2_000}


@settings(max_examples=80, deadline=None)
@given(programs())
def test_the_causes_of_queueing_add_up_to_it(builder):
    trace = builder.trace(now=500)
    causes = queue_causes(trace)
    assert sum(causes.values()).tolist() == phases_of(trace)[Phase.QUEUE].tolist()
    assert all(np.all(values >= 0) for values in causes.values())


@settings(max_examples=40, deadline=None)
@given(programs())
def test_the_functions_breakdowns_add_up_to_the_whole(builder):
    trace = builder.trace(now=500)
    whole, totals = breakdown_of(breakdown_by_function(trace)), totals_of(trace)
    assert {phase.name.lower(): value for phase, value in whole.phases_ns.items()} == totals.phases_ns
    assert (whole.tasks, whole.attempts) == (totals.tasks, totals.attempts)


def test_the_time_lost_to_nesting_leaves_out_computing_and_waiting_for_those_who_compute():
    builder = RecordingBuilder(cpus=1)
    builder.about[2] = {"born": 4 * MS}
    root = builder.start(builder.submit("root", begin=0, end=1), 1, process=1)  # 1 submit
    child = builder.submit("leaf", root, 2, 3)  # 1 submit, which is 1 spawn of the root
    builder.run(child, 13, 20, process=2)  # 10 queued for the process, 7 computed
    builder.get(root, [child], 3, 22)  # 17 blocked, 2 received
    builder.end(root, 25)  # computed: 1 and 3
    trace = builder.trace()
    root_part, leaf_part = sorted(breakdown_by_function(trace), key=lambda one: one.name, reverse=True)
    assert (root_part.lost_ns, leaf_part.lost_ns) == (3 * MS, 11 * MS)
    assert breakdown_of([root_part, leaf_part]).lost_ns == 14 * MS
    assert lost_on_path(critical_path(trace), queue_causes(trace)) == 14 * MS
    assert totals_of(trace).makespan_ns == (14 + 7 + 4) * MS


def test_a_subtree_is_measured_like_a_whole_recording():
    trace = trace_of("root(a b(c(e) d))")
    part = subtree_of(trace, [trace.name_of(row) for row in range(trace.count)].index("b"))
    found = scalability_of(part)
    assert sorted(part.name_of(row) for row in range(part.count)) == ["b", "c", "d", "e"]
    assert (found.work_ns, found.span_ns, found.makespan_ns) == (40 * MS, 30 * MS, 33 * MS)
    assert (found.parallelism, round(found.speedup, 3), round(found.efficiency, 3)) == (40 / 30, 1.212, 0.303)


def test_the_subtree_of_a_block_is_what_was_submitted_inside_it():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 0)
    block = builder.open_block(root, "left half", 1)
    inside = builder.submit("inside", root, 2, block=block)
    builder.close_block(root, block, 3)
    builder.run(builder.submit("outside", root, 4), 5, 6)
    builder.start(inside, 3)
    builder.run(builder.submit("below", inside, 4), 5, 9)
    builder.end(inside, 10)
    builder.end(root, 12)
    trace = builder.trace()
    part = subtree_of(trace, [trace.name_of(row) for row in range(trace.count)].index("left half"))
    assert sorted(part.name_of(row) for row in range(part.count)) == ["below", "inside", "left half"]


def sorting_program():
    builder = RecordingBuilder(cpus=4)
    root = builder.start(builder.submit("sort", size=200_000), 0)
    block = builder.open_block(root, "partition", 0)
    builder.close_block(root, block, 41)
    halves = [builder.submit("sort", root, 41, size=100_000) for _ in range(2)]
    builder.run(halves[0], 41, 81)
    builder.run(halves[1], 41, 91)
    builder.get(root, halves, 41, 91)
    builder.end(root, 100)
    return builder.trace()


def test_the_sentence_names_the_limit_and_the_block_that_makes_it():
    assert scalability_of(sorting_program()).sentence == (
        "at most 1.4 × faster than on one CPU, on any number of CPUs, because sort(100,000) is 50 % of the critical path"
    )


def test_the_shares_of_the_critical_path_are_cut_at_blocks():
    trace = sorting_program()
    shares = path_shares(trace, critical_path(trace))
    assert [(share.block, share.name, share.phase.name, share.time_ns // MS) for share in shares] == [
        ("", "sort", "COMPUTE", 59), ("partition", "sort", "COMPUTE", 41),
    ]  # fmt: skip
    assert [heaviest_place(trace, share) for share in shares] == [("sort(100,000)", 0.5), ("partition in the root", 0.41)]


def test_the_bounds_for_any_number_of_cpus():
    found = scalability_of(trace_of("root(a b)"))
    assert (found.work_ns, found.span_ns, found.burdened_span_ns) == (30 * MS, 20 * MS, 20 * MS)
    assert [found.lower_bound_ns(cpus) // MS for cpus in (1, 2, 4)] == [30, 20, 20]
    assert [found.burdened_bound_ns(cpus) // MS for cpus in (1, 2)] == [30, 15 + 17]
