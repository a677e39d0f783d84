"""Diagnoses of work done in vain and of holes in the record; what the table as a whole does; traps that others fell into."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import RecordingBuilder, Task, trace_of
from diagnosing import ids_of, only, said
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fold import programs

import nestviz
from nestviz.analysis.diagnoses import PATTERNS, Confidence, diagnose
from nestviz.analysis.diagnoses import ids_of as ids_in
from nestviz.errors import UsageError
from nestviz.events import State


def test_an_attempt_that_was_made_again():
    builder = RecordingBuilder()
    flaky = builder.start(builder.submit("flaky"), 0)
    builder.submit("child", flaky, 1)
    builder.end(flaky, 20, State.FAILED, "ValueError: not yet\nat line 3")
    builder.start(flaky, 21, attempt=1)
    builder.end(flaky, 30)
    trace = builder.trace()
    assert said(trace, "retried") == ([0], 20.0, "sure")
    assert only(trace, "retried").advice == (
        "The lost attempts ran for 20 ms. 1 task below them had been submitted in vain. Most ended with: ValueError: not yet"
    )


def test_an_attempt_that_died_is_counted_to_its_death():
    builder = RecordingBuilder()
    task = builder.start(builder.submit("f"), 0, process=1)
    builder.process_died(1, 15)
    builder.start(task, 18, process=2, attempt=1)
    builder.end(task, 30)
    trace = builder.trace()
    assert said(trace, "retried") == ([0], 15.0, "sure")
    assert "died without a word" in only(trace, "retried").advice


def test_a_first_attempt_that_succeeds_is_not_retried():
    assert "retried" not in ids_of(trace_of("a(b)"))


def failing(*names):
    """A chain in which the last fails first; those not named survive."""
    builder = RecordingBuilder()
    tasks = []
    for name in "abc":
        tasks.append(builder.start(builder.submit(name, tasks[-1] if tasks else None, len(tasks)), len(tasks)))
    for at, (task, name) in enumerate(reversed(list(zip(tasks, "abc", strict=True)))):
        state = State.FAILED if name in names else State.FINISHED
        builder.end(task, 10 + at, state, f"ValueError: {name}" if name in names else "")
    return builder.trace()


def test_many_failures_with_one_cause():
    trace = failing("a", "b", "c")
    assert said(trace, "failure-cascade") == ([0, 1, 2], 12.0, "likely")
    found = only(trace, "failure-cascade")
    assert (found.title, found.advice) == ("3 tasks failed because one did: c", "Mend c first (depth 3): ValueError: c")


def test_two_failures_are_no_cascade():
    assert "failure-cascade" not in ids_of(failing("b", "c"))


def test_holes_in_the_record():
    builder = RecordingBuilder()
    builder.run(builder.submit("lost child", seen=False), 10, 20)
    builder.run(builder.submit("early", None, 30), 20, 40)
    builder.dropped(0, 7)
    trace = builder.trace()
    assert said(trace, "incomplete") == ([0, 1], 0.0, "sure")
    found = only(trace, "incomplete")
    assert found.title == (
        "The record has holes: 1 task without a known parent; 7 events without room; 1 task started before the call"
    )
    assert found.advice.endswith("The clocks are apart by up to 10 ms.")


def test_what_the_recording_says_of_itself_is_a_hole_too():
    trace = trace_of("a")
    trace = replace(trace, info=replace(trace.info, problem="The journal was cut."))
    assert only(trace, "incomplete").title == "The record has holes: The journal was cut."


def test_a_whole_record_has_no_holes():
    assert "incomplete" not in ids_of(trace_of("a(b c)"))


def calls_in_a_row(count, last):
    """Calls that take 1 ms to make, with 1 ms between them."""
    builder = RecordingBuilder()
    for i in range(count):
        builder.run(builder.submit("f", None, 2 * i, 2 * i + 1), 2 * i + 1, 2 * i + 2, process=1)
    builder.run(builder.submit("g", None, 2 * count, 2 * count + 1), 2 * count + 1, last)
    return builder.trace()


def test_recording_that_takes_a_noticeable_part_of_the_time():
    trace = calls_in_a_row(30, last=100)
    assert said(trace, "observer-cost") == (list(range(31)), 15.5, "possible")
    assert only(trace, "observer-cost").title == "Recording took up to 16% of the time: 1 ms a call, an execution or a wait"


@pytest.mark.parametrize("trace", [calls_in_a_row(30, last=1_000), calls_in_a_row(10, last=30)])
def test_recording_of_few_calls_or_of_a_long_program_is_not_felt(trace):
    assert "observer-cost" not in ids_of(trace)


def slow_and_serial():
    builder = RecordingBuilder()
    for i in range(3):
        task = builder.run(builder.submit("f", None, 100 * i), 100 * i + 20, 100 * i + 100)
        builder.get(None, [task], 100 * i, 100 * i + 100)
    return builder.trace()


def test_most_seconds_come_first():
    seconds = [one.seconds for one in diagnose(slow_and_serial())]
    assert len(seconds) > 1
    assert seconds == sorted(seconds, reverse=True)


@pytest.mark.parametrize("wanted", ["get-in-loop", "low-parallelism"])
def test_each_can_be_switched_off(wanted):
    trace = slow_and_serial()
    before, after = ids_of(trace), [one.id for one in diagnose(trace, {wanted})]
    assert wanted in before
    assert after == [one for one in before if one != wanted]
    assert [one.id for one in nestviz.summarize(trace, {wanted}).diagnoses] == after


def test_ids_come_in_lists_and_must_exist():
    assert ids_in(" retried, get-in-loop,,") == {"retried", "get-in-loop"}
    with pytest.raises(UsageError, match="there is no diagnosis 'nope'; there are stalled, too-fine-grained, "):
        ids_in("retried,nope")


def test_the_table_is_complete_in_itself():
    assert all(pattern.looks_for and pattern.url.startswith(("", "https://docs.ray.io/")) for pattern in PATTERNS.values())
    assert {one.value for one in Confidence} == {"sure", "likely", "possible", "not enough data"}


def test_an_empty_recording_has_nothing_to_say():
    assert diagnose(RecordingBuilder().trace()) == ()


def test_children_that_outlive_their_parent_and_start_after_its_end():
    builder = RecordingBuilder()
    parent = builder.start(builder.submit("parent"), 0)
    children = [builder.submit("child", parent, 1) for _ in range(8)]
    builder.end(parent, 2)
    for child in children:
        builder.run(child, 5, 50)
    assert all(one.seconds <= 0.05 for one in diagnose(builder.trace()))


def test_a_chain_of_thousands_of_levels_needs_no_recursion():
    builder = RecordingBuilder()
    parent = None
    for level in range(3_000):
        parent = builder.run(builder.submit("down", parent, 3 * level), 3 * level + 1, 3 * level + 3, process=1)
    assert only(builder.trace(), "linear-chain").tasks == 3_000


def adorned(builder, rng):
    """The same program with needs, dependencies, functions sent and events lost, of its tasks or of none."""
    for _ in range(rng.randint(0, 12)):
        one, other = (Task(rng.randint(1, builder._tasks + 1), "") for _ in range(2))
        builder.depend(one, other)
        builder.require(other, rng.choice(["0 CPU", "0.5 CPU", "2 CPU, 1 unicorn", "?"]))
        builder.export(one, rng.choice([0, 600, 5_000_000]))
        builder.repeat(other, rng.random() < 0.5, rng.random() < 0.5)
    builder.put(None, 10, 1, 2)
    builder.dropped(0, rng.randint(0, 1))
    return builder


@settings(max_examples=200, deadline=None)
@given(programs(), st.randoms(use_true_random=False), st.sampled_from([0, 1, 4]))
def test_nothing_raises_and_nothing_is_worth_more_than_the_whole_recording(builder, rng, cpus):
    builder.cpus = cpus
    trace = adorned(builder, rng).trace(now=rng.choice([0, 500, 20_000]))
    for one in diagnose(trace):
        assert 0 <= one.seconds * 1e9 <= trace.end_ns - trace.begin_ns
        assert one.rows.tolist() == sorted(set(one.rows.tolist()))
        assert all(0 <= row < len(trace.rows) for row in one.rows)
        assert one.title
        assert one.advice
