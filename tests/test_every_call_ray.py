"""Every kind of call of an unmodified program: the output is as without nestviz, the tree is the program's own and Ray's."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

import nestviz
from nestviz.recordings import Catalogue
from nestviz.workloads import WORKLOADS

pytestmark = pytest.mark.ray

PROGRAM = Path(__file__).parent / "every_call.py"
MS = 1_000_000
DRIVER = "the driver"

# What the program does: name, attempt, state, and who called it.
EXPECTED = """
leaf 0 finished < the driver
renamed 0 finished < the driver
three 0 finished < the driver
defines_inside 0 finished < the driver
inner 0 finished < defines_inside
calls_nothing 0 finished < the driver
nothing 0 finished < calls_nothing
nothing 0 finished < the driver
dynamic 0 finished < the driver
stream 0 finished < the driver
leaf 0 finished < the driver
leaf 0 finished < the driver
grandparent 0 finished < the driver
leaf 0 finished < grandparent
leaf 0 finished < grandparent
leaf 0 finished < the driver
leaf 0 finished < the driver
nap 0 finished < the driver
nap 0 finished < the driver
in_threads 0 finished < the driver
leaf 0 finished < in_threads
leaf 0 finished < in_threads
leaf 0 finished < in_threads
puts 0 finished < the driver
fails_once 0 failed < the driver
fails_once 1 finished < the driver
dies_once 0 lost < the driver
dies_once 1 finished < the driver
once 0 finished < the driver
once 0 finished < the driver
leaf 0 finished < once
leaf 0 finished < once
waits_for_ever 0 cancelled < the driver
nap 0 cancelled < waits_for_ever
waits_for_ever 0 cancelled < the driver
nap 0 cancelled < waits_for_ever
waits_for_ever 0 cancelled < the driver
leaf 0 cancelled < the driver
Counter.__init__ 0 finished < the driver
Counter.quiet 0 finished < the driver
Counter.add 0 finished < the driver
Counter.add 0 finished < the driver
Counter.pair 0 finished < the driver
Counter.spawn 0 finished < the driver
leaf 0 finished < Counter.spawn
leaf 0 finished < Counter.spawn
Counter.fixed 0 finished < the driver
Counter.known 0 finished < the driver
Counter.items 0 finished < the driver
Counter.leave 0 finished < the driver
Outer.__init__ 0 finished < the driver
Counter.__init__ 0 finished < Outer.__init__
Outer.call 0 finished < the driver
Counter.add 0 finished < Outer.call
Threaded.__init__ 0 finished < the driver
Threaded.work 0 finished < the driver
Threaded.work 0 finished < the driver
leaf 0 finished < Threaded.work
leaf 0 finished < Threaded.work
Async.__init__ 0 finished < the driver
Async.one 0 finished < the driver
leaf 0 finished < Async.one
Async.gathered 0 finished < the driver
nap 0 finished < Async.gathered
nap 0 finished < Async.gathered
Async.grouped 0 finished < the driver
leaf 0 finished < Async.grouped
Async.items 0 finished < the driver
leaf 0 finished < the driver
leaf 0 finished < the driver
"""
# Ray names no task that made a call in a thread, and only the actor's creation for calls of methods that run side by side.
PARENTS_RAY_DOES_NOT_KNOW = {"in_threads", "Threaded.work", "Async.one", "Async.gathered", "Async.grouped"}


@dataclass
class Run:
    """One traced run beside a plain one, and what Ray says of it."""

    plain: str
    traced: str
    rows: list
    ray_tasks: list


@pytest.fixture(scope="module")
def address(no_session_ray):
    """A cluster with Ray's dashboard, which the State API needs."""
    import ray

    ray.init("local", num_cpus=4, include_dashboard=True, log_to_driver=False, configure_logging=False)
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


@pytest.fixture(scope="module")
def run(address, tmp_path_factory):
    folder = tmp_path_factory.mktemp("every_call")
    env = {**os.environ, "RAY_ADDRESS": address, "NESTVIZ_HOME": str(folder / "home")}
    (folder / "plain").mkdir()
    (folder / "traced").mkdir()
    command = [sys.executable, PROGRAM, folder / "plain"]
    plain = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200, check=True)
    command = [sys.executable, "-m", "nestviz", "run", PROGRAM, folder / "traced", "hold"]
    program = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    traced = ""
    while not traced.endswith("holding\n"):
        traced += program.stdout.readline() or pytest.fail(f"the program ended early after: {traced}")
    (entry,) = Catalogue(folder / "home").entries()
    tasks = tasks_of(address, entry)
    program.communicate("\n", timeout=60)
    assert program.returncode == 0
    return Run(plain.stdout, traced.removesuffix("holding\n"), rows_of(entry), tasks)


def rows_of(entry):
    return [row for row in nestviz.load(entry.path).to_arrow().to_pylist() if row["kind"] == "task"]


def tasks_of(address, entry):
    """What the State API says of a recording's tasks."""
    from ray.util.state import list_tasks

    job = entry.recording.rsplit("-", 1)[-1]
    of_job = {"filters": [("job_id", "=", job)], "detail": True, "limit": 10_000, "raise_on_missing_output": False}
    return _settled(lambda: list_tasks(address, **of_job))


def _settled(ask):
    """Ray's record lags behind: ask until it says the same twice."""
    before, now = None, ask()
    deadline = time.monotonic() + 60
    while now != before and time.monotonic() < deadline:
        time.sleep(1.5)
        before, now = now, ask()
    return now


def test_the_program_prints_what_it_prints_without_nestviz(run):
    assert _own_lines(run.traced) == _own_lines(run.plain)
    assert len(_own_lines(run.plain)) == 11
    assert "nestviz" not in run.traced


def _own_lines(output):
    """The program's own lines: Ray prints failed attempts between them, as often and in what order it likes."""
    return [line for line in output.splitlines() if re.match(r"[a-z_]+ (\[|None|[\d.]+$)", line)]


def test_every_call_is_a_row_with_its_name_attempt_state_and_caller(run):
    names = {row["task_id"]: row["name"] for row in run.rows}
    made = [
        f"{row['name']} {row['attempt']} {row['state']} < {names.get(row['parent_id'], DRIVER)}"
        for row in run.rows
        # the group's readiness is a task of Ray's own; what a non-recursive cancellation leaves running is not settled when it ends
        if not row["name"].startswith("bundle_reservation") and not (row["name"] == "nap" and row["state"] == "lost")
    ]
    assert sorted(made) == sorted(EXPECTED.strip().splitlines())
    assert all(row["parent_id"] for row in run.rows)


def test_the_tree_is_ray_s_own(run):
    """Ray's parents are ours; where Ray makes one up, or names an actor's creation for a method of it, ours is the caller."""
    parents = {row["task_id"]: row["parent_id"] for row in run.rows}
    names = {row["task_id"]: row["name"] for row in run.rows}
    ray_parents = {task.task_id: task.parent_task_id for task in run.ray_tasks}
    missing = {task.name for task in run.ray_tasks if task.task_id not in parents}
    assert missing <= {"NestvizCollector.__init__", "NestvizCollector.hurry"}
    ray_parents = {task_id: parent for task_id, parent in ray_parents.items() if task_id in parents}
    assert len(ray_parents) >= len(EXPECTED.strip().splitlines()) * 0.8  # Ray forgets some of workers that die
    differing = {task_id for task_id, parent in ray_parents.items() if parents[task_id] != parent}
    assert {names[parents[task_id]] for task_id in differing} <= PARENTS_RAY_DOES_NOT_KNOW
    for task_id in differing:
        ours, rays = parents[task_id], ray_parents[task_id]
        is_thread = rays not in parents
        is_creation = rays.startswith("f" * 16) and rays[16:] == ours[16:]
        assert is_thread or is_creation


def test_starts_and_ends_are_those_of_ray_s_own_events(run):
    """Ray's event of an execution begins and ends around the function; the spread between them is the machine's."""
    rows = {(row["task_id"], row["attempt"]): row for row in run.rows if row["state"] == "finished" and row["items"] is None}
    starts, ends = [], []
    for task in run.ray_tasks:
        row = rows.get((task.task_id, task.attempt_number))
        for event in (task.profiling_data or {}).get("events", ()):
            if event["event_name"] == "task:execute" and row is not None:
                starts.append(row["start"] / MS - event["start_time"])
                ends.append(event["end_time"] - row["end"] / MS)
    assert len(starts) >= 40
    assert min(starts) > -1
    assert min(ends) > -1
    assert statistics.quantiles(starts, n=10)[-1] < 5
    assert statistics.quantiles(ends, n=10)[-1] < 5


SMALL = {"quicksort": "40000", "quicksort-numpy": "40000", "mergesort": "40000", "fibonacci": "6", "nqueens": "5", "random-tree": "40"}
THRESHOLDS = {"quicksort": "5000", "quicksort-numpy": "5000", "mergesort": "5000"}


def test_the_trees_of_all_workloads_are_ray_s_own(address, tmp_path):
    assert set(SMALL) == set(WORKLOADS)
    env = {**os.environ, "RAY_ADDRESS": address, "NESTVIZ_HOME": str(tmp_path)}
    for name, size in SMALL.items():
        threshold = ["--threshold", THRESHOLDS[name]] if name in THRESHOLDS else []
        command = [sys.executable, "-m", "nestviz", "demo", name, "--sizes", size, *threshold, "--no-sequential"]
        subprocess.run(command, env=env, capture_output=True, timeout=200, check=True)
    for entry in Catalogue(tmp_path).entries():
        ours = {row["task_id"]: row["parent_id"] for row in rows_of(entry)}
        rays = {task.task_id: task.parent_task_id for task in tasks_of(address, entry) if not task.name.startswith("Nestviz")}
        assert len(ours) > 3
        assert len(rays) >= len(ours) / 2  # a worker that is ended with its driver takes its last second's events along
        assert {task_id: ours.get(task_id) for task_id in rays} == rays


def test_items_puts_and_waits_are_counted(run):
    rows = {row["name"]: row for row in run.rows}
    assert [rows[name]["items"] for name in ("dynamic", "stream", "Counter.items", "Async.items")] == [3, 3, 2, 2]
    assert rows["stream"]["last_item"] - rows["stream"]["first_item"] >= 39 * MS
    assert rows["stream"]["start"] <= rows["stream"]["first_item"] <= rows["stream"]["last_item"] <= rows["stream"]["end"]
    assert (rows["puts"]["puts"], rows["puts"]["put_bytes"]) == (2, 2_000_000)
    naps = [row for row in run.rows if row["parent_id"] == rows["Async.gathered"]["task_id"]]
    gathered = rows["Async.gathered"]
    awaited = max(row["end"] for row in naps) - gathered["start"]
    assert 190 * MS <= gathered["blocked"] <= awaited  # the longer nap takes 0.2 s
    assert gathered["blocked"] + gathered["receive"] + gathered["spawn"] <= gathered["end"] - gathered["start"]
