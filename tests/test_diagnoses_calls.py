"""Diagnoses of how calls are made and results are got: a trace that shows each, and a corrected twin that does not."""

from __future__ import annotations

import pytest
from builders import RecordingBuilder
from diagnosing import ids_of, only, said


def grains(compute, count=24, **larger):
    """Calls of one function in one process, each 2 ms to hand over and 2 ms to start."""
    builder = RecordingBuilder()
    now = 0
    for _ in range(count):
        builder.run(builder.submit("f", None, now, now + 2, size=10), now + 4, now + 4 + compute, process=1)
        now += 4 + compute
    for size, work in larger.items():
        builder.run(builder.submit("f", None, now, now + 2, size=int(size[1:])), now + 4, now + 4 + work, process=1)
        now += 4 + work
    return builder.trace()


def test_tasks_smaller_than_what_a_call_costs():
    trace = grains(compute=1)
    assert said(trace, "too-fine-grained") == (list(range(24)), 24.0, "sure")
    found = only(trace, "too-fine-grained")
    assert found.title == "24 tasks of f are smaller than what a call costs"
    assert found.advice == (
        "Give each call of f about 40 times as much to do, run small cases in place or hand over batches: "
        "a call costs 4 ms here and computes for 1 ms."
    )
    assert found.url == "https://docs.ray.io/en/latest/ray-core/patterns/too-fine-grained-tasks.html"


def test_small_tasks_that_are_most_of_the_program_are_named_however_little_they_cost():
    builder = RecordingBuilder()
    for i in range(24):
        builder.run(builder.submit("f", None, 5 * i, 5 * i + 2), 5 * i + 4, 5 * i + 5, process=1)
    builder.run(builder.submit("long", None, 0), 0, 10_000)
    assert said(builder.trace(), "too-fine-grained") == ([0, *range(2, 25)], 24.0, "sure")


def test_the_grain_is_named_in_the_program_s_own_size():
    advice = only(grains(1, n390=39, n400=40, n410=41), "too-fine-grained").advice
    assert advice.startswith("Run calls of f up to size 400 in place: a call costs 4 ms here and computes for 1 ms;")


@pytest.mark.parametrize("trace", [grains(compute=5), grains(compute=1, count=19)])
def test_large_or_few_tasks_are_not_too_fine(trace):
    assert "too-fine-grained" not in ids_of(trace)


def in_a_loop(submits, ends, got, below=()):
    builder = RecordingBuilder()
    for submit, end, get in zip(submits, ends, got, strict=True):
        child = builder.start(builder.submit("f", None, submit), submit)
        leaves = [builder.run(builder.submit("leaf", child, submit), submit, end) for _ in below]
        if leaves:
            builder.get(child, leaves, submit, end)
        builder.end(child, end)
        builder.get(None, [child], submit, get)
    return builder.trace()


def test_getting_in_a_loop():
    trace = in_a_loop([0, 10, 20], [10, 20, 30], [10, 20, 30])
    assert said(trace, "get-in-loop") == ([0, 1, 2], 20.0, "likely")
    assert only(trace, "get-in-loop").advice.endswith("30 ms could become 10 ms.")


def test_calls_made_before_the_first_get_are_no_loop():
    assert "get-in-loop" not in ids_of(in_a_loop([0, 0, 0], [10, 10, 10], [10, 10, 10]))


def test_two_calls_are_no_loop():
    assert "get-in-loop" not in ids_of(in_a_loop([0, 10], [10, 20], [10, 20]))


def test_a_loop_whose_calls_keep_all_cpus_busy_has_nothing_to_win():
    assert "get-in-loop" not in ids_of(in_a_loop([0, 10, 20], [10, 20, 30], [10, 20, 30], below=range(4)))


def results_handled(order):
    """Three calls, the first is slow; each result is worked on for 20 ms."""
    builder = RecordingBuilder()
    ends = {"a": 100, "b": 10, "c": 10}
    tasks = {name: builder.run(builder.submit("f", None, 0), 0, end) for name, end in ends.items()}
    now = 0
    for name in order:
        builder.get(None, [tasks[name]], now, max(now, ends[name]))
        now = max(now, ends[name]) + 20
    builder.close(now)
    return builder.trace()


def test_results_taken_in_the_order_of_the_calls_while_others_lie_ready():
    trace = results_handled("abc")
    assert said(trace, "get-in-submit-order") == ([1, 2], 40.0, "likely")
    assert only(trace, "get-in-submit-order").title == "2 results lay ready for up to 130 ms behind a get for an earlier call"


def test_results_taken_as_they_come():
    assert "get-in-submit-order" not in ids_of(results_handled("bca"))


def consumer(is_argument):
    builder = RecordingBuilder()
    made = builder.run(builder.submit("make", None, 0), 0, 50)
    if is_argument:
        builder.run(builder.submit("use", None, 1, on=[made]), 51, 60)
        return builder.trace()
    use = builder.start(builder.submit("use", None, 1), 2)
    builder.get(use, [made], 2, 50)
    builder.end(use, 60)
    return builder.trace()


def test_a_get_on_what_came_in_an_argument():
    trace = consumer(is_argument=False)
    assert said(trace, "get-on-arguments") == ([1], 1.0, "likely")
    assert only(trace, "get-on-arguments").title == "1 task of use held worker processes for 48 ms to wait for results handed to them"


def test_a_ref_as_an_argument_of_its_own_holds_nobody():
    assert "get-on-arguments" not in ids_of(consumer(is_argument=True))


def carrying(sent=False, got=False, submit=6):
    builder = RecordingBuilder()
    builder.run(builder.submit("make", None, 0), 0, 10)
    task = builder.run(builder.submit("use", None, 14, 14 + submit, sent=1_000_000), 21, 100)
    if sent or got:
        builder.repeat(task, sent, got)
    return builder.trace()


def test_a_result_got_and_sent_out_again():
    trace = carrying(got=True)
    assert said(trace, "unnecessary-get") == ([1], 6.0, "likely")
    assert only(trace, "unnecessary-get").title == "1 call of use carried a large result that had just been got: 1 MB"


def test_a_value_sent_again():
    trace = carrying(sent=True)
    assert said(trace, "repeated-argument") == ([1], 6.0, "likely")
    assert only(trace, "repeated-argument").title == "1 call of use carried a large value that had been sent before: 1 MB"


@pytest.mark.parametrize("trace", [carrying(), carrying(sent=True, got=True, submit=1)])
def test_a_new_value_or_one_that_is_sent_in_no_time_is_fine(trace):
    assert {"unnecessary-get", "repeated-argument"}.isdisjoint(ids_of(trace))


def got_at_once(asked):
    builder = RecordingBuilder()
    task = builder.run(builder.submit("f"), 1, 10)
    builder.get(None, [task], 2, 13, asked=asked)
    return builder.trace()


def test_more_than_a_thousand_results_at_once():
    trace = got_at_once(1_001)
    assert said(trace, "too-many-in-one-get") == ([1], 3.0, "sure")
    assert only(trace, "too-many-in-one-get").title == "One ray.get asks for 1,001 results at once"


def test_a_thousand_results_are_not_too_many():
    assert "too-many-in-one-get" not in ids_of(got_at_once(1_000))


def siblings(*sent):
    builder = RecordingBuilder()
    parent = builder.start(builder.submit("all", None, 0), 0)
    for i, size in enumerate(sent):
        builder.run(builder.submit("f", parent, 10 * i, 10 * i + 10, sent=size), 10 * i + 11, 100)
    builder.end(parent, 100)
    return builder.trace()


def test_large_arguments_whose_handing_over_takes_time():
    trace = siblings(1_000_000, 2_000_000)
    assert said(trace, "large-argument") == ([1, 2], 20.0, "likely")
    assert only(trace, "large-argument").title == "2 calls of f carried 3 MB as arguments"


def test_arguments_below_ray_s_inline_limit_are_not_large():
    assert "large-argument" not in ids_of(siblings(100_000, 100_000))


def put_and_returned(again, items=0):
    builder = RecordingBuilder()
    task = builder.start(builder.submit("f"), 0)
    builder.put(task, 1_000, 1, 5)
    if items:
        builder.items(task, items, 6, 9)
    builder.end(task, 10)
    builder.get(None, [task], 0, 11)
    if again:
        builder.get(None, [task], 12, 16)  # an object that a task has put bears the task's id
    builder.run(builder.submit("g", None, 16), 16, 20)
    return builder.trace()


def test_a_ref_of_an_own_put_as_result():
    assert said(put_and_returned(again=True), "returned-put") == ([0], 4.0, "likely")


@pytest.mark.parametrize("trace", [put_and_returned(again=False), put_and_returned(again=True, items=2)])
def test_a_put_that_the_task_keeps_is_not_returned(trace):
    assert "returned-put" not in ids_of(trace)


def exported(*sizes):
    builder = RecordingBuilder()
    for i, size in enumerate(sizes):
        task = builder.run(builder.submit("f", None, 10 * i, 10 * i + 4), 10 * i + 5, 10 * i + 10, process=1)
        if size:
            builder.export(task, size)
    return builder.trace()


def test_a_function_that_carries_data():
    trace = exported(8_000_000, 0, 0)
    assert said(trace, "closure-captures-data") == ([0], 4.0, "sure")
    found = only(trace, "closure-captures-data")
    assert found.title == "f carries 8 MB inside the function itself"
    assert found.advice.endswith("pickled with the first call and loaded by 1 worker.")


def test_a_function_that_is_only_program_text_carries_nothing():
    assert "closure-captures-data" not in ids_of(exported(100_000, 0, 0))


def test_a_function_that_is_defined_again_and_again():
    trace = exported(600, 600, 600)
    assert said(trace, "redefined-function") == ([0, 1, 2], 12.0, "sure")
    assert only(trace, "redefined-function").title == "f was defined anew 3 times"


def test_a_function_that_is_defined_once_is_sent_once():
    assert "redefined-function" not in ids_of(exported(600, 0, 0))


def pending(count):
    builder = RecordingBuilder()
    for i in range(count):
        builder.run(builder.submit("f", None, 0), 1 + i, 2 + i, process=1)
    return builder.trace()


def test_far_too_many_calls_pending():
    trace = pending(1_001)
    assert said(trace, "submit-flood") == (list(range(1_001)), 0.0, "sure")
    assert only(trace, "submit-flood").title == "driver had 1,001 calls pending at a time, on 4 CPUs"


def test_a_thousand_pending_calls_are_no_flood():
    assert "submit-flood" not in ids_of(pending(1_000))
