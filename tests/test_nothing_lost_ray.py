"""Real programs on a Ray of their own: everything killed at once, and a recordings folder that cannot be written for a while."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter

import psutil
import pytest
from test_unrecorded import fill

import nestviz
from nestviz.events import State
from nestviz.recordings import Catalogue, unrecorded_programs

pytestmark = pytest.mark.ray

PATIENCE_S = 60
TASKS = 200
PROGRAM = f"""
import ray

@ray.remote
def f(x): return x

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
for _ in range(2):
    print(sum(ray.get([f.remote(i) for i in range({TASKS})])), flush=True)
    input()
"""


@pytest.fixture
def start(no_session_ray, tmp_path):
    """Starts the program under `nestviz run`, recording into that folder."""
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM), encoding="utf-8")
    programs = []

    def started(home):
        env = {**os.environ, "NESTVIZ_HOME": str(home)}
        env.pop("RAY_ADDRESS", None)
        command = [sys.executable, "-m", "nestviz", "run", str(tmp_path / "program.py")]
        programs.append(subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert programs[-1].stdout.readline() == f"{TASKS * (TASKS - 1) // 2}\n"
        return programs[-1]

    yield started
    for program in programs:
        program.kill()
        program.wait()


def until(true):
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_had_finished_when_everything_was_killed_at_once_is_in_the_recording(start, tmp_path):
    program = start(tmp_path / "home")
    family = psutil.Process(program.pid).children(recursive=True)
    for process in family:
        process.send_signal(signal.SIGSTOP)  # so that nobody notices the others' death and tidies up
    for process in family:
        process.kill()
    psutil.wait_procs(family, PATIENCE_S)
    (entry,) = Catalogue(tmp_path / "home").entries()
    trace = nestviz.load(entry.path)
    assert (entry.state, entry.tasks, entry.is_closed) == ("interrupted", TASKS, True)
    assert trace.info.reason.endswith("ended, and the program with it")
    assert [State(state) for state in trace.tasks.state] == [State.FINISHED] * TASKS


@pytest.fixture(params=["a file in its place", "a full disk"])
def unwritable(request, tmp_path):
    """A recordings folder that cannot be written, the reason, and what makes it writable."""
    place = tmp_path / "place"
    if request.param == "a file in its place":
        place.write_text("")
        yield place / "home", "Not a directory", place.unlink
        return
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    (place / "home").mkdir()
    yield place / "home", "No space left on device", fill(place).unlink
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_program_runs_on_unrecorded_and_is_recorded_when_that_is_possible(start, unwritable):
    home, reason, make_room = unwritable
    program = start(home)
    until(lambda: any(reason in sentence for sentence in unrecorded_programs()))
    (sentence,) = [sentence for sentence in unrecorded_programs() if str(home) in sentence]
    assert sentence.startswith("program.py (pid ")
    assert f"is running but not recorded: cannot write {home}" in sentence
    make_room()
    until(lambda: not any(str(home) in sentence for sentence in unrecorded_programs()))
    assert Catalogue(home).entries()[0].state == "live"
    program.communicate("\n\n", timeout=PATIENCE_S)
    assert program.returncode == 0
    (entry,) = Catalogue(home).entries()
    assert Counter(row["name"] for row in nestviz.load(entry.path).to_arrow().to_pylist()) == {"f": 2 * TASKS}
    assert (entry.state, entry.tasks) == ("complete", 2 * TASKS)
