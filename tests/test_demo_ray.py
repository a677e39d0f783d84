"""Real runs: an embedded Ray in its own process, drivers attached to it, and the demonstration's exact words."""

from __future__ import annotations

import ast
import json
import os
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from nestviz.launch.cluster import EmbeddedRay
from nestviz.launch.driver import Driver
from nestviz.launch.environment import child_environment
from nestviz.recordings import Catalogue, load

pytestmark = pytest.mark.ray

FORM = re.compile(
    r"Array size: 1000\nSequential execution: \d+\.\d{3}\nDistributed execution: \d+\.\d{3}\n--------------------\n"
    r"Array size: 3000\nSequential execution: \d+\.\d{3}\nDistributed execution: \d+\.\d{3}\n--------------------\n"
)

ALL_RESULTS = """
import hashlib, ray
from nestviz.workloads import WORKLOADS
ray.init(log_to_driver=False, logging_level="ERROR")
sizes = {"quicksort": (2000, 900), "quicksort-numpy": (2000, 900), "mergesort": (2000, 900), "fibonacci": (5, 1),
         "nqueens": (5, 1), "random-tree": (6, 1)}
digests = {}
for name, (size, threshold) in sizes.items():
    program = WORKLOADS[name].load()
    given = program.make_input(size, 3)
    result = program.run_distributed(given, threshold)
    program.check(given, result)
    assert str(program.run_sequential(given, threshold)) == str(result)
    digests[name] = hashlib.sha256(repr(getattr(result, "tolist", lambda: result)()).encode()).hexdigest()
print(digests)
"""


@pytest.fixture(scope="module")
def embedded(no_session_ray):
    ray = EmbeddedRay.start(2)
    yield ray
    ray.stop()
    assert not ray.is_alive


@pytest.fixture
def nestviz(embedded, tmp_path):
    """Runs `nestviz …` attached to the embedded Ray, recording into a home of the test's own."""

    def run(*argv, status=0, **variables):
        env = child_environment({**embedded.environment, "NESTVIZ_HOME": str(tmp_path), **variables})
        command = [sys.executable, "-m", "nestviz", *argv]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == status, done.stderr
        return done

    return run


def test_the_embedded_ray_listens_on_this_machine_alone(embedded):
    host, port = embedded.address.split(":")
    assert (host, embedded.cpus) == ("127.0.0.1", 2.0)
    # the kernel's table: local address, remote address, state 0A = listening; 0100007F is 127.0.0.1
    lines = [*Path("/proc/net/tcp").read_text().splitlines(), *Path("/proc/net/tcp6").read_text().splitlines()]
    listening = [line.split()[1] for line in lines if " 0A " in line]
    assert {place.split(":")[0][-8:] for place in listening if place.endswith(f":{int(port):04X}")} == {"0100007F"}


def test_the_demo_prints_this_form_and_nothing_else(nestviz):
    assert FORM.fullmatch(nestviz("demo", "quicksort", "--sizes", "1000,3000", "--threshold", "1000").stdout)


def test_the_demo_records_a_section_per_size_with_its_times(nestviz, tmp_path):
    done = nestviz("demo", "quicksort", "--sizes", "1000", "3000", "--threshold", "1000", "--json")
    first, second = json.loads(done.stdout)
    assert (first["size"], second["size"], second["threshold"], second["seed"]) == (1000, 3000, 1000, 1)
    entry = Catalogue(tmp_path).find(second["recording"])
    assert (entry.name, entry.state) == ("quicksort", "complete")
    trace = load(str(entry.path), section=second["section"])
    times = dict(zip(trace.notes.key, trace.notes.value, strict=True))
    assert (times["size"], times["sequential_s"], times["distributed_s"]) == (3000, second["sequential_s"], second["distributed_s"])
    table = trace.to_arrow().to_pylist()
    tasks = [row for row in table if row["kind"] == "task"]
    assert tasks
    assert {row["name"] for row in tasks} == {"quick_sort"}
    assert tasks[0]["size"] == 3000


def test_the_sequential_run_can_be_left_out(nestviz):
    done = nestviz("demo", "fibonacci", "--sizes", "4", "--no-sequential")
    assert re.fullmatch(r"Array size: 4\nDistributed execution: \d+\.\d{3}\n-{20}\n", done.stdout)


def test_cpus_cannot_be_chosen_on_an_existing_cluster(nestviz):
    done = nestviz("demo", "fibonacci", "--cpus", "2", status=2)
    assert done.stderr.startswith("nestviz: the number of CPUs cannot be chosen on an existing cluster")


def test_every_workload_gives_the_same_result_with_and_without_capture(embedded, tmp_path):
    digests = []
    for switch in ("1", "0"):
        env = child_environment({**embedded.environment, "NESTVIZ_HOME": str(tmp_path), "NESTVIZ": switch})
        command = [sys.executable, "-c", ALL_RESULTS]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        digests.append(ast.literal_eval(done.stdout))
    assert digests[0] == digests[1]
    assert len(digests[0]) == 6
    assert len(list(tmp_path.glob("*.nestviz"))) == 1


def test_a_stopped_demo_leaves_a_complete_recording(embedded, tmp_path):
    started = tmp_path / "started"
    os.mkfifo(started)
    code = (
        "import ray, nestviz, signal\nray.init(log_to_driver=False)\n"
        "@nestviz.remote\ndef task(): return 1\nray.get(task.remote())\n"
        f"open({str(started)!r}, 'w').close()\nsignal.pause()"
    )
    driver = Driver.start(
        [sys.executable, "-c", code],
        address=embedded.address,
        home=tmp_path,
        log_path=tmp_path / "log",
        environment=embedded.environment,
    )
    started.read_text()
    driver.stop(grace_s=20)
    assert driver.state == "stopped"
    (entry,) = Catalogue(tmp_path).entries()
    assert (entry.state, entry.tasks) == ("complete", 1)


def test_an_embedded_ray_ends_with_the_process_that_started_it_even_if_that_is_killed():
    code = (
        "import os, signal\nfrom nestviz.launch.cluster import EmbeddedRay\n"
        "ray = EmbeddedRay.start(1)\nprint(ray._process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=child_environment({}), stdout=subprocess.PIPE, text=True, check=False)
    try:
        host = os.pidfd_open(int(done.stdout))
    except ProcessLookupError:
        return  # it has ended already
    assert select.select([host], [], [], 60)[0], "the host of the embedded Ray still runs"
