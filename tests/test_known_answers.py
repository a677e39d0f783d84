"""Ten programs small enough to work out by hand: every number below was. Times in milliseconds."""

from __future__ import annotations

from builders import MS, RecordingBuilder, trace_of

from nestviz.analysis.costs import costs_of, no_costs
from nestviz.analysis.critical_path import critical_path
from nestviz.analysis.scalability import scalability_of
from nestviz.analysis.script import script_of
from nestviz.analysis.simulator import simulate
from nestviz.events import State


def limits_of(trace):
    """Work, span, burdened span, makespan."""
    found = scalability_of(trace)
    return tuple(value // MS for value in (found.work_ns, found.span_ns, found.burdened_span_ns, found.makespan_ns))


def path_of(trace):
    return [(trace.name_of(step.row), step.phase.name.lower(), (step.end_ns - step.begin_ns) // MS) for step in critical_path(trace)]


def on_cpus(trace, *cpus, is_free=True):
    """The simulated makespan on each number of CPUs."""
    costs = no_costs(trace) if is_free else costs_of(trace, "recorded")
    script = script_of(trace, costs)
    return [simulate(script, costs, number).makespan_ns // MS for number in cpus]


def test_chain():
    trace = trace_of("a(b(c))", compute=10, queue=2)
    assert limits_of(trace) == (30, 30, 30, 36)
    assert path_of(trace) == [(name, phase, time) for name in "abc" for phase, time in (("queue", 2), ("compute", 10))]
    assert on_cpus(trace, 1, 4) == [30, 30]
    assert on_cpus(trace, 1, 4, is_free=False) == [36, 36]


def test_fan():
    trace = trace_of("root(a b c d)", compute=10, queue=2)
    assert limits_of(trace) == (50, 20, 20, 24)
    assert on_cpus(trace, 1, 2, 4) == [50, 30, 20]
    assert on_cpus(trace, 1, 2, 4, is_free=False) == [5 * 12, 3 * 12, 2 * 12]


def test_balanced_binary_tree():
    trace = trace_of("root(l(a b) r(c d))", compute=10, queue=1)
    assert limits_of(trace) == (70, 30, 30, 33)
    assert on_cpus(trace, 1, 2, 4) == [70, 40, 30]


def test_unbalanced_binary_tree():
    trace = trace_of("root(a l(b m(c d)))", compute=10, queue=1)
    assert limits_of(trace) == (70, 40, 40, 44)
    assert [name for name, phase, _ in path_of(trace) if phase == "compute"] == ["root", "l", "m", "c"]
    assert on_cpus(trace, 1, 2) == [70, 40]


def test_fork_and_join_twice():
    builder = RecordingBuilder(cpus=2)
    root = builder.start(builder.submit("root"), 0)
    first = [builder.submit("a", root, 5), builder.submit("b", root, 5)]
    builder.run(first[0], 6, 16)
    builder.run(first[1], 6, 26)
    builder.get(root, first, 5, 26)
    second = [builder.submit("c", root, 30), builder.submit("d", root, 30)]
    builder.run(second[0], 31, 61)
    builder.run(second[1], 31, 41)
    builder.get(root, second, 30, 61)
    builder.end(root, 67)
    trace = builder.trace()
    assert limits_of(trace) == (5 + 30 + 4 + 40 + 6, 5 + 20 + 4 + 30 + 6, 65, 67)
    assert path_of(trace) == [
        ("root", "compute", 5), ("b", "queue", 1), ("b", "compute", 20),
        ("root", "compute", 4), ("c", "queue", 1), ("c", "compute", 30), ("root", "compute", 6),
    ]  # fmt: skip
    assert on_cpus(trace, 1, 2) == [85, 65]
    assert on_cpus(trace, 1, 2, is_free=False) == [89, 67]


def test_get_in_loop():
    builder = RecordingBuilder(cpus=4)
    root = builder.start(builder.submit("root"), 0)
    now = 0
    for name in ("a", "b", "c"):
        child = builder.submit(name, root, now, now + 1)
        builder.run(child, now + 3, now + 13)
        builder.get(root, [child], now + 1, now + 15)
        now += 16
    builder.end(root, 48)
    trace = builder.trace()
    assert limits_of(trace) == (3 + 30, 33, 3 + 3 + 6 + 30, 48)
    assert path_of(trace)[:4] == [("a", "submit", 1), ("a", "queue", 2), ("a", "compute", 10), ("root", "receive", 2)]
    assert on_cpus(trace, 1, 64) == [33, 33]
    assert on_cpus(trace, 1, 64, is_free=False) == [48, 48]


def test_wait_for_the_first_of_three():
    builder = RecordingBuilder(cpus=4)
    root = builder.start(builder.submit("root"), 0)
    made = [builder.submit(name, root, 2) for name in ("slow", "fast", "slower")]
    for child, end in zip(made, (30, 12, 40), strict=True):
        builder.run(child, 2, end)
    builder.wait(root, made, 2, 13, got=[made[1]])
    builder.end(root, 15)
    trace = builder.trace()
    assert limits_of(trace) == (2 + 28 + 10 + 38 + 2, 40, 40, 40)
    assert path_of(trace) == [("root", "compute", 2), ("slower", "compute", 38)]
    assert on_cpus(trace, 1, 4) == [80, 40]


def test_a_ref_passed_through():
    builder = RecordingBuilder(cpus=4)
    load = builder.submit("load")
    use = builder.submit("use", begin=1)
    builder.depend(use, load)
    builder.run(load, 2, 22)
    builder.run(use, 25, 35)
    trace = builder.trace()
    assert limits_of(trace) == (30, 30, 30, 35)
    assert path_of(trace) == [("load", "queue", 2), ("load", "compute", 20), ("use", "queue", 3), ("use", "compute", 10)]
    assert on_cpus(trace, 1, 4) == [30, 30]
    assert on_cpus(trace, 1, 4, is_free=False) == [35, 35]


def test_failure():
    builder = RecordingBuilder(cpus=4)
    root = builder.start(builder.submit("root"), 0)
    made = [builder.submit("fails", root, 5), builder.submit("works", root, 5)]
    builder.run(made[0], 6, 10, state=State.FAILED, error="ValueError: no")
    builder.run(made[1], 6, 46)
    builder.get(root, made, 5, 12, failed=True)
    builder.end(root, 14, State.FAILED, "RayTaskError: no")
    trace = builder.trace()
    assert limits_of(trace) == (5 + 4 + 40 + 2, 45, 45, 46)
    assert path_of(trace) == [("root", "compute", 5), ("works", "queue", 1), ("works", "compute", 40)]
    assert on_cpus(trace, 1, 4) == [51, 45]


def test_retry():
    builder = RecordingBuilder(cpus=4)
    flaky = builder.start(builder.submit("flaky"), 1)
    builder.end(flaky, 11, State.FAILED, "E")
    builder.start(flaky, 14, attempt=1)
    builder.end(flaky, 34)
    trace = builder.trace()
    assert limits_of(trace) == (30, 30, 30, 34)
    assert path_of(trace) == [("flaky", "queue", 1), ("flaky", "compute", 10), ("flaky", "queue", 3), ("flaky", "compute", 20)]
    assert on_cpus(trace, 1, 4) == [30, 30]
    assert on_cpus(trace, 1, 4, is_free=False) == [34, 34]


def test_a_result_exists_once_it_is_stored():
    builder = RecordingBuilder(cpus=2)
    root = builder.start(builder.submit("root"), 0)
    child = builder.submit("child", root, 5)
    builder.run(child, 8, 18)
    builder.reading(builder.seen(child, fetch=(6, 8), execute=(8, 18), store=(18, 21)))
    builder.get(root, [child], 5, 23)
    builder.end(root, 25)
    trace = builder.trace()
    assert limits_of(trace) == (5 + 10 + 2, 17, 5 + 2 + 10 + 3 + 2 + 2, 25)
    assert path_of(trace) == [
        ("root", "compute", 5), ("child", "queue", 1), ("child", "fetch", 2), ("child", "compute", 10), ("child", "store", 3),
        ("root", "receive", 2), ("root", "compute", 2),
    ]  # fmt: skip
    assert on_cpus(trace, 1, 4, is_free=False) == [25, 25]
