"""A cluster of three nodes: everything arrives from everywhere, on one clock, whoever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from test_collector import events_in

import nestviz
from nestviz.capture.session import _session, current_recording
from nestviz.collector.relays import NAMESPACE
from nestviz.events import ChunkKind
from nestviz.journal.reader import read_chunks
from nestviz.recordings import Catalogue

pytestmark = pytest.mark.ray

NODES = 3
PATIENCE_S = 40

PROGRAM = """
import sys
import ray

@ray.remote(num_cpus=0, resources={"n1": 1})
def outer():
    @ray.remote(num_cpus=0, resources={"n2": 1})
    def inner(x):
        return x + 1
    return sum(ray.get([inner.remote(i) for i in range(3)]))

ray.init(log_to_driver=False, configure_logging=False)
print(ray.get(outer.remote()))
"""


@pytest.fixture(scope="module")
def cluster(no_session_ray):
    """Three nodes with two CPUs each; node i has the resource "n<i>", the driver is on node 0."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    cluster.members = [
        cluster.add_node(num_cpus=2, resources={f"n{number}": 100}, include_dashboard=False)
        for number in range(NODES)
    ]
    ray.init(address=cluster.address, log_to_driver=False, configure_logging=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@nestviz.remote(num_cpus=0)
def grow(depth, number, seconds):
    """A binary tree of tasks, each on the next node; returns what Ray says of each: its id, its parent's, its node's."""
    import ray

    context = ray.get_runtime_context()
    time.sleep(seconds)
    said = []
    if depth:
        refs = [on(number + side, grow).remote(depth - 1, 2 * number + side, seconds) for side in (1, 2)]
        said = [(task, parent or context.get_task_id(), node) for below in ray.get(refs) for task, parent, node in below]
    return [(context.get_task_id(), "", context.get_node_id()), *said]


@nestviz.remote(num_cpus=0, max_retries=0)
def stay():
    time.sleep(600)


def on(number, function):
    return function.options(resources={f"n{number % NODES}": 0.1})


def rows_of(trace):
    return [row for row in trace.to_arrow().to_pylist() if row["kind"] == "task"]


def node_ids(cluster):
    return [member.node_id for member in cluster.members]


def assert_is_what_ray_said(rows, said):
    """Every task once, with Ray's own ids, parents and nodes; all on one clock."""
    driver = rows[0]["parent_id"]
    assert sorted((row["task_id"], row["parent_id"], row["node_id"]) for row in rows) == sorted(
        (task, parent or driver, node) for task, parent, node in said
    )
    assert {row["state"] for row in rows} == {"finished"}
    assert [row["attempt"] for row in rows] == [0] * len(rows)


def clocks_in(journal):
    """Offset and error of every process that has a clock of its own, by node; the last word counts."""
    meta, found = {}, {}
    for chunk in read_chunks(journal):
        if chunk.kind == ChunkKind.META:
            meta = json.loads(chunk.payload)
        elif chunk.kind == ChunkKind.PROCESS:
            about = json.loads(chunk.payload)
            if "clock" in about:
                found[about["node_id"]] = (about["clock"] - meta["clock"], about["clock_error_ns"])
    return found


def kill(actor):
    import ray

    os.kill(ray.get(actor.__ray_call__.remote(lambda _: os.getpid())), signal.SIGKILL)


def test_tasks_on_all_nodes_are_recorded_with_their_parents_on_one_clock(cluster):
    import ray

    with nestviz.record("three nodes") as section:
        said = ray.get(on(0, grow).remote(4, 0, 0.01))
    trace = section.trace()
    rows = rows_of(trace)
    assert len(rows) == 31
    assert_is_what_ray_said(rows, said)
    assert {row["node_id"] for row in rows} == set(node_ids(cluster))
    assert trace.lost_events == 0
    assert trace.info.problem == ""
    assert len(trace.nodes) == NODES
    error = trace.clock_error_ns
    assert 0 < error < 5_000_000
    by_id = {row["task_id"]: row for row in rows}
    for row in rows:
        assert row["start"] >= row["submit_begin"] - 2 * error
        parent = by_id.get(row["parent_id"])
        if parent:
            assert row["end"] <= parent["end"] + 2 * error


def test_the_true_offset_of_the_nodes_clocks_lies_within_the_stated_error(cluster):
    clocks = clocks_in(current_recording().journal)
    assert set(clocks) == set(node_ids(cluster)[1:])
    for offset, error in clocks.values():
        assert abs(offset) <= error  # all these nodes share this machine's counter


def test_relays_and_collector_are_killed_and_nothing_is_lost_or_doubled(cluster):
    import ray

    own, *others = node_ids(cluster)
    with nestviz.record("killing") as section:
        ref = on(0, grow).remote(5, 0, 0.3)
        for node in others:
            time.sleep(0.4)
            kill(ray.get_actor(f"relay-{node}-for-{own}", namespace=NAMESPACE))
        time.sleep(0.4)
        kill(_session.collector)
        said = ray.get(ref)
    trace = section.trace()
    rows = rows_of(trace)
    assert len(rows) == 63
    assert_is_what_ray_said(rows, said)
    assert trace.lost_events == 0
    assert events_in(current_recording().journal)  # which checks that no record is missing or there twice


def test_an_unmodified_program_is_recorded_on_nodes_that_its_driver_is_not_on(cluster, tmp_path):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM, encoding="utf-8")
    env = {**os.environ, "RAY_ADDRESS": cluster.address, "NESTVIZ_HOME": str(tmp_path)}
    line = [sys.executable, "-m", "nestviz", "run", str(script)]
    done = subprocess.run(line, env=env, capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.splitlines()[0] == "6"
    (entry,) = Catalogue(tmp_path).entries()
    rows = rows_of(nestviz.load(entry.path))
    assert sorted((row["name"], row["depth"], row["state"]) for row in rows) == [
        *[("inner", 2, "finished")] * 3, ("outer", 1, "finished"),
    ]  # fmt: skip


def test_relays_that_were_dismissed_come_back_with_their_rings_full(cluster):
    import ray

    own, *others = node_ids(cluster)
    ray.get(_session.collector.__ray_call__.remote(lambda collector: collector._relays.dismiss()))
    with nestviz.record("again") as section:
        said = ray.get(on(1, grow).remote(3, 1, 0.01))
    assert_is_what_ray_said(rows_of(section.trace()), said)
    assert [ray.get_actor(f"relay-{node}-for-{own}", namespace=NAMESPACE) is not None for node in others] == [True, True]


def test_the_tasks_of_a_node_that_dies_are_lost_while_the_recording_goes_on(cluster):
    import ray

    gone = cluster.members[2]

    def wait_for(*states):
        until = time.monotonic() + PATIENCE_S
        while True:
            trace = nestviz.load(current_recording().journal)
            rows = [row for row in rows_of(trace) if row["name"] == "stay"]
            if [row["state"] for row in rows] == list(states) or time.monotonic() > until:
                return trace.info.state, [(row["state"], row["node_id"]) for row in rows]
            time.sleep(0.2)

    doomed = on(2, stay).remote()
    assert wait_for("running") == ("live", [("running", gone.node_id)])
    cluster.remove_node(gone, allow_graceful=False)
    with pytest.raises(ray.exceptions.RayError):
        ray.get(doomed, timeout=PATIENCE_S)
    assert wait_for("lost") == ("live", [("lost", gone.node_id)])
