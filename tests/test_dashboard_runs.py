"""Runs from the dashboard: one at a time, on a Ray that is started once, with small programs in the place of real ones."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import streamlit as st
from builders import program_of
from dashboard_fakes import write_recording
from streamlit.testing.v1 import AppTest

from nestviz.dashboard import program
from nestviz.dashboard.runs import RunRequest, Runs
from nestviz.errors import LaunchError, UsageError

ROOT = Path(__file__).parents[1]
RUN_PAGE = ROOT / "nestviz" / "dashboard" / "pages" / "run.py"


@dataclass
class FakeRay:
    """A Ray of which only the address is needed."""

    cpus: float
    address: str = "127.0.0.1:1"
    is_alive: bool = True
    environment: dict[str, str] = field(default_factory=dict)

    def stop(self) -> None:
        self.is_alive = False


@dataclass(frozen=True)
class Script(RunRequest):
    """A request whose program is a line of Python."""

    code: str = "pass"

    def argv(self) -> list[str]:
        return [sys.executable, "-c", self.code]


class Rays:
    """Starts fake Rays and remembers them; waits at a gate when there is one."""

    def __init__(self) -> None:
        self.started: list[FakeRay] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, cpus, say) -> FakeRay:
        say("Starting Ray, 0 s")
        self.gate.wait()
        self.started.append(FakeRay(cpus))
        return self.started[-1]


@pytest.fixture
def rays():
    return Rays()


@pytest.fixture
def runs(rays):
    return Runs(start_ray=rays, environment={"RAY_ADDRESS": "local", "PATH": os.environ["PATH"]}, clock=iter(range(1, 1000)).__next__)


def request(code: str = "pass", cpus: int | None = 4) -> Script:
    return Script("quicksort", 4_000_000, 200_000, 1, cpus, code=code)


def settle(runs: Runs) -> None:
    """Wait until what was asked for is done, and its program has ended."""
    for thread in threading.enumerate():
        if thread.name.startswith("nestviz-"):
            thread.join()
    for driver in runs._drivers.values():
        driver._process.wait()


def carried_out(runs: Runs, home: Path, code: str = "pass", cpus: int | None = 4):
    run = runs.start(request(code, cpus), home, frozenset())
    settle(runs)
    return runs.numbered(run.number)


def test_a_request_is_a_demonstration_of_one_size():
    command = RunRequest("quicksort", 4_000_000, 200_000, 7, 4).argv()
    assert command[1:] == ["-m", "nestviz", "demo", "quicksort", "--sizes", "4000000", "--threshold", "200000", "--seed", "7"]
    plain = RunRequest("fibonacci", 8, None, 7, 4, is_sequential_run=False).argv()
    assert plain[1:] == ["-m", "nestviz", "demo", "fibonacci", "--sizes", "8", "--seed", "7", "--no-sequential"]


def test_a_run_finishes_with_its_output(runs, tmp_path):
    run = carried_out(runs, tmp_path, "print('sorted')")
    assert (run.stage, run.output, run.problem) == ("finished", "sorted\n", "")
    assert run.ended_s > run.began_s


def test_a_program_learns_where_ray_and_its_recordings_are(runs, tmp_path):
    names = "RAY_ADDRESS", "NESTVIZ_HOME", "NESTVIZ_NAME"
    run = carried_out(runs, tmp_path, f"import os; print(*(os.environ[name] for name in {names}))")
    assert run.output.split() == ["127.0.0.1:1", str(tmp_path), "quicksort-4000000"]


def test_a_failing_program_has_failed_and_said_why(runs, tmp_path):
    run = carried_out(runs, tmp_path, "raise SystemExit('no memory left')")
    assert (run.stage, run.output.strip()) == ("failed", "no memory left")


def test_ray_is_started_once_and_anew_for_another_number_of_cpus(runs, rays, tmp_path):
    for cpus in (4, 4, 2):
        carried_out(runs, tmp_path, cpus=cpus)
    assert [(ray.cpus, ray.is_alive) for ray in rays.started] == [(4, False), (2, True)]
    assert runs.embedded_cpus == 2


def test_ray_is_started_anew_when_it_has_died(runs, rays, tmp_path):
    carried_out(runs, tmp_path)
    rays.started[0].is_alive = False
    assert runs.embedded_cpus is None
    carried_out(runs, tmp_path)
    assert len(rays.started) == 2


def test_a_second_run_waits_for_the_end_of_the_first(runs, rays, tmp_path):
    rays.gate.clear()
    runs.start(request(), tmp_path, frozenset())
    with pytest.raises(UsageError, match="quicksort 4,000,000 is still running"):
        runs.start(request(), tmp_path, frozenset())
    rays.gate.set()
    settle(runs)


def test_a_run_is_stopped_while_it_runs(runs, tmp_path):
    run = runs.start(request("import threading; threading.Event().wait()"), tmp_path, frozenset())
    for thread in threading.enumerate():
        if thread.name == f"nestviz-run-{run.number}":
            thread.join()
    runs.stop(run.number)
    settle(runs)
    assert runs.numbered(run.number).stage == "stopped"


def test_a_run_is_stopped_while_ray_starts_and_the_next_one_takes_that_ray(runs, rays, tmp_path):
    rays.gate.clear()
    stopped = runs.start(request("print('never')"), tmp_path, frozenset())
    runs.stop(stopped.number)
    assert runs.numbered(stopped.number).stage == "stopped"
    following = runs.start(request("print('second')"), tmp_path, frozenset())
    rays.gate.set()
    settle(runs)
    assert len(rays.started) == 1
    assert runs.numbered(stopped.number).output == ""
    assert runs.numbered(following.number).output == "second\n"


def test_a_ray_that_does_not_start_is_the_run_s_problem(tmp_path):
    def refuse(_cpus, _say):
        raise LaunchError("Ray did not start: no memory")

    runs = Runs(start_ray=refuse, environment={"RAY_ADDRESS": "local"})
    run = carried_out(runs, tmp_path)
    assert (run.stage, run.problem) == ("failed", "Ray did not start: no memory")


# The page


@pytest.fixture
def page(monkeypatch, tmp_path, runs):
    """Opens the Run page on the fake Rays."""
    monkeypatch.setenv("NESTVIZ_HOME", str(tmp_path))
    monkeypatch.setattr(program, "runs", lambda: runs)
    st.cache_resource.clear()

    def opened() -> AppTest:
        app = AppTest.from_file(ROOT / "app.py", default_timeout=30).run().switch_page(str(RUN_PAGE)).run()
        assert not app.exception
        return app

    return opened


def test_the_page_offers_every_workload_with_its_parameters(page):
    app = page()
    assert app.button(key="run").label == "Run quicksort 4,000,000"
    app.selectbox(key="workload").select("nqueens").run()
    assert [field.label for field in app.number_input] == ["Queens", "Seed", "Rows placed by tasks", "CPUs"]
    app.number_input(key="size-nqueens").set_value(6).run()
    assert app.button(key="run").label == "Run nqueens 6"


def test_the_page_shows_progress_and_a_stop_button_while_ray_starts(page, runs, rays):
    rays.gate.clear()
    app = page()
    app.button(key="run").click().run()
    assert app.status[0].label.startswith("quicksort 4,000,000: ")
    assert app.button(key="run").disabled
    app.button(key="stop").click().run()
    assert app.subheader[1].value.startswith("quicksort 4,000,000 stopped after")
    assert not app.button(key="run").disabled
    rays.gate.set()
    settle(runs)


def test_the_page_shows_why_a_program_failed(page, runs, tmp_path):
    carried_out(runs, tmp_path, "raise SystemExit('no `memory` left')")
    app = page()
    assert app.subheader[1].value == "quicksort 4,000,000 failed"
    assert app.error[0].value == "no \\`memory\\` left"
    assert app.code[0].value == "no `memory` left"


def test_the_page_goes_to_the_recording_as_soon_as_there_is_one(page, runs, tmp_path):
    run = carried_out(runs, tmp_path)
    app = page()
    app.session_state["followed_run"] = run.number
    write_recording(tmp_path, "quicksort-20231114-221320-01000000", program_of("root(a b)"), pid=run.pid)
    app.run()
    assert {metric.label: metric.value for metric in app.metric}["Tasks"] == "3"
    assert app.query_params["recording"] == "quicksort-20231114-221320-01000000"


def test_a_recording_of_somebody_else_is_not_taken_for_the_run_s(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("NESTVIZ_HOME", str(tmp_path))
    st.cache_resource.clear()
    run = carried_out(runs, tmp_path)
    write_recording(tmp_path, "other-20231114-221320-01000000", program_of("root"))
    assert program.recording_of(run) == ""
    assert program.recording_of(replace(run, pid=0)) == ""


def test_an_unreachable_cluster_is_one_clear_line(page, monkeypatch):
    is_up = []

    def find():
        if not is_up:
            raise LaunchError("no Ray can be reached at RAY_ADDRESS=10.0.0.1:6379")

    monkeypatch.setattr(program.runs(), "cluster", find)
    app = page()
    assert "no Ray can be reached" in app.error[0].value.replace("\\", "")
    assert app.button(key="run").disabled
    is_up.append(True)
    program.cluster_watch().look()
    app.run()
    assert not app.error
    assert not app.button(key="run").disabled
