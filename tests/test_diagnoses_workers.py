"""Diagnoses of waiting: for worker processes, for Ray's worker cap, for resources, for memory."""

from __future__ import annotations

import pytest
from builders import RecordingBuilder
from diagnosing import ids_of, only, said

from nestviz.events import State


def new_process(start):
    builder = RecordingBuilder()
    for i in range(5):
        builder.run(builder.submit("f", None, 10 * i), 10 * i + 1, 10 * i + 10, process=1)
    builder.run(builder.submit("f", None, 0), start, start + 100)
    return builder.trace()


def test_a_task_that_waited_for_its_process():
    trace = new_process(start=500)
    assert said(trace, "worker-start") == ([1], 500.0, "likely")
    assert only(trace, "worker-start").title == "1 task waited 500 ms (median) for a new worker process"


def test_a_process_that_was_there_is_no_start():
    assert "worker-start" not in ids_of(new_process(start=1))


def test_waiting_for_a_cpu_is_not_waiting_for_a_process():
    builder = RecordingBuilder(cpus=1)
    builder.run(builder.submit("f", None, 0), 0, 500)
    builder.run(builder.submit("f", None, 0), 500, 600)
    assert "worker-start" not in ids_of(builder.trace())


def chain(levels, cpus):
    builder = RecordingBuilder(cpus)
    parents = []
    for level in range(levels):
        task = builder.submit("d", parents[-1] if parents else None, level)
        parents.append(builder.start(task, level + 1))
    for level in range(levels - 2, -1, -1):
        builder.get(parents[level], [parents[level + 1]], level + 2, 2 * levels - level)
    for level, task in enumerate(parents):
        builder.end(task, 2 * levels - level + 1)
    return builder.trace()


def test_blocked_parents_that_hold_far_more_processes_than_cpus():
    trace = chain(levels=10, cpus=2)
    assert said(trace, "worker-explosion") == (list(range(9)), 8.0, "sure")
    assert only(trace, "worker-explosion").title == "10 processes at a time on 2 CPUs: 9 of them held blocked tasks"


def test_a_few_blocked_parents_are_normal():
    assert "worker-explosion" not in ids_of(chain(levels=8, cpus=2))


def held_back(*starts):
    """Parents of one function that block at once; what they wait for runs at the end."""
    builder = RecordingBuilder(cpus=2)
    last = max(starts) + 500
    for start in starts:
        parent = builder.start(builder.submit("f", None, 0), start)
        child = builder.run(builder.submit("leaf", parent, start), last, last + 100)
        builder.get(parent, [child], start, last + 100)
        builder.end(parent, last + 100)
    return builder.trace()


def test_starts_in_doubling_steps_are_held_back_by_the_worker_cap():
    trace = held_back(0, 0, 1_000, 3_000, 7_000, 15_000)
    assert said(trace, "worker-cap") == ([2, 3, 4, 5], 15_000.0, "likely")
    assert only(trace, "worker-cap").title == (
        "4 tasks of f were held back by Ray's worker cap for up to 15 s while CPUs were free"
    )


def test_even_steps_may_as_well_be_processes_that_are_started():
    trace = held_back(0, 0, 1_000, 2_000, 3_000, 4_000)
    assert said(trace, "worker-cap") == ([2, 3, 4, 5], 4_000.0, "not enough data")


def test_starts_at_once_are_not_held_back():
    assert "worker-cap" not in ids_of(held_back(0, 0, 10, 20, 30, 40))


def waiting(needs="", is_after=False):
    builder = RecordingBuilder()
    builder.run(builder.submit("g", None, 0), 0, 10)
    running = builder.start(builder.submit("g", None, 0), 0)
    builder.submit("f", None, 0, needs=needs, on=[running] if is_after else [])
    return builder.trace(now=6_000)


def test_a_task_that_asks_for_what_there_is_not():
    trace = waiting("1 unicorn")
    assert said(trace, "long-pending") == ([2], 6_000.0, "likely")
    assert only(trace, "long-pending").advice.startswith("f asks for 1 unicorn:")


def test_a_task_that_waits_for_no_recorded_reason():
    assert said(waiting(), "long-pending") == ([2], 6_000.0, "not enough data")


def test_a_task_that_waits_for_its_argument_is_not_pending():
    assert "long-pending" not in ids_of(waiting(is_after=True))


def test_an_actor_that_cannot_be_created_is_pending_its_methods_wait_for_their_turn():
    builder = RecordingBuilder()
    counter = builder.create("Counter")
    builder.submit("Counter.increment", actor=counter)
    assert said(builder.trace(now=6_000), "long-pending")[0] == [0]


def nested_actors(cpus):
    """An actor with four CPUs creates another one in its method and waits for it; nothing moves for half a minute."""
    builder = RecordingBuilder(cpus)
    outer = builder.start(builder.create("A", begin=1, needs="4 CPU"), 2)
    builder.end(outer, 3)
    run = builder.start(builder.submit("A.run", begin=4, actor=outer), 5, outer.process)
    builder.get(None, [run], 5)
    inner = builder.create("B", run, 6, needs="1 CPU")
    builder.get(run, [builder.submit("B.work", run, 7, actor=inner)], 8)
    return builder.trace(now=20_000)


def test_a_program_that_waits_for_itself():
    trace = nested_actors(cpus=4)
    rows, won, confidence = said(trace, "stalled")
    assert ([trace.name_of(row) for row in rows], won, confidence) == (["B.__init__"], 19_992.0, "sure")
    found = only(trace, "stalled")
    assert found.title == "The program waits for itself: nothing has moved for 20 s"
    assert found.advice.startswith("B needs 1 CPU, held by A (4 CPU): an actor keeps its CPUs for life, also while it waits.")


def test_a_program_with_room_does_not_wait_for_itself():
    assert "stalled" not in ids_of(nested_actors(cpus=5))


def failed_with(error):
    builder = RecordingBuilder()
    builder.run(builder.submit("f"), 0, 10, state=State.FAILED, error=error)
    return builder.trace()


def test_a_task_that_failed_for_want_of_memory():
    trace = failed_with("OutOfMemoryError: Task was killed due to the node running low on memory.")
    assert said(trace, "memory-gated") == ([0], 10.0, "sure")


def test_another_failure_is_not_for_want_of_memory():
    assert "memory-gated" not in ids_of(failed_with("ValueError: out of range"))


def small_shares(needs):
    builder = RecordingBuilder(cpus=2)
    for _ in range(4):
        builder.run(builder.submit("f", None, 0, needs=needs), 0, 100)
    return builder.trace()


def test_tasks_that_ask_for_less_than_a_cpu():
    trace = small_shares("0.5 CPU")
    assert said(trace, "fractional-cpus") == ([0, 1, 2, 3], 0.0, "likely")
    assert only(trace, "fractional-cpus").title == "4 tasks of f ask for 0.5 CPU each: 4 ran at a time"


@pytest.mark.parametrize("needs", ["", "2 CPU", "1 GPU"])
def test_tasks_that_ask_for_whole_cpus(needs):
    assert "fractional-cpus" not in ids_of(small_shares(needs))


def test_a_well_made_program_has_nothing_to_mend():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root", None, 0, 1), 1)
    leaves = [builder.submit("leaf", root, 5, size=100) for _ in range(8)]
    for i, leaf in enumerate(leaves):
        start = 6 if i < 4 else 57
        builder.run(leaf, start, start + 50, process=1 + i % 4)
    builder.get(root, leaves, 5, 107)
    builder.end(root, 110)
    builder.get(None, [root], 1, 110)
    builder.close(111)
    assert ids_of(builder.trace()) == []
