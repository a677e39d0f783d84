"""What stands above every page: a cluster that stopped, a new one, programs that are not recorded; and why a recording was cut."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import streamlit as st
from builders import RecordingBuilder, program_of
from dashboard_fakes import LiveJournal, quicksort, write_recording
from streamlit.testing.v1 import AppTest

from nestviz.collector import problems
from nestviz.collector.problems import leave_problem
from nestviz.dashboard import cut, news, program
from nestviz.dashboard.clusters import ClusterNews, ClusterWatch
from nestviz.errors import LaunchError
from nestviz.events import Chunk, ChunkKind
from nestviz.launch.cluster import ExternalRay

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "nestviz" / "dashboard" / "pages"
OLD, NEW = ExternalRay("auto", "127.0.0.1", 6379), ExternalRay("10.0.0.1:6380", "10.0.0.1", 6380)


class Cluster:
    """What `find` finds; anything may be put into its place."""

    def __init__(self):
        self.found = OLD

    def __call__(self):
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def watch(cluster):
    return ClusterWatch(cluster, time.time)


# The watch


def test_a_cluster_that_stops_is_lost_and_another_one_is_found(cluster):
    watch = ClusterWatch(cluster, lambda: 5.0)
    assert watch.news() == ClusterNews("127.0.0.1:6379", is_up=True, is_external=True, alive_s=5.0)
    cluster.found = None
    watch.look()
    assert (watch.news().is_lost, watch.news().address) == (True, "127.0.0.1:6379")
    cluster.found = NEW
    watch.look()
    assert (watch.news().is_lost, watch.news().address) == (False, "10.0.0.1:6380")


def test_where_there_never_was_a_cluster_none_is_lost(cluster, watch):
    cluster.found = None
    assert watch.news() == ClusterNews()


def test_an_address_that_leads_nowhere_is_a_problem_until_it_leads_somewhere(cluster, watch):
    cluster.found = LaunchError("no Ray can be reached")
    assert (watch.news().problem, watch.news().is_lost) == ("no Ray can be reached", False)
    cluster.found = OLD
    watch.look()
    cluster.found = LaunchError("no Ray can be reached any more")
    watch.look()
    assert (watch.news().problem, watch.news().is_lost) == ("no Ray can be reached any more", True)


def test_it_looks_again_after_a_while_without_making_anybody_wait(cluster):
    now = [0.0]
    watch = ClusterWatch(cluster, lambda: now[0])
    watch.news()
    cluster.found = None
    assert watch.news().is_up
    now[0] = 10.0
    watch.news()
    while watch.news().is_up:
        pass
    assert watch.news().is_lost


# The pages


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, watch):
    monkeypatch.setenv("NESTVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(problems, "base_folder", lambda: tmp_path / "meeting")
    monkeypatch.setattr(problems, "_MEMORY", tmp_path / "memory")
    for module in (program, news, cut):
        monkeypatch.setattr(module, "cluster_watch", lambda: watch)
    st.cache_resource.clear()
    return tmp_path / "home"


def opened(page: str = "live", **address: str) -> AppTest:
    app = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    for name, text in address.items():
        app.query_params[name] = text
    app.run()
    if page != "live":
        app.switch_page(str(PAGES / f"{page}.py")).run()
    assert not app.exception
    return app


def html_of(app):
    return "\n".join(element.proto.body for element in app.get("html"))


def links_of(app):
    return [element.proto.label for element in app.get("page_link")]


@pytest.mark.parametrize("page", ["live", "run", "recordings"])
def test_every_page_says_that_the_cluster_stopped_until_there_is_another(cluster, watch, page):
    app = opened(page)
    assert "has stopped" not in html_of(app)
    cluster.found = None
    watch.look()
    assert "The Ray cluster at 127.0.0.1:6379 has stopped" in html_of(app.run())
    cluster.found = NEW
    watch.look()
    assert "has stopped" not in html_of(app.run())


def test_what_was_recorded_of_a_lost_cluster_is_one_click_away(cluster, watch, home):
    write_recording(home, "old-20231114-221320-01000000", quicksort())
    os.utime(home / "old-20231114-221320-01000000.nestviz", (1, 1))
    journal = LiveJournal(home, "lost-20231114-221320-02000000", name="lost [one]")
    journal.write(program_of("root(a b)"))
    journal.writer.write_end("interrupted", time.time_ns(), "the Ray cluster ended")
    journal.close()
    app = opened("recordings")
    cluster.found = None
    watch.look()
    assert [link.replace("\\", "") for link in links_of(app.run())] == ["Open what was recorded of lost [one]"]


def test_the_run_page_knows_the_new_cluster_without_a_new_server(cluster, watch):
    app = opened("run")
    assert app.text_input(key="cluster_cpus").value == "all of the cluster at 127.0.0.1:6379"
    cluster.found = None
    watch.look()
    assert app.run().number_input(key="cpus").value
    cluster.found = NEW
    watch.look()
    assert app.run().text_input(key="cluster_cpus").value == "all of the cluster at 10.0.0.1:6380"


def test_a_program_that_runs_without_being_recorded_is_named_with_the_reason(home, tmp_path):
    folder = tmp_path / "meeting" / "session" / "01000000"
    folder.mkdir(parents=True)
    meta = {"name": "x", "command": "program.py", "driver_pid": os.getpid()}
    leave_problem(folder, "collector", "cannot write /r.nestviz: No space left on device", meta)
    app = opened()
    said = app.error[0].value.replace("\\", "").replace("\u2060", "")
    assert said == f"program.py (pid {os.getpid()}) is running but not recorded: cannot write /r.nestviz: No space left on device"
    (path,) = folder.iterdir()
    path.unlink()
    assert not app.run().error


def test_a_record_that_stands_still_because_it_cannot_be_written_is_no_stall(home, tmp_path):
    builder = RecordingBuilder()
    builder.get(None, [builder.submit("child")], 1)
    journal = LiveJournal(home, "stands-20231114-221320-01000000", pid=os.getpid())
    journal.epoch_ns -= 60 * 10**9
    journal.write(builder)
    assert "nothing has moved" in html_of(opened())
    leave_problem(tmp_path / "meeting" / "session" / "01", "collector", "no room", {"name": "x", "driver_pid": os.getpid()})
    assert "nothing has moved" not in html_of(opened())
    journal.close()


def test_an_interrupted_recording_says_why_and_can_be_taken_along(home):
    builder = program_of("root(a b)")
    builder.extra[-1] = Chunk(ChunkKind.END, 0, 0, 0, json.dumps({"state": "interrupted", "reason": "the <driver> died"}).encode())
    write_recording(home, "cut-20231114-221320-01000000", builder)
    app = opened()
    assert "<b>Interrupted</b>: the &lt;driver&gt; died." in html_of(app)
    assert [button.proto.label for button in app.get("download_button")] == ["Download what was recorded"]


def test_a_recording_that_nobody_closed_is_explained_by_the_end_of_its_cluster(cluster, watch, home):
    builder = program_of("root(a b)")
    builder.extra.clear()
    write_recording(home, "cut-20231114-221320-01000000", builder, address="127.0.0.1:6379")
    app = opened()
    assert "nobody has closed it" in html_of(app)
    cluster.found = None
    watch.look()
    assert "<b>Interrupted</b>: the Ray cluster at 127.0.0.1:6379 has stopped." in html_of(app.run())


def test_a_complete_recording_was_not_cut(home):
    write_recording(home, "whole-20231114-221320-01000000", quicksort())
    assert "Interrupted" not in html_of(opened())
