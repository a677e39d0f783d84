"""Ray's own record joined to what capture saw: fetch and store, missed tasks, fates; in any order, any number of times."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
from builders import EPOCH_NS, MS, RecordingBuilder
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fold import random_program, rows_as_text, task_segments

from nestviz.analysis.critical_path import critical_path
from nestviz.collector.observation import SeenWorker
from nestviz.events import NO_STATE, Phase, RowKind, State
from nestviz.trace.fold import Fold
from nestviz.trace.model import UNKNOWN, Trace


def row_named(trace: Trace, name: str):
    (row,) = [row for row in trace.to_arrow().to_pylist() if row["name"] == name and row["kind"] == "task"]
    return row


def phases_in_ms(trace: Trace, row: int):
    return [(Phase(p).name, (b - EPOCH_NS) // MS, (e - EPOCH_NS) // MS) for p, b, e in task_segments(trace, row)]


def test_fetch_is_the_end_of_queue_and_store_follows_compute():
    builder = RecordingBuilder()
    task = builder.run(builder.submit("a", begin=1, end=2), 10, 20)
    builder.reading(builder.seen(task, execute=(10, 20), fetch=(6, 10), store=(20, 23), state=State.FINISHED))
    trace = builder.trace(now=30)
    assert phases_in_ms(trace, 0) == [("SUBMIT", 1, 2), ("QUEUE", 2, 6), ("FETCH", 6, 10), ("COMPUTE", 10, 20), ("STORE", 20, 23)]
    assert row_named(trace, "a")["end"] == EPOCH_NS + 20 * MS
    assert trace.end_ns == EPOCH_NS + 23 * MS
    assert trace.sources == ("capture", "ray.timeline")
    assert trace.missing == ()


def test_a_parent_is_blocked_until_its_child_s_result_is_stored():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root", begin=1), 2)
    child = builder.run(builder.submit("child", root, 3), 4, 10)
    builder.get(root, [child], 4, 16)
    builder.end(root, 20)
    builder.reading(builder.seen(child, execute=(4, 10), fetch=(4, 4), store=(10, 13)))
    trace = builder.trace()
    assert row_named(trace, "root")["blocked"] == 9 * MS
    path = [(trace.name_of(step.row), step.phase.name, (step.end_ns - step.begin_ns) // MS) for step in critical_path(trace)]
    assert path[-4:] == [("child", "COMPUTE", 6), ("child", "STORE", 3), ("root", "RECEIVE", 3), ("root", "COMPUTE", 4)]


def test_a_generator_that_ran_while_its_results_were_stored_has_stored_only_after_its_exit():
    builder = RecordingBuilder()
    task = builder.run(builder.submit("a"), 5, 30)
    builder.reading(builder.seen(task, execute=(5, 6), store=(6, 32)))
    assert row_named(builder.trace(), "a")["store"] == 2 * MS


def test_a_task_that_capture_missed_hangs_below_the_parent_that_the_state_api_names():
    builder = RecordingBuilder()
    root = builder.run(builder.submit("root"), 1, 50)
    plain = builder.unseen("plain")
    worker = SeenWorker("w1", "n1", 77)
    builder.reading(
        builder.seen(plain, execute=(10, 20), submitted=5, parent=root, attempt=0, state=State.FINISHED, worker=worker),
        source="state api",
    )
    trace = builder.trace()
    row = row_named(trace, "plain")
    assert (row["parent_id"], row["depth"], row["state"]) == (root.id.hex(), 2, "finished")
    assert (row["submit_begin"], row["start"], row["end"]) == tuple(EPOCH_NS + ms * MS for ms in (5, 10, 20))
    assert (row["worker_id"], row["pid"]) == ("w1", 1001)
    assert len(trace.processes) == 2


def test_without_the_state_api_a_missed_task_hangs_below_the_unknown_parent_on_a_worker_that_only_ray_named():
    builder = RecordingBuilder()
    builder.run(builder.submit("root"), 1, 50)
    builder.reading(builder.seen(builder.unseen("plain"), execute=(10, 20), worker=SeenWorker("new", "n1")))
    trace = builder.trace()
    row = row_named(trace, "plain")
    assert (row["worker_id"], row["node_id"], row["state"]) == ("new", "n1", "finished")
    assert trace.rows.kind[int(trace.rows.parent[[trace.name_of(i) for i in range(2)].index("plain")])] == RowKind.UNKNOWN_PARENT
    assert trace.missing[-1].startswith("The parents of 1 tasks are not known")


def test_a_call_that_was_not_seen_to_start_gets_its_execution_from_ray():
    builder = RecordingBuilder()
    task = builder.submit("a", begin=1, end=2, size=7)
    builder.reading(builder.seen(task, execute=(5, 9), fetch=(4, 5), state=State.FINISHED, worker=SeenWorker("w9")))
    row = row_named(builder.trace(), "a")
    assert (row["submit_begin"], row["start"], row["state"], row["size"]) == (EPOCH_NS + MS, EPOCH_NS + 5 * MS, "finished", 7)


def test_the_fate_of_what_never_started_and_of_what_died_is_told():
    builder = RecordingBuilder()
    never, died = builder.submit("never", begin=1), builder.start(builder.submit("died", begin=1), 3)
    builder.reading(
        builder.seen(never, gave_up=8, attempt=0, state=State.CANCELLED, error="TASK_CANCELLED"),
        builder.seen(died, gave_up=9, attempt=0, state=State.LOST, error="WORKER_DIED: gone"),
        source="state api",
    )
    builder.close(20)
    trace = builder.trace()
    fates = [(row["state"], row["start"], (row["end"] - EPOCH_NS) // MS, row["error"]) for row in trace.to_arrow().to_pylist()]
    assert fates == [("cancelled", None, 8, "TASK_CANCELLED"), ("lost", EPOCH_NS + 3 * MS, 9, "WORKER_DIED: gone")]


def test_capture_is_believed_before_ray():
    builder = RecordingBuilder()
    task = builder.run(builder.submit("a"), 3, 9, state=State.FAILED, error="E: x")
    builder.reading(builder.seen(task, execute=(2, 10), gave_up=11, attempt=0, state=State.FINISHED), source="state api")
    row = row_named(builder.trace(), "a")
    assert (row["start"], row["end"], row["state"], row["error"]) == (EPOCH_NS + 3 * MS, EPOCH_NS + 9 * MS, "failed", "E: x")


def test_the_timeline_s_executions_of_a_retried_task_go_to_the_attempts_that_began_with_them():
    builder = RecordingBuilder()
    task = builder.run(builder.submit("a"), 3, 9, state=State.FAILED)
    builder.start(task, 5000, attempt=1)
    builder.end(task, 5010)
    builder.reading(builder.seen(task, execute=(5000, 5010), fetch=(4990, 5000), state=State.FINISHED))
    rows = builder.trace().to_arrow().to_pylist()
    assert [(row["attempt"], row["fetch"]) for row in rows] == [(0, None), (1, 10 * MS)]


def test_executions_that_nobody_numbers_are_attempts_in_order_of_time():
    builder = RecordingBuilder()
    task = builder.unseen("a")
    late, early = builder.seen(task, execute=(50, 60)), builder.seen(task, execute=(10, 20))
    builder.reading(late)
    builder.reading(early, late)
    rows = builder.trace().to_arrow().to_pylist()
    assert [(row["attempt"], (row["start"] - EPOCH_NS) // MS) for row in rows] == [(0, 10), (1, 50)]


def test_a_source_that_could_not_be_used_is_named_with_its_reason():
    builder = RecordingBuilder()
    builder.run(builder.submit("a"), 3, 9)
    builder.reading(source="ray.timeline", problem="KeyError: 'cat'")
    builder.reading(source="state api", problem="Ray's dashboard does not run")
    builder.close(20)
    trace = builder.trace()
    assert trace.sources == ("capture",)
    (sentence,) = trace.missing
    assert sentence.startswith("Ray's own record of the tasks is not here (KeyError: 'cat')")


@st.composite
def observed_programs(draw):
    """A random program and several readings of Ray's record of it, each incomplete, of tasks that capture missed too."""
    rng = random.Random(draw(st.integers(0, 2**32 - 1)))
    builder = random_program(rng, draw(st.integers(1, 25)))
    found = []
    for row in (row for row in builder.trace(now=500).to_arrow().to_pylist() if row["kind"] == "task"):
        task = builder.unseen("gone")
        builder._tasks -= 1
        task.number = int(row["task_id"][:16], 16)
        task.name = row["name"]
        begin = ((row["start"] or row["submit_begin"]) - EPOCH_NS) // MS + rng.randint(0, 2)
        end = max(begin, ((row["end"] or row["start"] or row["submit_begin"]) - EPOCH_NS) // MS)
        found.append(builder.seen(
            task, execute=(begin, end), fetch=(max(begin - rng.randint(0, 9), 1), begin), store=(end, end + rng.randint(0, 9)),
            state=rng.choice([NO_STATE, State.FINISHED, State.FAILED]), worker=SeenWorker(rng.choice(["", "w1", "other"])),
            **({"attempt": row["attempt"]} if rng.random() < 0.5 else {}),
        ))  # fmt: skip
    for number in range(rng.randint(0, 5)):
        execute = (rng.randint(1, 300), 300 + number) if rng.random() < 0.8 else (0, 0)
        found.append(builder.seen(builder.unseen(f"missed {number}"), execute=execute, attempt=0, state=State.RUNNING))
    for _ in range(rng.randint(1, 3)):
        builder.reading(*(seen for seen in found if rng.random() < 0.8), source=rng.choice(["ray.timeline", "state api"]))
    builder.reading(*found)
    return builder


@settings(max_examples=60, deadline=None)
@given(observed_programs(), st.randoms(use_true_random=False), st.integers(1, 7))
def test_neither_order_nor_repetition_of_readings_matters(builder, rng, batch):
    straight = builder.trace(now=500)
    chunks = builder.chunks(batch) * 2
    rng.shuffle(chunks)
    fold = Fold()
    fold.add(chunks)
    shuffled = fold.trace(EPOCH_NS + 500 * MS)
    assert rows_as_text(shuffled) == rows_as_text(straight)
    assert shuffled.segments.begin.tolist() == straight.segments.begin.tolist()
    assert (shuffled.sources, shuffled.missing) == (straight.sources, straight.missing)


@settings(max_examples=60, deadline=None)
@given(observed_programs())
def test_reading_the_same_once_more_changes_nothing(builder):
    before = rows_as_text(builder.trace(now=500))
    again = [chunk for chunk in builder.extra if chunk.process >= 1 << 30]
    shift = 1000
    builder.extra += [type(chunk)(chunk.kind, chunk.process + shift, chunk.first, chunk.count, chunk.payload) for chunk in again]
    assert rows_as_text(builder.trace(now=500)) == before


@settings(max_examples=60, deadline=None)
@given(observed_programs())
def test_phases_still_tile_every_life_and_every_task_appears_once_below_a_parent(builder):
    trace = builder.trace(now=500)
    rows = trace.rows
    for row in np.flatnonzero(trace.is_task).tolist():
        pieces = task_segments(trace, row)
        assert all(a[2] == b[1] for a, b in pairwise(pieces))
        if pieces:
            end = trace.now_ns if rows.end[row] == UNKNOWN else int(rows.end[row]) + max(int(rows.store[row]), 0)
            assert pieces[-1][2] == end
    tasks = trace.tasks
    seen = {(i.tobytes(), int(a)) for i, a, k in zip(tasks.task_id, tasks.attempt, tasks.kind, strict=True) if k == RowKind.TASK}
    assert len(seen) == int(np.count_nonzero(trace.is_task))
    assert len({ident for ident, _ in seen}) == builder._tasks
    assert bool(np.all(tasks.parent >= 0))
    path = critical_path(trace)
    assert all(a.end_ns == b.begin_ns for a, b in pairwise(path))
