"""A whole Ray cluster is killed while the dashboard watches; a new one serves the next run of the same server."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from nestviz.dashboard import cut, news, program
from nestviz.dashboard.clusters import ClusterWatch
from nestviz.dashboard.runs import RunRequest, Runs
from nestviz.events import State
from nestviz.recordings import Catalogue, load

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[1]
PATIENCE_S = 120


@pytest.fixture
def runs(no_session_ray, tmp_path, monkeypatch):
    """The server's runs on a Ray of their own, and its eye on it."""
    monkeypatch.setenv("NESTVIZ_HOME", str(tmp_path))
    runs = Runs(environment={"RAY_ADDRESS": "local"})
    watch = ClusterWatch(runs.cluster, time.time)
    for module in (program, news, cut):
        monkeypatch.setattr(module, "cluster_watch", lambda: watch)
    for module in (program, news):
        monkeypatch.setattr(module, "runs", lambda: runs)
    runs.look = watch.look
    st.cache_resource.clear()
    yield runs
    if runs.latest() is not None:
        runs.stop(runs.latest().number)
    if runs._embedded is not None:
        runs._embedded.stop()


def until(true):
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def html_of(app):
    return "\n".join(element.proto.body for element in app.get("html"))


def test_the_page_says_that_the_cluster_stopped_and_the_next_run_has_a_new_one(runs, tmp_path):
    catalogue = Catalogue(tmp_path)
    long = RunRequest("quicksort", 20_000_000, 50_000, 1, 2, is_sequential_run=False)
    runs.start(long, tmp_path, frozenset())
    until(lambda: any(entry.state == "live" and entry.tasks > 1 for entry in catalogue.entries()))
    app = AppTest.from_file(ROOT / "app.py", default_timeout=60).run()
    assert "has stopped" not in html_of(app)
    address = runs.cluster().address
    for process in psutil.Process(runs._embedded._process.pid).children(recursive=True):
        process.kill()
    until(lambda: catalogue.entries()[0].state == "interrupted")
    runs.look()
    said = html_of(app.run())
    assert f"The Ray cluster at {address} has stopped" in said
    assert f"<b>Interrupted</b>: the Ray cluster at {address} has stopped" in said
    assert [link.proto.label.startswith("Open what was recorded of quicksort") for link in app.get("page_link")] == [True]

    runs.stop(runs.latest().number)
    until(lambda: runs.latest().is_over)
    (entry,) = catalogue.entries()
    assert (entry.state, entry.is_closed) == ("interrupted", True)
    trace = load(entry.path)
    assert trace.info.reason == f"the Ray cluster at {address} ended, and the program with it"
    assert not {State.RUNNING, State.BLOCKED} & {State(state) for state in trace.rows.state}

    runs.start(RunRequest("quicksort", 1_000, 1_000, 1, 2, is_sequential_run=False), tmp_path, frozenset())
    until(lambda: runs.latest().is_over)
    assert runs.latest().stage == "finished"
    runs.look()
    assert "has stopped" not in html_of(app.run())
    assert runs.cluster().address != address
