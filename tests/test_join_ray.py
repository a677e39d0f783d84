"""Ray's own record joined in on a real Ray: times as Ray measured them, tasks that capture missed, programs without nestviz."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nestviz.recordings import Catalogue, load

pytestmark = pytest.mark.ray

MS = 1_000_000

MIXED = """
import json, time, ray, nestviz

@nestviz.remote
def big(data):
    time.sleep(0.1)
    return data

@ray.remote
def plain(x):
    time.sleep(0.05)
    return x

@nestviz.remote
def parent():
    return ray.get([plain.options(name="named").remote(3), big.remote([1])])

ray.init(log_to_driver=False, configure_logging=False)
ray.get(parent.remote())
ray.get(big.options(name="heavy").remote(list(range(1_000_000))))
time.sleep(1.2)
print(json.dumps(ray.timeline()))
"""

NESTED = """
import sys, time, ray

@ray.remote
def down(n):
    return 1 if n == 0 else sum(ray.get([down.remote(n - 1), down.remote(n - 1)]))

@ray.remote
class Counter:
    def __init__(self):
        self.value = 0

    def add(self, n):
        self.value += ray.get(down.remote(n))
        return self.value

ray.init(log_to_driver=False, configure_logging=False)
counter = Counter.remote()
print(ray.get(counter.add.remote(2)), flush=True)
time.sleep(1.2)  # a worker tells Ray once a second, and not when it is ended
sys.stdin.read()
"""
TASKS_OF_NESTED = 2 + 7


class Programs:
    """Starts drivers and `nestviz` commands that are attached to one cluster and record into a home of their own."""

    def __init__(self, folder: Path, address: str):
        self.folder = folder
        self.home = folder / "home"
        self.env = {**os.environ, "RAY_ADDRESS": address, "NESTVIZ_HOME": str(self.home)}
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *argv, **variables):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen([sys.executable, *argv], env={**self.env, **variables}, cwd=self.folder, **pipes)
        self._started.append(process)
        return process

    def program(self, text, *before):
        script = self.folder / "program.py"
        script.write_text(textwrap.dedent(text), encoding="utf-8")
        return self.start(*before, str(script))

    def attach(self, *arguments):
        return self.start("-m", "nestviz", "attach", *arguments)

    def recorded(self):
        (entry,) = Catalogue(self.home).entries()
        return load(entry.path)

    def end(self):
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def programs(ray_session, tmp_path):
    started = Programs(tmp_path, ray_session.get_runtime_context().gcs_address)
    yield started
    started.end()


def rows_of(trace):
    return [row for row in trace.to_arrow().to_pylist() if row["kind"] == "task"]


def only(rows, name):
    (row,) = [row for row in rows if row["name"] == name]
    return row


def finished(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out, err


def inner_event(timeline, name, kind):
    """Begin and end in ns of Ray's event of that kind inside the only task of that name."""
    (task,) = [e for e in timeline if e["cat"] == f"task::{name}"]
    (inner,) = [
        e for e in timeline
        if e["cat"] == kind and e["tid"] == task["tid"] and task["ts"] <= e["ts"] <= task["ts"] + task["dur"]
    ]  # fmt: skip
    return inner["ts"] * 1000, (inner["ts"] + inner["dur"]) * 1000


def test_fetch_store_and_times_are_ray_s_own_and_a_plain_task_is_found(programs):
    out, _ = finished(programs.program(MIXED))
    timeline, trace = json.loads(out), programs.recorded()
    rows = rows_of(trace)
    heavy, plain, parent = (only(rows, name) for name in ("heavy", "named", "parent"))
    begin, end = inner_event(timeline, "heavy", "task:execute")
    assert (heavy["start"], heavy["end"]) == (pytest.approx(begin, abs=5 * MS), pytest.approx(end, abs=5 * MS))
    fetch, store = (inner_event(timeline, "heavy", kind) for kind in ("task:deserialize_arguments", "task:store_outputs"))
    assert heavy["fetch"] == pytest.approx(fetch[1] - fetch[0], abs=MS)
    assert heavy["store"] == pytest.approx(store[1] - store[0], abs=MS)
    assert min(heavy["fetch"], heavy["store"]) > 5 * MS
    assert (plain["parent_id"], plain["state"]) == (parent["task_id"], "finished")
    assert plain["end"] - plain["start"] == pytest.approx(50 * MS, rel=0.5)
    assert trace.sources == ("capture", "ray.timeline")
    assert {row["name"] for row in rows} == {"big", "heavy", "named", "parent"}


def test_attach_records_a_running_program_until_it_ends(programs):
    program = programs.program(NESTED)
    assert program.stdout.readline() == "4\n"
    several = programs.attach()
    assert several.communicate(timeout=60)[1].count("\n") == 1
    assert several.returncode == 2
    job = newest_job()
    attached = programs.attach("--job", job, "--name", "seen", "--interval", "0.2")
    while job not in attached.stderr.readline():
        pass
    program.communicate(timeout=60)
    finished(attached)
    trace = programs.recorded()
    rows = rows_of(trace)
    assert (trace.info.name, trace.info.state, trace.info.driver_pid) == ("seen", "complete", program.pid)
    assert trace.sources == ("ray.timeline",)
    assert sorted(row["name"] for row in rows) == ["Counter.__init__", "Counter.add", *["down"] * 7]
    assert all(row["state"] == "finished" and row["fetch"] >= 0 and row["store"] >= 0 and row["worker_id"] for row in rows)
    assert trace.missing[0].startswith("Made from Ray's own record alone")
    assert trace.missing[-1].startswith(f"The parents of {TASKS_OF_NESTED} tasks are not known")


def test_an_interrupted_attach_leaves_a_complete_recording(programs):
    program = programs.program(NESTED)
    assert program.stdout.readline() == "4\n"
    attached = programs.attach("--job", newest_job())
    while "recording job" not in attached.stderr.readline():
        pass
    attached.send_signal(signal.SIGINT)
    finished(attached)
    trace = programs.recorded()
    assert (trace.info.state, len(rows_of(trace))) == ("complete", TASKS_OF_NESTED)


def newest_job():
    from nestviz.collector.ray_jobs import running_jobs

    return running_jobs()[-1].job_id
