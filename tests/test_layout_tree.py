"""The task tree's layout: who stands where, what is folded within the budget, and that nothing is lost in the counts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from builders import RecordingBuilder, trace_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fold import programs

from nestviz.events import RowKind, State
from nestviz.layout.tree import place_tree


def fan(count, bad=()):
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 0, process=1)
    for i in range(count):
        builder.run(builder.submit(f"f{i}", root), i, i + 1, process=2, state=State.FAILED if i in bad else State.FINISHED)
    builder.end(root, count)
    return builder.trace()


def chain(count, bad=()):
    builder = RecordingBuilder()
    tasks, above = [], None
    for i in range(count):
        above = builder.start(builder.submit(f"f{i}", above), i, process=i + 1)
        tasks.append(above)
    for i in reversed(range(count)):
        builder.end(tasks[i], 2 * count - i, state=State.FAILED if i in bad else State.FINISHED)
    return builder.trace()


def unbalanced(count, seed=1):
    rng = np.random.default_rng(seed)
    builder = RecordingBuilder()
    pending = [(None, count)]
    while pending:
        above, tasks = pending.pop()
        task = builder.start(builder.submit("sort", above, size=tasks), 1)
        builder.end(task, 1 + tasks)
        left = int((tasks - 1) * rng.random())
        pending += [(task, part) for part in (left, tasks - 1 - left) if part]
    return builder.trace()


def names(trace, layout):
    """What each node says, in the order of the nodes; folded ones say how many tasks they stand for."""
    return [n.count if n.is_folded else trace.name_of(n.row) for n in layout.nodes]


def row_named(trace, name):
    return next(row for row in range(trace.count) if trace.name_of(row) == name)


def unfolded_rows(layout):
    return {node.row for node in layout.nodes if not node.is_folded}


def test_parents_stand_above_the_middle_of_their_children():
    trace = trace_of("root(a b(c d))")
    layout = place_tree(trace)
    at = {trace.name_of(n.row): (round(n.x, 3), n.y) for n in layout.nodes[1:]}
    assert at == {"root": (0.4, 1), "a": (0.2, 2), "b": (0.6, 2), "c": (0.4, 3), "d": (0.8, 3)}
    assert [n.parent for n in layout.nodes] == [-1, 0, 1, 1, 3, 3]
    assert (layout.width, layout.depth) == (2.5, 3)


def test_the_driver_is_the_root():
    trace = trace_of("a b")
    root = place_tree(trace).nodes[0]
    assert trace.rows.kind[root.row] == RowKind.DRIVER
    assert (root.y, root.parent, root.is_folded, sum(root.states)) == (0, -1, False, 0)


def test_an_empty_recording_is_a_driver_alone():
    layout = place_tree(RecordingBuilder().trace())
    assert [(n.x, n.y) for n in layout.nodes] == [(0.5, 0)]
    assert (layout.seen, layout.drawn, layout.folded) == (0, 0, 0)


def test_tasks_of_unknown_parents_have_a_root_of_their_own():
    builder = RecordingBuilder()
    builder.run(builder.submit("known"), 1, 2)
    builder.run(builder.submit("stray", seen=False), 1, 2)
    trace = builder.trace()
    layout = place_tree(trace)
    kinds = [RowKind(trace.rows.kind[n.row]) for n in layout.nodes]
    assert kinds == [RowKind.DRIVER, RowKind.TASK, RowKind.UNKNOWN_PARENT, RowKind.TASK]
    assert [n.parent for n in layout.nodes] == [-1, 0, -1, 2]


def test_a_span_block_is_no_node():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    block = builder.open_block(root, "partition", 2)
    builder.run(builder.submit("child", root, 3, block=block), 4, 5)
    builder.close_block(root, block, 6)
    builder.end(root, 7)
    trace = builder.trace()
    assert names(trace, place_tree(trace))[1:] == ["root", "child"]


def test_every_attempt_is_a_node():
    builder = RecordingBuilder()
    task = builder.submit("flaky")
    builder.end(builder.start(task, 1), 2, state=State.FAILED)
    builder.end(builder.start(task, 3, attempt=1), 4)
    nodes = place_tree(builder.trace()).nodes[1:]
    assert [(n.failed, n.retried, n.states[State.FINISHED]) for n in nodes] == [(1, 0, 0), (0, 1, 1)]


def test_siblings_keep_the_order_in_which_they_were_submitted_also_when_most_are_folded():
    trace = fan(500, bad=(400, 7))
    nodes = place_tree(trace, budget=40).nodes[2:]
    rows = [n.row for n in nodes if not n.is_folded]
    assert rows == sorted(rows)
    assert {row_named(trace, "f7"), row_named(trace, "f400")} <= set(rows)
    assert [n.x for n in nodes] == sorted(n.x for n in nodes)
    assert nodes[-1].is_folded


@pytest.mark.parametrize("budget", [10, 50, 200])
@pytest.mark.parametrize("trace", [fan(5_000), chain(3_000), unbalanced(3_000)], ids=["fan", "chain", "unbalanced"])
def test_the_budget_holds_and_no_task_is_lost(trace, budget):
    layout = place_tree(trace, budget=budget)
    assert len(layout.nodes) <= budget
    assert layout.seen == int(trace.is_task.sum())
    assert layout.drawn + layout.folded == layout.seen
    assert sum(n.count for n in layout.nodes if n.is_folded) == layout.folded
    assert sum(sum(n.states) for n in layout.nodes) == layout.seen


def test_a_chain_deeper_than_the_budget_shows_its_top_and_folds_the_rest():
    trace = chain(3_000)
    layout = place_tree(trace, budget=50)
    assert names(trace, layout)[1:4] == ["f0", "f1", "f2"]
    assert names(trace, layout)[-1] == 3_000 - 48
    assert {n.x for n in layout.nodes} == {0.5}


@pytest.mark.parametrize("budget", [12, 50, 200])
@pytest.mark.parametrize("trace", [fan(2_000), chain(2_000), unbalanced(2_000)], ids=["fan", "chain", "unbalanced"])
def test_the_selected_task_is_always_drawn(trace, budget):
    for row in (0, 3, 777, trace.count - 1):
        layout = place_tree(trace, budget=budget, selected=row)
        assert row in unfolded_rows(layout)
        assert len(layout.nodes) <= budget
        assert layout.drawn + layout.folded == layout.seen


def test_a_selected_task_too_deep_for_the_budget_has_the_middle_of_its_ancestors_folded():
    trace = chain(1_000)
    layout = place_tree(trace, budget=30, selected=row_named(trace, "f500"))
    assert names(trace, layout)[1:9] == ["f0", "f1", 492, "f494", "f495", "f496", "f497", "f498"]
    assert [n.parent for n in layout.nodes] == list(range(-1, len(layout.nodes) - 1))


def test_an_opened_row_is_unfolded_with_all_above_it():
    trace = unbalanced(2_000)
    before = place_tree(trace, budget=60)
    place = max((i for i, n in enumerate(before.nodes) if n.is_folded), key=lambda i: before.nodes[i].y)
    row = before.nodes[place].row
    after = place_tree(trace, budget=60, opened=[row])
    opened = next(i for i, n in enumerate(after.nodes) if n.row == row)
    assert not after.nodes[opened].is_folded
    assert any(n.parent == opened for n in after.nodes)
    above = int(trace.rows.parent[row])
    while above >= 0:
        assert above in unfolded_rows(after)
        above = int(trace.rows.parent[above])


def test_opening_the_rest_of_a_fan_brings_the_next_of_it():
    trace = fan(1_000)
    before = place_tree(trace)
    rest = before.nodes[-1]
    after = place_tree(trace, opened=[rest.row])
    assert set(range(rest.row, rest.row + 16)) <= unfolded_rows(after)
    assert unfolded_rows(before) <= unfolded_rows(after)


def test_rows_that_do_not_exist_are_not_looked_for():
    trace = trace_of("a(b)")
    assert place_tree(trace, selected=99, opened=[-7, 50]) == place_tree(trace)


def test_a_failure_inside_a_folded_subtree_is_counted_there():
    trace = chain(500, bad=(450,))
    folded = place_tree(trace, budget=20).nodes[-1]
    assert folded.is_folded
    assert folded.failed == 1
    assert folded.states[State.FAILED] == 1
    assert folded.states[State.FINISHED] == folded.count - 1


def test_a_folded_node_stands_for_its_subtree_s_time():
    trace = trace_of("root(a(b c) d)", compute=10)
    folded = place_tree(trace, levels=1).nodes[-1]
    assert (folded.count, folded.compute_ns) == (5, 50_000_000)


def test_failing_children_of_a_fan_are_shown_before_longer_ones():
    trace = fan(3_000, bad=(2_500,))
    assert row_named(trace, "f2500") in unfolded_rows(place_tree(trace, budget=20))


def test_no_two_nodes_of_a_level_overlap():
    layout = place_tree(unbalanced(3_000))
    for level in range(layout.depth + 1):
        row = [n for n in layout.nodes if n.y == level]
        for left, right in pairwise(row):
            least = (2.5 * left.is_folded + (not left.is_folded) + 2.5 * right.is_folded + (not right.is_folded)) / 2
            assert (right.x - left.x) * layout.width >= least - 1e-9


@settings(max_examples=60, deadline=None)
@given(programs(), st.integers(10, 40), st.integers(0, 50), st.lists(st.integers(0, 50), max_size=4))
def test_counts_add_up_and_parents_stand_above_in_any_program(builder, budget, selected, opened):
    trace = builder.trace(now=500)
    layout = place_tree(trace, budget=budget, selected=selected, opened=opened)
    assert len(layout.nodes) <= budget
    assert layout.drawn + layout.folded == layout.seen == int(trace.is_task.sum())
    assert not trace.is_task[selected : selected + 1].any() or selected in unfolded_rows(layout)
    for place, node in enumerate(layout.nodes):
        assert node.parent < place
        assert 0 <= node.x <= 1
        if node.parent >= 0:
            assert node.y == layout.nodes[node.parent].y + 1


def test_a_wide_fan_and_a_deep_chain_are_placed_without_recursion():
    assert place_tree(fan(20_000)).seen == 20_001
    assert place_tree(chain(10_000)).seen == 10_000
