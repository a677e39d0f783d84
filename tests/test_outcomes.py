"""What is known beside a task's life: items, puts, needs, dependencies; and how tasks ended of which no process tells."""

from __future__ import annotations

import pytest
from builders import EPOCH_NS, MS, RecordingBuilder
from hypothesis import given
from hypothesis import strategies as st

from nestviz.events import State, WaitKind
from nestviz.trace.model import UNKNOWN

FINISHED, CANCELLED, LOST, SUBMITTED = State.FINISHED, State.CANCELLED, State.LOST, State.SUBMITTED


def states(trace):
    return trace.tasks.state.tolist()


def times(values):
    return [value if value == UNKNOWN else (value - EPOCH_NS) // MS for value in values.tolist()]


def test_a_generator_s_last_word_on_its_items_counts():
    b = RecordingBuilder()
    task = b.start(b.submit("numbers"), 1)
    b.items(task, 1, 2, 2)
    b.items(task, 3, 2, 9)
    b.end(task, 10)
    items = b.trace().items
    assert (items.row.tolist(), times(items.first), times(items.last), items.count.tolist()) == ([0], [2], [9], [3])
    row = b.trace().to_arrow().to_pylist()[0]
    assert (row["items"], row["first_item"], row["last_item"]) == (3, EPOCH_NS + 2 * MS, EPOCH_NS + 9 * MS)


def test_waiting_for_an_item_of_a_living_generator_is_blocked_time():
    b = RecordingBuilder()
    parent = b.start(b.submit("parent"), 0)
    child = b.start(b.submit("numbers", parent, 1), 2)
    b.wait(parent, [child], 3, 8, got=[child])
    b.items(child, 1, 8, 8)
    b.end(child, 20)
    b.end(parent, 9)
    assert b.trace().tasks.blocked.tolist()[0] == 5 * MS


def test_puts_are_counted_by_task_and_failed_ones_are_not():
    b = RecordingBuilder()
    task = b.start(b.submit("task"), 0)
    b.put(task, 100, 1, 2)
    b.put(task, 50, 2, 3)
    b.put(task, 7, 3, 4, failed=True)
    b.put(None, 1_000, 5, 6)
    b.end(task, 10)
    trace = b.trace()
    assert (trace.puts.row.tolist(), trace.puts.count.tolist(), trace.puts.size_bytes.tolist()) == ([0, 1], [2, 1], [150, 1_000])
    assert trace.to_arrow().to_pylist()[0]["put_bytes"] == 150


@given(st.integers(0, 1 << 45))
def test_arguments_bytes_are_exact_when_small_and_close_when_large(sent):
    b = RecordingBuilder()
    b.submit("task", sent=sent)
    said = int(b.trace().tasks.argument_bytes[0])
    assert said == sent if sent < 65_536 else sent * (1 - 2**-15) <= said <= sent


def test_arguments_bytes_can_be_unknown():
    b = RecordingBuilder()
    b.submit("task")
    assert b.trace().tasks.argument_bytes.tolist() == [UNKNOWN]


def test_what_functions_became_when_they_were_sent_belongs_to_the_calls_that_sent_them():
    b = RecordingBuilder()
    block = b.open_block(None, "later", 3, section=True)
    calls = [b.submit("f", None, at, block=block if at > 3 else 0) for at in (1, 4)]
    b.export(calls[1], 2_000)
    b.export(calls[0], 1_000)
    exports, later = b.trace().exports, b.trace().section_named("later")
    assert (exports.row.tolist(), exports.size_bytes.tolist()) == ([0, 2], [1_000, 2_000])
    assert [later.name_of(row) for row in later.exports.row] == ["f"]


def test_needs_and_dependencies_belong_to_their_tasks():
    b = RecordingBuilder()
    first, second = b.submit("first"), b.submit("second", begin=1)
    b.require(second, "2 CPU, 1 GPU")
    b.depend(second, first)
    trace = b.trace()
    assert [trace.requirement_of(row) for row in range(3)] == ["", "2 CPU, 1 GPU", ""]
    assert (trace.dependencies.row.tolist(), trace.dependencies.on.tolist()) == ([1], [0])


def test_a_task_cancelled_before_it_started_ended_when_it_was_told_to():
    b = RecordingBuilder()
    b.cancel(b.submit("never", begin=1), 5)
    trace = b.trace()
    assert (states(trace), times(trace.tasks.start), times(trace.tasks.end)) == ([CANCELLED], [UNKNOWN], [5])
    assert times(trace.segments.end)[-1] <= 5 or trace.segments.row.tolist().count(0) == 1


def test_a_task_that_started_all_the_same_tells_its_own_end():
    b = RecordingBuilder()
    task = b.submit("quick")
    b.cancel(task, 5)
    b.run(task, 6, 7)
    assert states(b.trace()) == [FINISHED]


def test_a_killed_task_was_cancelled_when_somebody_asked_for_it_and_lost_when_nobody_did():
    b = RecordingBuilder()
    asked, unasked = b.start(b.submit("asked"), 1, process=1), b.start(b.submit("unasked", begin=1), 1, process=2)
    b.cancel(asked, 3, force=True)
    b.process_died(1, 4)
    b.process_died(2, 4)
    assert states(b.trace()) == [CANCELLED, LOST]
    assert unasked.process == 2


@pytest.mark.parametrize(("recursive", "state"), [(True, CANCELLED), (False, SUBMITTED)])
def test_children_are_cancelled_with_their_parent_if_it_says_so(recursive, state):
    b = RecordingBuilder()
    parent = b.start(b.submit("parent"), 0)
    child = b.start(b.submit("child", parent, 1), 2)
    b.submit("grandchild", child, 3)
    b.cancel(parent, 5, recursive=recursive)
    b.end(child, 6, CANCELLED)
    b.end(parent, 6, CANCELLED)
    assert states(b.trace()) == [CANCELLED, CANCELLED, state]


def test_what_was_called_after_the_cancellation_is_not_cancelled():
    b = RecordingBuilder()
    parent = b.start(b.submit("parent"), 0)
    b.cancel(parent, 5)
    b.submit("later", parent, 6)
    assert states(b.trace()) == [State.RUNNING, SUBMITTED]


def test_a_task_whose_result_somebody_got_has_finished_wherever_it_ran():
    b = RecordingBuilder()
    elsewhere, waited_for, failed = b.submit("elsewhere"), b.submit("waited for", begin=1), b.submit("failed", begin=2)
    b.get(None, [elsewhere], 3, 8)
    b.wait(None, [waited_for], 3, 8, got=[waited_for])
    b.get(None, [failed], 8, 9, failed=True)
    trace = b.trace()
    assert states(trace) == [FINISHED, SUBMITTED, SUBMITTED]
    assert times(trace.tasks.end) == [8, UNKNOWN, UNKNOWN]


def test_a_task_whose_result_is_an_error_has_failed_wherever_it_ran():
    b = RecordingBuilder()
    done, dead, other = b.submit("done"), b.submit("dead", begin=1), b.submit("other", begin=2)
    b.run(done, 3, 4)
    b.get(None, [done, dead], 3, 8, failed=True, error="ActorDiedError: it is dead")
    b.get(None, [other, dead], 9, 10, failed=True, error="ActorDiedError: it is dead")
    trace = b.trace()
    assert states(trace) == [FINISHED, State.FAILED, SUBMITTED]
    assert trace.to_arrow().to_pylist()[1]["error"] == "ActorDiedError: it is dead"
    assert times(trace.tasks.end) == [4, 8, UNKNOWN]


def test_which_of_two_silent_tasks_failed_is_not_guessed():
    b = RecordingBuilder()
    one, other = b.submit("one"), b.submit("other", begin=1)
    b.get(None, [one, other], 3, 8, failed=True, error="ActorDiedError")
    assert states(b.trace()) == [SUBMITTED, SUBMITTED]


def test_a_task_that_waits_for_the_result_of_one_that_failed_fails_with_it_down_the_chain():
    b = RecordingBuilder()
    first = b.run(b.submit("first"), 1, 5, state=State.FAILED, error="ValueError: no")
    second, third, well = b.submit("second", begin=1), b.submit("third", begin=2), b.submit("well", begin=3)
    b.depend(second, first)
    b.depend(third, second)
    trace = b.trace()
    assert states(trace) == [State.FAILED, State.FAILED, State.FAILED, SUBMITTED]
    assert [row["error"] for row in trace.to_arrow().to_pylist()] == ["ValueError: no"] * 3 + [None]
    assert times(trace.tasks.end)[:3] == [5, 5, 5]
    assert well.number == 4


def test_awaiting_a_ref_is_waiting_for_its_result():
    b = RecordingBuilder()
    parent = b.start(b.submit("Actor.method"), 0)
    child = b.run(b.submit("child", parent, 1), 2, 6)
    b.wait(parent, [child], 3, 7, got=[child], kind=WaitKind.AWAIT)
    b.end(parent, 9)
    row = b.trace().tasks
    assert (row.blocked.tolist()[0], row.receive.tolist()[0]) == (3 * MS, 1 * MS)


def test_a_call_to_somebody_who_may_not_report_is_passed_over_until_it_does():
    b = RecordingBuilder()
    b.submit("silent", tentative=True)
    heard = b.submit("heard", begin=1, tentative=True)
    b.run(heard, 2, 3)
    trace = b.trace()
    assert [trace.name_of(row) for row in range(trace.count)] == ["heard"]
    assert trace.tasks.parent.tolist() == [1]


def test_a_restarted_actor_s_creations_are_attempts_in_order_of_their_start():
    b = RecordingBuilder()
    creation = b.submit("Actor.__init__")
    b.run(creation, 1, 2)
    b.run(creation, 50, 51)
    trace = b.trace()
    assert trace.tasks.attempt.tolist() == [0, 1]
    assert trace.segments.row.tolist().count(1) == 1  # it was not queued while the first one lived


def test_the_driver_and_creations_of_actors_have_keys_of_their_own():
    b = RecordingBuilder()
    b.submit("One.__init__", creates_actor=True)
    b.submit("Two.__init__", begin=1, creates_actor=True)
    trace = b.trace()
    keys = [trace.key_of(row) for row in range(len(trace.rows))]
    assert len(set(keys)) == len(keys)
    assert [trace.row_of(key) for key in keys] == list(range(len(keys)))
    assert {len(key) for key in keys} == {48}
