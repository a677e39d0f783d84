"""The fold: events in any order, also twice, become the rows that the program meant."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from builders import EPOCH_NS, MS, RecordingBuilder, Task, program_of, trace_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nestviz.errors import RecordingNotFound
from nestviz.events import Phase, RowKind, State
from nestviz.trace.fold import Fold
from nestviz.trace.model import UNKNOWN, Trace


def names_of(trace: Trace) -> list[str]:
    return [trace.name_of(row) for row in range(trace.count)]


def parents_of(trace: Trace) -> dict[str, str]:
    return {trace.name_of(row): trace.name_of(int(trace.rows.parent[row])) for row in range(trace.count)}


def state_of(trace: Trace, name: str) -> State:
    return State(int(trace.rows.state[names_of(trace).index(name)]))


def test_the_tree_is_the_one_that_the_program_built():
    trace = trace_of("root(a b(c d))")
    assert parents_of(trace) == {"root": "driver", "a": "root", "b": "root", "c": "b", "d": "b"}
    assert trace.rows.depth.tolist() == [1, 2, 2, 3, 3, 0]
    assert trace.rows.children.tolist() == [2, 0, 2, 0, 0, 1]


def test_rows_stand_in_order_of_submission():
    builder = RecordingBuilder()
    late = builder.submit("late", begin=5)
    early = builder.submit("early", begin=1)
    builder.run(late, 6, 7)
    builder.run(early, 8, 9)
    assert names_of(builder.trace()) == ["early", "late"]


def test_a_submitted_task_that_has_not_started_is_queued_until_now():
    builder = RecordingBuilder()
    builder.submit("a", begin=1, end=2)
    trace = builder.trace(now=10)
    assert state_of(trace, "a") == State.SUBMITTED
    assert [(Phase(int(p)).name, (b - EPOCH_NS) // MS, (e - EPOCH_NS) // MS) for p, b, e in task_segments(trace, 0)] == [
        ("SUBMIT", 1, 2),
        ("QUEUE", 2, 10),
    ]


def task_segments(trace: Trace, row: int):
    segments = trace.segments
    which = np.flatnonzero(segments.row == row)
    return list(zip(segments.phase[which].tolist(), segments.begin[which].tolist(), segments.end[which].tolist(), strict=True))


def test_a_get_is_blocked_until_the_last_awaited_task_ends_and_receives_after():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    a, b = builder.submit("a", root, 2, 3), builder.submit("b", root, 3, 4)
    builder.run(a, 5, 10)
    builder.run(b, 5, 12)
    builder.get(root, [a, b], 4, 15)
    builder.end(root, 20)
    trace = builder.trace()
    row = names_of(trace).index("root")
    assert (trace.rows.blocked[row], trace.rows.receive[row], trace.rows.spawn[row]) == (8 * MS, 3 * MS, 2 * MS)
    assert [(Phase(p).name, (e - b) // MS) for p, b, e in task_segments(trace, row)] == [
        ("QUEUE", 1), ("COMPUTE", 1), ("SPAWN", 1), ("SPAWN", 1), ("BLOCKED", 8), ("RECEIVE", 3), ("COMPUTE", 5),
    ]  # fmt: skip


def test_an_open_get_makes_its_task_blocked():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    child = builder.start(builder.submit("child", root, 2), 3)
    builder.get(root, [child], 4)
    trace = builder.trace(now=10)
    assert state_of(trace, "root") == State.BLOCKED
    assert state_of(trace, "child") == State.RUNNING
    assert trace.rows.blocked[0] == 6 * MS


def test_getting_what_a_living_task_has_put_is_receiving_not_blocking():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    child = builder.start(builder.submit("child", root, 2), 3)
    builder.get(child, [root], 4, 9)
    builder.end(child, 10)
    builder.end(root, 12)
    trace = builder.trace()
    row = names_of(trace).index("child")
    assert (trace.rows.blocked[row], trace.rows.receive[row]) == (0, 5 * MS)


def test_objects_that_a_task_has_put_are_named_by_its_id_and_attempt():
    builder = RecordingBuilder()
    putter = Task(0xC8EF45CC << 32, "putter")
    builder.start(putter, 1)
    builder.end(putter, 5)
    put = Task(putter.number & ((1 << 56) - 1), "")
    builder.get(None, [put], 6, 9)
    trace = builder.trace()
    assert trace.waits.refs.tolist() == [0]
    assert trace.waits.blocked_end[0] == trace.waits.begin[0]


def test_waiting_for_the_first_of_two_is_blocked_until_that_one_ends():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    slow, quick = builder.submit("slow", root, 2), builder.submit("quick", root, 2)
    builder.run(slow, 3, 30)
    builder.run(quick, 3, 6)
    builder.wait(root, [slow, quick], 4, 7, got=[quick])
    builder.end(root, 8)
    trace = builder.trace()
    row = names_of(trace).index("root")
    assert (trace.rows.blocked[row], trace.rows.receive[row]) == (2 * MS, 1 * MS)


def test_a_get_that_timed_out_was_blocked_to_its_end():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    child = builder.start(builder.submit("child", root, 2), 3)
    builder.get(root, [child], 4, 9, failed=True)
    builder.end(root, 10)
    builder.end(child, 20)
    trace = builder.trace()
    assert trace.rows.blocked[0] == 5 * MS


def test_a_get_that_raised_was_blocked_until_the_first_failure():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    child, other = builder.submit("child", root, 2), builder.submit("other", root, 2)
    builder.run(child, 3, 6, state=State.FAILED, error="ValueError: no")
    builder.start(other, 3)
    builder.get(root, [child, other], 4, 7, failed=True)
    builder.end(root, 10)
    trace = builder.trace(now=12)
    row = names_of(trace).index("child")
    assert trace.texts[int(trace.rows.error[row])] == "ValueError: no"
    assert (trace.rows.blocked[0], trace.rows.receive[0]) == (2 * MS, 1 * MS)


def test_attempts_of_a_retried_task_are_rows_of_their_own_and_the_lost_one_ends_where_the_next_begins():
    builder = RecordingBuilder()
    task = builder.submit("flaky", begin=0, end=1)
    builder.start(task, 2)
    builder.start(task, 8, attempt=1)
    builder.end(task, 9)
    trace = builder.trace()
    assert [State(int(s)).name for s in trace.tasks.state] == ["LOST", "FINISHED"]
    assert trace.tasks.end.tolist() == [EPOCH_NS + 8 * MS, EPOCH_NS + 9 * MS]
    assert trace.rows.children[-1] == 1


def test_a_task_whose_process_died_is_lost_from_then_on():
    builder = RecordingBuilder()
    task = builder.start(builder.submit("victim"), 1)
    builder.process_died(task.process, 5)
    trace = builder.trace(now=50)
    assert state_of(trace, "victim") == State.LOST
    assert trace.rows.end[0] == EPOCH_NS + 5 * MS


def test_nothing_runs_any_more_in_a_closed_recording():
    builder = RecordingBuilder()
    builder.start(builder.submit("orphan"), 1)
    builder.close(20, state="interrupted")
    trace = builder.trace(now=99_999)
    assert state_of(trace, "orphan") == State.LOST
    assert trace.now_ns == EPOCH_NS + 20 * MS
    assert trace.info.state == "interrupted"


def test_what_was_said_after_the_last_word_still_counts():
    builder = RecordingBuilder()
    builder.run(builder.submit("late"), 1, 9)
    builder.close(5, "interrupted")
    trace = builder.trace()
    assert (trace.now_ns, trace.end_ns) == (EPOCH_NS + 9 * MS, EPOCH_NS + 9 * MS)


def test_a_task_without_a_recorded_submission_hangs_below_the_unknown_parent():
    builder = RecordingBuilder()
    builder.run(builder.submit("known"), 1, 2)
    builder.run(builder.submit("stray", seen=False), 3, 4)
    trace = builder.trace()
    assert parents_of(trace) == {"known": "driver", "stray": "unknown parent"}
    assert trace.rows.kind[-1] == RowKind.UNKNOWN_PARENT
    assert trace.to_arrow()["parent_id"].to_pylist()[1] is None


def test_a_child_that_arrives_before_its_parent_moves_to_its_place_when_the_parent_arrives():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    child = builder.submit("child", root, 2)
    builder.run(child, 3, 4)
    chunks = builder.chunks()
    fold = Fold()
    fold.add(c for c in chunks if c.process != root.process or c.kind != 3)
    assert parents_of(fold.trace(EPOCH_NS))["child"] == "unknown parent"
    fold.add(chunks)
    assert parents_of(fold.trace(EPOCH_NS)) == {"root": "driver", "child": "root"}


def test_a_span_block_is_a_row_and_names_itself_on_what_is_submitted_inside():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    block = builder.open_block(root, "partition", 2)
    builder.run(builder.submit("inside", root, 3, block=block), 4, 5)
    builder.close_block(root, block, 6)
    builder.run(builder.submit("outside", root, 7), 8, 9)
    builder.end(root, 10)
    table = builder.trace().to_arrow().to_pylist()
    rows = {row["name"]: row for row in table}
    assert rows["partition"]["kind"] == "span"
    assert rows["inside"]["block_id"] == rows["partition"]["task_id"]
    assert rows["outside"]["block_id"] is None
    assert rows["inside"]["parent_id"] == rows["root"]["task_id"] == rows["partition"]["parent_id"]
    assert (rows["partition"]["start"], rows["partition"]["end"]) == (EPOCH_NS + 2 * MS, EPOCH_NS + 6 * MS)


def test_annotated_n_overrules_the_length_of_the_arguments():
    builder = RecordingBuilder()
    task = builder.start(builder.submit("sort", size=7), 1, size=9)
    assert builder.trace().rows.size[0] == 9
    builder.note(task, "n", 123)
    builder.note(task, "pivot", 0.5)
    builder.note(task, "how", "well")
    trace = builder.trace()
    assert trace.rows.size[0] == 123
    assert dict(zip(trace.notes.key, trace.notes.value, strict=True)) == {"n": 123, "pivot": 0.5, "how": "well"}


def test_long_texts_come_through_whole():
    name = "f" * 50 + "é" * 60
    builder = RecordingBuilder()
    builder.submit(name)
    assert names_of(builder.trace()) == [name]


def two_sections() -> RecordingBuilder:
    builder = RecordingBuilder()
    for name, at in (("first", 0), ("second", 100)):
        block = builder.open_block(None, name, at, section=True)
        root = builder.start(builder.submit("root " + name, begin=at + 1, block=block), at + 2)
        child = builder.submit("child " + name, root, at + 3)
        builder.run(child, at + 4, at + 6)
        builder.get(root, [child], at + 3, at + 7)
        builder.end(root, at + 8)
        builder.get(None, [root], at + 1, at + 9)
        builder.note(None, "sequential_s", 0.25, block=block)
        builder.close_block(None, block, at + 10)
    builder.close(200)
    return builder


def test_a_section_holds_its_tasks_and_their_descendants_with_the_driver_above():
    part = two_sections().trace().section_named("second")
    tasks = [name for name, kind in zip(names_of(part), part.tasks.kind, strict=True) if kind == RowKind.TASK]
    assert tasks == ["root second", "child second"]
    assert parents_of(part)["root second"] == "driver"
    assert part.sections[0].name == "second"
    assert (part.begin_ns - EPOCH_NS, part.end_ns - EPOCH_NS) == (101 * MS, 108 * MS)
    assert part.notes.value == (0.25,)
    assert part.rows.blocked[-1] == 7 * MS


def test_an_unknown_section_is_named_in_the_error():
    with pytest.raises(RecordingNotFound, match=r"third.*first, second"):
        two_sections().trace().section_named("third")


def test_dropped_records_are_counted():
    builder = RecordingBuilder()
    builder.submit("a")
    builder.dropped(0, 7)
    assert builder.trace().lost_events == 7


def test_networkx_gets_the_same_tree_with_the_driver_as_root():
    graph = trace_of("root(a b(c))").to_networkx()
    names = {graph.nodes[a]["name"]: sorted(graph.nodes[b]["name"] for b in graph.successors(a)) for a in graph}
    assert names == {"driver": ["root"], "root": ["a", "b"], "a": [], "b": ["c"], "c": []}


def test_keys_name_rows_and_nonsense_names_none():
    trace = trace_of("root(a b)")
    assert [trace.row_of(trace.key_of(row)) for row in range(trace.count)] == [0, 1, 2]
    assert [trace.row_of(key) for key in ("", "zz", "00" * 8, "ab.c", "0" * 15)] == [-1, -1, -1, -1, -1]


def rows_as_text(trace: Trace) -> list[str]:
    return [repr(row) for row in trace.to_arrow().to_pylist()]


@st.composite
def programs(draw):
    """A random program: nested calls with waits, blocks, notes, failures, retries, some of it unfinished."""
    seed = draw(st.integers(0, 2**32 - 1))
    return random_program(random.Random(seed), draw(st.integers(1, 25)))


def random_program(rng: random.Random, tasks: int) -> RecordingBuilder:
    builder = RecordingBuilder()
    alive = [(None, 0)]
    for number in range(tasks):
        parent, born = rng.choice(alive)
        begin = born + rng.randint(0, 5)
        block = builder.open_block(parent, f"block {number}", begin) if rng.random() < 0.2 else 0
        task = builder.submit(f"f{number % 3}", parent, begin, begin + rng.randint(0, 3), size=rng.choice([-1, number]), block=block)
        if block:
            builder.close_block(parent, block, begin + 4)
        if rng.random() < 0.1:
            continue
        start = begin + rng.randint(0, 20)
        builder.start(task, start, process=rng.choice([None, 1]) if 1 in builder.records else None)
        if rng.random() < 0.1:
            start += 5
            builder.start(task, start, attempt=1)
        if rng.random() < 0.3:
            builder.note(task, "n", number)
        alive.append((task, start))
        if rng.random() < 0.8:
            end = start + rng.randint(0, 40)
            builder.end(task, end, rng.choice([State.FINISHED, State.FINISHED, State.FAILED]), rng.choice(["", "E: x"]))
        if parent is not None and rng.random() < 0.7:
            waited = begin + rng.randint(0, 10)
            builder.get(parent, [task], waited, waited + rng.randint(0, 40))
    if rng.random() < 0.5:
        builder.close(200)
    return builder


@settings(max_examples=60, deadline=None)
@given(programs(), st.randoms(use_true_random=False), st.integers(1, 7))
def test_neither_order_nor_repetition_of_chunks_matters(builder, rng, batch):
    straight = builder.trace(now=500)
    chunks = builder.chunks(batch) + builder.chunks(batch + 1)
    rng.shuffle(chunks)
    fold = Fold()
    fold.add(chunks)
    shuffled = fold.trace(EPOCH_NS + 500 * MS)
    assert rows_as_text(shuffled) == rows_as_text(straight)
    assert shuffled.segments.begin.tolist() == straight.segments.begin.tolist()
    assert shuffled.waits.refs.tolist() == straight.waits.refs.tolist()


@settings(max_examples=60, deadline=None)
@given(programs(), st.integers(1, 5))
def test_folding_piece_by_piece_gives_what_folding_at_once_gives(builder, batch):
    fold = Fold()
    for chunk in builder.chunks(batch):
        fold.add([chunk])
        fold.trace(EPOCH_NS)
    assert rows_as_text(fold.trace(EPOCH_NS + 500 * MS)) == rows_as_text(builder.trace(now=500))


@settings(max_examples=60, deadline=None)
@given(programs())
def test_the_phases_of_every_attempt_tile_its_life(builder):
    trace = builder.trace(now=500)
    rows = trace.rows
    for row in np.flatnonzero(trace.is_task).tolist():
        pieces = task_segments(trace, row)
        assert all(a[2] == b[1] for a, b in pairwise(pieces))
        if pieces:
            end = trace.now_ns if rows.end[row] == UNKNOWN else int(rows.end[row])
            assert pieces[-1][2] == end
            if rows.attempt[row] == 0 and rows.submit_begin[row] != UNKNOWN:
                assert pieces[0][1] == min(int(rows.submit_begin[row]), end)


@settings(max_examples=60, deadline=None)
@given(programs())
def test_every_task_appears_once_and_has_a_parent(builder):
    trace = builder.trace(now=500)
    tasks = trace.tasks
    seen = {(i.tobytes(), int(a)) for i, a, k in zip(tasks.task_id, tasks.attempt, tasks.kind, strict=True) if k == RowKind.TASK}
    assert len(seen) == int(np.count_nonzero(trace.is_task))
    assert len({ident for ident, _ in seen}) == builder._tasks
    assert bool(np.all(tasks.parent >= 0))


def test_a_chain_of_ten_thousand_levels_folds_without_recursion():
    builder = RecordingBuilder()
    parent = None
    for level in range(10_000):
        parent = builder.start(builder.submit("down", parent, level), level + 1, process=1)
    trace = builder.trace(now=20_000)
    assert trace.rows.depth.max() == 10_000


def test_a_finished_program_of_a_text_has_all_its_tasks():
    assert len(trace_of("root(a b(c d))").tasks) == 5
    assert program_of("a")._tasks == 1


def test_blocks_of_different_processes_have_different_keys():
    builder = RecordingBuilder()
    for process in (1, 2):
        task = builder.start(builder.submit("f"), process, process=process)
        builder._numbers = 0
        builder.close_block(task, builder.open_block(task, "inner", 3), 4)
    trace = builder.trace(now=9)
    blocks = [row for row in range(trace.count) if trace.rows.kind[row] == RowKind.SPAN]
    assert [trace.row_of(trace.key_of(row)) for row in blocks] == blocks
