"""Relays and the gatherer: what other nodes' processes say arrives once, whoever of the two dies in between."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_collector import SECOND, events_in, numbers, ring_of

from nestviz.collector.clocks import Offset
from nestviz.collector.gatherer import Gatherer
from nestviz.collector.gathering import NodeFacts
from nestviz.collector.meeting import Description, write_description
from nestviz.collector.portions import RingFolder
from nestviz.collector.relay import NodeRings
from nestviz.collector.ring import RingWriter
from nestviz.events import ChunkKind, EventKind
from nestviz.journal.format import decode_payload
from nestviz.journal.reader import read_chunks

JOB = "01000000"
LOTS = 1 << 30


class Cluster:
    """The driver's node and another one, as folders; `journal` is the recording's."""

    def __init__(self, folder: Path, clock: int = 0) -> None:
        self.near, self.far = folder / "near", folder / "far"
        (self.near / JOB).mkdir(parents=True)
        self.journal = folder / "r.nestviz"
        self.driver = ring_of(self.near / JOB, "d" * 32, is_driver=True)
        write_description(self.near / JOB, Description(self.journal, {"recording": "r", "clock": clock}))
        self.start_gatherer()
        self.start_relay()

    def start_gatherer(self):
        self.gatherer, self.receipts = Gatherer(self.near), {}
        self.gatherer.pull(0)

    def kill_gatherer(self):
        for gathering in self.gatherer._open.values():
            gathering.close()

    def start_relay(self):
        self.relay = NodeRings(self.far)

    def kill_relay(self):
        for folder in self.relay._folders.values():
            folder.close()

    def worker(self, name, capacity=16, node="far"):
        (self.far / JOB).mkdir(parents=True, exist_ok=True)
        return RingWriter(self.far / JOB / f"{name * 32}.ring", {"pid": 7, "node_id": node}, capacity)

    def collect(self, max_bytes=LOTS):
        return self.relay.collect({job: self.receipts.get(job, {}) for job in self.gatherer.jobs}, max_bytes)

    def deliver(self, batch, now=0):
        self.receipts = self.gatherer.accept(batch.portions, now)

    def finish(self):
        while True:
            batch = self.collect()
            if not batch.portions:
                break
            self.deliver(batch)
        self.gatherer.finish(self.near / JOB, SECOND)

    def chunks(self, kind):
        return [chunk for chunk in read_chunks(self.journal) if chunk.kind == kind]

    def metas(self):
        return [json.loads(chunk.payload) for chunk in self.chunks(ChunkKind.PROCESS)]


@pytest.fixture
def cluster(tmp_path):
    return Cluster(tmp_path)


def say(ring, *sizes):
    for size in sizes:
        ring.put(EventKind.NOTE, size=size)


def said(batch):
    return [numbers(decode_payload(p.codec, p.payload)) for p in batch.portions.get(JOB, [])]


def test_what_is_said_before_anybody_collects_is_not_lost(cluster):
    say(cluster.worker("a"), 1, 2)
    cluster.deliver(cluster.collect())
    assert events_in(cluster.journal) == {1: [1, 2]}


def test_a_batch_is_handed_out_until_its_receipt_comes_and_a_process_introduces_itself_until_then(cluster):
    worker = cluster.worker("a")
    say(worker, 1, 2)
    first, again = cluster.collect(), cluster.collect()
    assert said(first) == said(again) == [[1, 2]]
    cluster.deliver(again)
    say(worker, 3)
    last = cluster.collect()
    assert said(last) == [[3]]
    assert [p.meta for p in first.portions[JOB]] == [{"pid": 7, "node_id": "far"}]
    assert [p.meta for p in last.portions[JOB]] == [{}]


def test_who_has_nothing_new_to_say_is_not_in_the_batch(cluster):
    say(cluster.worker("a"), 1)
    quiet = cluster.worker("b")
    cluster.deliver(cluster.collect())
    assert cluster.collect().portions == {}
    say(quiet, 2)
    assert said(cluster.collect()) == [[2]]


def test_a_full_batch_says_so_and_the_next_one_begins_with_those_left_out(cluster):
    say(cluster.worker("a"), 1)
    say(cluster.worker("b"), 2)
    first = cluster.collect(max_bytes=1)
    second = cluster.collect(max_bytes=1)
    assert not first.is_all
    assert sorted(said(first) + said(second)) == [[1], [2]]
    assert cluster.collect().is_all


def test_the_room_in_a_ring_is_given_back_only_when_the_journal_has_the_records(cluster):
    worker = cluster.worker("a", capacity=2)
    say(worker, 1, 2, 3)
    batch = cluster.collect()
    say(worker, 4)
    assert worker.dropped == 2
    cluster.deliver(batch)
    cluster.collect()
    say(worker, 5)
    cluster.finish()
    assert events_in(cluster.journal)[1] == [1, 2, 5]
    assert cluster.chunks(ChunkKind.DROPPED)[-1].first == 2


def test_the_last_words_of_a_dead_worker_come_before_its_death_and_its_ring_is_cleared_away(cluster):
    worker = cluster.worker("a")
    say(worker, 1)
    worker.close()
    cluster.deliver(cluster.collect(), now=5)
    cluster.collect()
    assert list((cluster.far / JOB).iterdir()) == []
    kinds = [chunk.kind for chunk in read_chunks(cluster.journal)]
    assert kinds[-2:] == [ChunkKind.EVENTS, ChunkKind.GONE]
    assert read_chunks(cluster.journal)[-1].first == 5


def test_without_a_writable_journal_there_is_no_receipt(cluster, monkeypatch):
    say(cluster.worker("a"), 1)
    (gathering,) = cluster.gatherer._open.values()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gathering._writer, "write_packed_events", fail)
    cluster.deliver(cluster.collect())
    assert cluster.receipts == {}
    assert "No space left" in cluster.gatherer.problems[JOB]
    monkeypatch.undo()
    cluster.finish()
    assert events_in(cluster.journal) == {1: [1]}


def test_a_folder_has_one_reader_at_a_time(cluster):
    say(cluster.worker("a"), 1)
    cluster.collect()
    with pytest.raises(BlockingIOError):
        RingFolder(cluster.far / JOB)
    other = NodeRings(cluster.far)
    assert other.collect({JOB: {}}, LOTS).portions == {}
    cluster.kill_relay()
    assert said(other.collect({JOB: {}}, LOTS)) == [[1]]


def test_a_relay_leaves_alone_what_it_is_not_asked_for(cluster):
    say(cluster.worker("a"), 1)
    assert cluster.relay.collect({"02000000": {}}, LOTS).portions == {}
    assert said(cluster.collect()) == [[1]]
    assert cluster.relay.collect({}, LOTS).portions == {}
    RingFolder(cluster.far / JOB).close()


def test_a_closed_recording_s_folder_is_cleared_away(cluster):
    cluster.worker("a")
    cluster.relay.drop(JOB)
    cluster.relay.drop(JOB)
    assert list(cluster.far.iterdir()) == []


def test_the_processes_of_a_dead_node_are_gone_once_and_those_of_others_are_not(cluster):
    living = [cluster.worker("a", node="far"), cluster.worker("b", node="farther")]
    cluster.deliver(cluster.collect())
    for now in (5, 6):
        cluster.gatherer.tell({}, ["near", "farther"], now)
    gone = [(chunk.process, chunk.first) for chunk in cluster.chunks(ChunkKind.GONE)]
    names = {chunk.process: json.loads(chunk.payload)["node_id"] for chunk in cluster.chunks(ChunkKind.PROCESS) if chunk.process}
    assert [(names[process], at) for process, at in gone] == [("far", 5)]
    assert len(living) == 2


def test_addresses_and_clocks_are_noted_with_every_process_of_a_node_and_anew_when_they_change(tmp_path):
    cluster = Cluster(tmp_path, clock=1_000)
    cluster.gatherer.tell({"far": NodeFacts("10.0.0.5", Offset(50, 7))}, ["near", "far"], 0)
    cluster.worker("a")
    cluster.deliver(cluster.collect())
    about = {"pid": 7, "node_id": "far", "uid": "a" * 32, "node_ip": "10.0.0.5"}
    assert cluster.metas()[1:] == [{**about, "clock": 1_050, "clock_error_ns": 7}]
    for _ in range(2):
        cluster.gatherer.tell({"far": NodeFacts("10.0.0.5", Offset(52, 3))}, ["near", "far"], 0)
    cluster.kill_gatherer()
    cluster.start_gatherer()
    cluster.gatherer.tell({"far": NodeFacts("10.0.0.5", Offset(52, 3))}, ["near", "far"], 0)
    assert cluster.metas()[2:] == [{**about, "clock": 1_052, "clock_error_ns": 3}]
    assert [chunk.process for chunk in cluster.chunks(ChunkKind.PROCESS)] == [0, 1, 1]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, 2), st.integers(1, 9)),
        st.tuples(st.sampled_from(["die"]), st.integers(0, 2)),
        st.tuples(st.just("collect"), st.sampled_from([1, 200, LOTS])),
        st.tuples(st.sampled_from(["deliver", "lose receipts", "kill relay", "kill collector", "deliver and kill collector"])),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=150)
@given(STEPS)
def test_every_record_is_in_the_journal_once_and_in_order_whoever_dies_when(steps):
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder))
        workers = [cluster.worker(name, capacity=1_000) for name in "abc"]
        spoken: list[list[int]] = [[], [], []]
        dead: set[int] = set()
        batches = []
        for step, *values in steps:
            if step == "say" and values[0] not in dead:
                numbers_to_say = range(len(spoken[values[0]]), len(spoken[values[0]]) + values[1])
                say(workers[values[0]], *numbers_to_say)
                spoken[values[0]] += numbers_to_say
            elif step == "die" and values[0] not in dead:
                workers[values[0]].close()
                dead.add(values[0])
            elif step == "collect":
                batches.append(cluster.collect(values[0]))
            elif step in {"deliver", "deliver and kill collector"} and batches:
                cluster.deliver(batches.pop())  # the newest first, so that older ones arrive late
                if step != "deliver":
                    cluster.kill_gatherer()
                    cluster.start_gatherer()
            elif step == "lose receipts":
                cluster.receipts = {}
            elif step == "kill relay":
                cluster.kill_relay()
                cluster.start_relay()
            elif step == "kill collector":
                cluster.kill_gatherer()
                cluster.start_gatherer()
        cluster.finish()
        uids = {json.loads(c.payload)["uid"][0]: c.process for c in cluster.chunks(ChunkKind.PROCESS)}
        written = events_in(cluster.journal)
        assert [written.get(uids[name], []) for name in "abc"] == spoken
        gone = [chunk.process for chunk in cluster.chunks(ChunkKind.GONE)]
        assert sorted(gone) == sorted(uids["abc"[number]] for number in dead)
