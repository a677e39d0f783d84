"""`nestviz run`: an unmodified program behaves as without it, and is recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter

import pytest
from output import own

import nestviz
from nestviz.recordings import Catalogue

pytestmark = pytest.mark.ray

PROGRAM = """
import sys
import ray
from ray import get, remote

@remote
def leaf(x):
    return x

@ray.remote(num_cpus=0.5)
def parent(n):
    @ray.remote
    def inner(x):
        return x + 1
    return sum(ray.get([leaf.remote(i) for i in range(n)])) + ray.get(inner.remote(0))

ray.init(log_to_driver=False, configure_logging=False)
print(sys.argv[1:], __name__, get(parent.remote(3)))
print("to stderr", file=sys.stderr)
if "fail" in sys.argv:
    raise KeyError("nothing")
if "wait" in sys.argv:
    import time
    print("waiting", flush=True)
    time.sleep(60)
sys.exit(7)
"""


@pytest.fixture
def run(ray_session, tmp_path):
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(PROGRAM), encoding="utf-8")
    env = {**os.environ, "RAY_ADDRESS": ray_session.get_runtime_context().gcs_address, "NESTVIZ_HOME": str(tmp_path / "home")}

    def start(*arguments, command=("-m", "nestviz", "run"), target=(str(script),)):
        line = [sys.executable, *command, *target, *arguments]
        return subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)

    start.home = tmp_path / "home"
    return start


def test_output_arguments_and_status_are_the_program_s_own_and_every_task_is_recorded(run):
    plain, traced = run("a", "--b", command=()), run("a", "--b")
    outputs = [process.communicate(timeout=120) for process in (plain, traced)]
    assert own(outputs[0][0]) == own(outputs[1][0]) == "['a', '--b'] __main__ 4\n"
    assert "to stderr" in outputs[1][1]
    assert plain.returncode == traced.returncode == 7
    (entry,) = Catalogue(run.home).entries()
    assert (entry.name, entry.state, entry.tasks) == ("program", "complete", 5)
    rows = [row for row in nestviz.load(entry.path).to_arrow().to_pylist() if row["kind"] == "task"]
    assert sorted((row["name"], row["depth"]) for row in rows) == [("inner", 2), ("leaf", 2), ("leaf", 2), ("leaf", 2), ("parent", 1)]


def test_an_exception_has_the_program_s_own_traceback(run):
    plain, traced = run("fail", command=()), run("fail")
    errors = [process.communicate(timeout=120)[1] for process in (plain, traced)]
    assert [process.returncode for process in (plain, traced)] == [1, 1]
    tracebacks = [error[error.index("Traceback") :] for error in errors]
    assert tracebacks[0] == tracebacks[1]


def test_a_module_runs_with_a_name_of_its_own(run):
    process = run("x", command=("-m", "nestviz", "run", "--name", "mine", "-m"), target=("program",))
    assert own(process.communicate(timeout=120)[0]) == "['x'] __main__ 4\n"
    assert [entry.name for entry in Catalogue(run.home).entries()] == ["mine"]


def test_an_interrupt_reaches_the_program_and_its_recording_is_closed(run):
    statuses = []
    for process in (run("wait", command=()), run("wait")):
        while "waiting" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
        statuses.append(process.returncode)
    assert statuses[0] == statuses[1] != 0
    (entry,) = Catalogue(run.home).entries()
    assert (entry.state, entry.tasks) == ("complete", 5)


@pytest.mark.parametrize(("arguments", "words"), [((), "a script is missing"), (("nowhere.py",), "there is no script nowhere.py"),
                                                  (("-m", "nowhere_at_all"), "there is no module")])  # fmt: skip
def test_a_missing_program_is_one_clear_line(arguments, words):
    done = subprocess.run([sys.executable, "-m", "nestviz", "run", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


INSTALLED_LATE = """
import ray
from ray import get

@ray.remote
def twice(x):
    return 2 * x

@ray.remote
class Doubler:
    def twice(self, x):
        return get(twice.remote(x))

ray.init(log_to_driver=False, configure_logging=False)
print(get(twice.remote(1)), get(Doubler.remote().twice.remote(2)))

import nestviz
nestviz.install()
print(get(twice.remote(3)), get(Doubler.remote().twice.remote(4)))
"""


def test_one_line_in_the_program_records_what_comes_after_it(run, tmp_path):
    (tmp_path / "program.py").write_text(INSTALLED_LATE, encoding="utf-8")
    process = run(command=())
    assert own(process.communicate(timeout=120)[0]) == "2 4\n6 8\n"
    (entry,) = Catalogue(run.home).entries()
    trace = nestviz.load(entry.path)
    # what came before it, Ray's own record may tell, without saying who called it
    rows = [row for row in trace.to_arrow().to_pylist() if row["kind"] == "task" and row["parent_id"] is not None]
    assert sorted((row["name"], row["depth"], row["state"]) for row in rows) == [
        ("Doubler.__init__", 1, "finished"), ("Doubler.twice", 1, "finished"), ("twice", 1, "finished"), ("twice", 2, "finished"),
    ]  # fmt: skip
    assert {trace.name_of(row) for row in trace.waits.row.tolist()} == {"driver", "Doubler.twice"}


WITHOUT_NESTVIZ = """
import sys
import ray

@ray.remote
def plain(x):
    return x

@ray.remote(num_returns=0)
def nothing(x):
    return None

@ray.remote
def numbers(n):
    for i in range(n):
        yield i

@ray.remote
class Actor:
    def method(self, x):
        return x

    @ray.method(num_returns=0)
    def quiet(self):
        self.x = 1

    async def wait(self, ref):
        return await ref[0]

    async def numbers(self, n):
        for i in range(n):
            yield i

ray.init(log_to_driver=False, configure_logging=False)
there = {"runtime_env": {"env_vars": {"PYTHONPATH": sys.argv[1]}}}
nothing.options(**there).remote(1)
actor = Actor.options(**there).remote()
actor.quiet.remote()
print(ray.get(plain.options(**there).remote(1)), [ray.get(ref) for ref in numbers.options(**there).remote(2)])
print(ray.get(actor.method.remote(3)), ray.get(actor.wait.remote([plain.remote(4)])))
print([ray.get(ref) for ref in actor.numbers.remote(2)])
"""


def test_workers_that_cannot_import_nestviz_run_the_program_all_the_same(run, tmp_path):
    broken = tmp_path / "elsewhere" / "nestviz"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('there is no nestviz here')", encoding="utf-8")
    (tmp_path / "program.py").write_text(WITHOUT_NESTVIZ, encoding="utf-8")
    process = run(str(broken.parent))
    out, err = process.communicate(timeout=120)
    assert (own(out), process.returncode) == ("1 [0, 1]\n3 4\n[0, 1]\n", 0), err
    (entry,) = Catalogue(run.home).entries()
    states = {row["name"]: row["state"] for row in nestviz.load(entry.path).to_arrow().to_pylist()}
    assert states["Actor.method"] == "finished"  # its result arrived, though nobody saw it run


HABITS = """
import asyncio, sys, time
import ray

@ray.remote
def noted(x: int) -> float:
    return sorted((name, str(kind)) for name, kind in noted._function.__annotations__.items())

@ray.remote
class Particular:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return "Particular"

    def __len__(self):
        return self.value

    def size(self):
        return len(self)

@ray.remote(max_retries=0)
def fail():
    raise ValueError("no")

async def forget():
    fail.remote().future()
    await asyncio.wait([asyncio.ensure_future(asyncio.wrap_future(fail.remote().future()))])

ray.init(log_to_driver=False, configure_logging=False)
print(ray.get(noted.remote(1)), noted._function(1) == ray.get(noted.remote(1)))
print(ray.get(Particular.remote(3).size.remote()))
dead = Particular.remote(1)
print(ray.get(dead.size.remote()))
ray.kill(dead)
time.sleep(1)
refs = [dead.size.remote(), noted.remote(fail.remote())]
for ref in refs:
    try:
        ray.get(ref)
    except Exception as error:
        print(type(error).__name__)
print(__debug__, sys.flags.optimize)
"""


def test_a_program_s_habits_are_left_alone_and_what_never_ran_has_its_end(run, tmp_path):
    (tmp_path / "program.py").write_text(HABITS, encoding="utf-8")
    plain, traced = run(command=("-O",)), run(command=("-O", "-m", "nestviz", "run"))
    outputs = [process.communicate(timeout=120) for process in (plain, traced)]
    assert own(outputs[0][0]) == own(outputs[1][0])
    assert [process.returncode for process in (plain, traced)] == [0, 0], outputs[1][1]
    (entry,) = Catalogue(run.home).entries()
    rows = [row for row in nestviz.load(entry.path).to_arrow().to_pylist() if row["kind"] == "task"]
    states = Counter((row["name"], row["state"]) for row in rows if row["name"] != "fail")
    assert states == {
        ("Particular.__init__", "finished"): 2,
        ("Particular.size", "finished"): 2,
        ("Particular.size", "failed"): 1,
        ("noted", "finished"): 2,
        ("noted", "failed"): 1,
    }
