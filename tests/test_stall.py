"""A program that waits for itself is recognised, and nothing else is."""

from __future__ import annotations

import pytest
from builders import EPOCH_NS, MS, RecordingBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from nestviz.analysis.stall import find_stall
from nestviz.events import State

SECOND = 1_000
"""In the builders' milliseconds."""


def stall_at(program, now, patience=10 * SECOND):
    return find_stall(program.trace(now), patience * MS)


def names(program, rows, now=60 * SECOND):
    trace = program.trace(now)
    return [trace.name_of(row) for row in rows]


def nested_actors(cpus=4, outer="4 CPU", inner="1 CPU"):
    """An actor with all CPUs creates another one in its method, and waits for it."""
    program = RecordingBuilder(cpus)
    a = program.start(program.create("A", begin=1, needs=outer), 2)
    program.end(a, 3)
    run = program.start(program.submit("A.run", begin=4, actor=a), 5, a.process)
    program.get(None, [run], 5)
    b = program.create("B", run, 6, needs=inner)
    work = program.submit("B.work", run, 7, actor=b)
    program.get(run, [work], 8)
    return program


def test_nested_actors_that_hold_all_cpus_are_recognised():
    program = nested_actors()
    stall = stall_at(program, 30 * SECOND)
    (stuck,) = stall.stuck
    assert (stall.confidence, stall.since_ns, stall.lasted_ns) == ("sure", EPOCH_NS + 8 * MS, (30 * SECOND - 8) * MS)
    assert (stuck.needs, stuck.count, stuck.explanation) == ("1 CPU", 1, "an actor keeps its CPUs for life, also while it waits")
    assert names(program, stuck.chain) == ["driver", "A.run", "B.work", "B.__init__"]
    assert [(holder.holds, names(program, [holder.row])) for holder in stuck.holders] == [("4 CPU", ["A.__init__"])]
    assert (stall.waiting, stall.pending) == (2, 1)


def test_actors_that_leave_room_explain_nothing():
    program = nested_actors(outer="3 CPU")
    assert stall_at(program, 25 * SECOND) is None
    stall = stall_at(program, 31 * SECOND)
    assert (stall.confidence, stall.stuck[0].holders) == ("unknown", ())
    assert "worker cap" in stall.stuck[0].explanation


def test_an_idle_actor_may_have_ended_so_that_the_stall_is_only_likely():
    program = RecordingBuilder(2)
    a = program.start(program.create("A", begin=1, needs="2 CPU"), 2)
    program.end(a, 3)
    program.get(None, [program.submit("f", None, 4)], 5)
    assert stall_at(program, 20 * SECOND).confidence == "likely"
    program.process_died(a.process, 6)
    running = program.start(program.submit("A.run", begin=4, actor=a), 5, a.process)
    assert running.process == a.process
    assert stall_at(program, 20 * SECOND) is None


def test_an_actor_that_waits_for_its_own_method_waits_for_itself():
    program = RecordingBuilder()
    a = program.run(program.create("A", begin=1), 2, 3)
    run = program.start(program.submit("A.run", begin=4, actor=a), 5, a.process)
    program.get(None, [run], 5)
    own = program.submit("A.own", run, 6, actor=a)
    program.get(run, [own], 7)
    (stuck,) = stall_at(program, 20 * SECOND).stuck
    assert (stuck.confidence, stuck.needs, stuck.explanation) == ("sure", "its turn in the actor A", "the actor waits for itself")
    assert names(program, stuck.chain) == ["driver", "A.run", "A.own"]
    assert names(program, [holder.row for holder in stuck.holders]) == ["A.run"]


def test_two_actors_that_wait_for_each_other_wait_for_themselves():
    program = RecordingBuilder()
    a = program.run(program.create("A", begin=1), 2, 3)
    b = program.run(program.create("B", begin=1), 2, 3)
    run = program.start(program.submit("A.run", begin=4, actor=a), 5, a.process)
    program.get(None, [run], 5)
    other = program.start(program.submit("B.run", run, 6, actor=b), 7, b.process)
    program.get(run, [other], 7)
    back = program.submit("A.back", other, 8, actor=a)
    program.get(other, [back], 9)
    (stuck,) = stall_at(program, 20 * SECOND).stuck
    assert names(program, stuck.chain) == ["driver", "A.run", "B.run", "A.back"]
    assert stuck.confidence == "sure"


def test_a_method_behind_a_busy_actor_is_no_end_of_a_chain():
    program = RecordingBuilder(1)
    a = program.run(program.create("A", begin=1, needs="1 CPU"), 2, 3)
    run = program.start(program.submit("A.run", begin=4, actor=a), 5, a.process)
    queued = program.submit("A.later", begin=5, actor=a)
    program.get(None, [queued], 6)
    program.get(run, [program.submit("leaf", run, 6)], 7)
    (stuck,) = stall_at(program, 20 * SECOND).stuck
    assert names(program, stuck.chain) == ["driver", "A.later", "A.run", "leaf"]


def test_an_actor_that_fills_its_placement_group_is_recognised():
    program = RecordingBuilder()
    group = "placement group 1234abcd"
    a = program.run(program.create("Trial", begin=1, needs=f"1 CPU, {group}"), 2, 3)
    program.run(program.create("Elsewhere", begin=1, needs="1 CPU, placement group 99"), 2, 3)
    run = program.start(program.submit("Trial.run", begin=4, actor=a), 5, a.process)
    program.get(None, [run], 6)
    program.get(run, [program.submit("inner", run, 7 + i, needs=group) for i in range(3)], 12)
    (stuck,) = stall_at(program, 20 * SECOND).stuck
    assert (stuck.needs, stuck.count, stuck.confidence) == (f"1 CPU, {group}", 3, "likely")
    assert names(program, [holder.row for holder in stuck.holders]) == ["Trial.__init__"]


def test_a_task_gives_its_cpus_back_also_in_a_placement_group():
    program = RecordingBuilder()
    outer = program.start(program.submit("outer", begin=1, needs="placement group 1234abcd"), 2)
    program.get(None, [outer], 2)
    program.get(outer, [program.submit("inner", outer, 3, needs="placement group 1234abcd")], 4)
    assert stall_at(program, 20 * SECOND) is None
    assert stall_at(program, 40 * SECOND).confidence == "unknown"


def test_a_waiting_task_keeps_its_gpu():
    program = RecordingBuilder()
    outer = program.start(program.submit("outer", begin=1, needs="1 CPU, 1 GPU"), 2)
    program.get(None, [outer], 2)
    program.get(outer, [program.submit("inner", outer, 3, needs="1 GPU")], 4)
    (stuck,) = stall_at(program, 20 * SECOND).stuck
    assert (stuck.confidence, stuck.explanation) == ("likely", "what waits does not give back GPU")


def test_more_cpus_than_there_are_is_said():
    program = RecordingBuilder(4)
    program.get(None, [program.submit("big", begin=1, needs="8 CPU")], 2)
    assert stall_at(program, 20 * SECOND).stuck[0].explanation == "the cluster had 4 CPUs when the recording began"


def test_an_argument_that_cannot_come_is_followed():
    program = RecordingBuilder(1)
    a = program.run(program.create("A", begin=1, needs="1 CPU"), 2, 3)
    hold = program.start(program.submit("A.hold", begin=3, actor=a), 4, a.process)
    first = program.submit("first", begin=4)
    second = program.submit("second", begin=5, on=[first])
    program.get(hold, [second], 5)
    program.get(None, [second], 6)
    (stuck,) = stall_at(program, 20 * SECOND).stuck
    assert names(program, stuck.chain) == ["driver", "second", "first"]


def test_a_task_that_computes_anywhere_is_no_stall():
    program = nested_actors()
    program.start(program.submit("long", None, 1), 2)
    assert stall_at(program, 1_000 * SECOND) is None


def test_a_driver_that_does_not_wait_is_no_stall():
    program = RecordingBuilder(1)
    a = program.run(program.create("A", begin=1, needs="1 CPU"), 2, 3)
    run = program.start(program.submit("A.run", begin=4, actor=a), 5, a.process)
    program.get(run, [program.submit("leaf", run, 6)], 7)
    assert stall_at(program, 1_000 * SECOND) is None


def test_a_stall_begins_when_the_last_computation_turned_into_a_wait():
    program = nested_actors()
    busy = program.start(program.submit("busy", None, 1), 2)
    program.get(busy, [program.submit("more", busy, 3)], 20 * SECOND)
    stall = stall_at(program, 31 * SECOND)
    assert stall.lasted_ns == 11 * SECOND * MS
    assert stall_at(program, 29 * SECOND) is None


def test_who_polls_waits_as_much_as_who_blocks():
    program = nested_actors()
    polled = program.submit("polled", None, 9)
    poller = program.start(program.submit("poller", None, 9), 10)
    for second in range(25):
        program.wait(poller, [polled], 10 + second * SECOND, 10 + second * SECOND + 999)
    assert stall_at(program, 25 * SECOND).lasted_ns == (25 * SECOND - 10) * MS
    program.wait(poller, [polled], 25 * SECOND + 10, 25 * SECOND + 20, got=[polled])
    assert stall_at(program, 26 * SECOND) is None


def test_a_result_that_arrived_is_movement():
    program = nested_actors()
    done = program.run(program.submit("done", None, 1), 2, 3)
    program.get(None, [done], 15 * SECOND, 20 * SECOND)
    assert stall_at(program, 29 * SECOND) is None


def test_a_recording_that_has_ended_does_not_stall():
    program = nested_actors()
    program.close(9)
    assert stall_at(program, 1_000 * SECOND) is None


def test_where_events_were_lost_nothing_is_sure():
    program = nested_actors()
    program.dropped(1, 5)
    assert stall_at(program, 20 * SECOND) is None
    assert stall_at(program, 40 * SECOND).confidence == "unknown"


@settings(deadline=None)
@given(st.data())
def test_chains_lead_from_who_waits_over_waits_to_what_never_started(data):
    program, waiters = RecordingBuilder(1), [None]
    holder = program.run(program.create("Holder", begin=1, needs="1 CPU"), 2, 3)
    hold = program.start(program.submit("Holder.hold", begin=4, actor=holder), 5, holder.process)
    waiters.append(hold)
    for number in range(data.draw(st.integers(0, 8))):
        parent = data.draw(st.sampled_from(waiters))
        waiters.append(program.start(program.submit(f"task{number}", parent, 6), 7))
    for waiter in waiters:
        children = [program.submit(f"leaf{number}", waiter, 8) for number in range(data.draw(st.integers(1, 3)))]
        program.get(waiter, [*children, *data.draw(st.lists(st.sampled_from(waiters[1:]), max_size=3))], 9)
    trace = program.trace(20 * SECOND)
    stall = find_stall(trace)
    pending = {row for row in range(len(trace.rows)) if trace.rows.state[row] == State.SUBMITTED}
    assert stall.confidence == "sure"
    assert sum(one.count for one in stall.stuck) == len(pending) == stall.pending
    for one in stall.stuck:
        assert one.chain[-1] == one.row
        assert one.row in pending
        assert not pending & set(one.chain[:-1])
        assert len(set(one.chain)) == len(one.chain)
        assert trace.rows.start[one.chain[0]] >= 0
    reached = {one.chain[0] for one in stall.stuck}
    assert "driver" in {trace.name_of(row) for row in reached}


@pytest.mark.parametrize("now", [1, 5 * SECOND, 9 * SECOND])
def test_before_the_patience_is_over_nothing_is_said(now):
    assert stall_at(nested_actors(), now) is None
