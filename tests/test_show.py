"""What `nestviz show` says of a recording, for people and for programs."""

from __future__ import annotations

import json

import pytest
from builders import MS, RecordingBuilder
from dashboard_fakes import write_recording

from nestviz.cli.main import main


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NESTVIZ_HOME", str(tmp_path))
    builder = RecordingBuilder(cpus=2)
    root = builder.start(builder.submit("sort", size=200), 1)
    block = builder.open_block(root, "partition", 1)
    builder.close_block(root, block, 41)
    halves = [builder.submit("sort", root, 41, size=100) for _ in range(2)]
    builder.run(halves[0], 43, 83)
    builder.run(halves[1], 43, 93)
    builder.get(root, halves, 41, 93)
    builder.end(root, 101)
    builder.close(101)
    write_recording(tmp_path, "sorted", builder)
    write_recording(tmp_path, "empty", RecordingBuilder())
    return tmp_path


def shown(capsys, *argv):
    assert main(["show", *argv]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_the_limit_and_what_nesting_cost_are_said_in_words(home, capsys):
    out = shown(capsys, "sorted")
    assert "limit at most 1.4 × faster than on one CPU, on any number of CPUs, because sort(100) is 50 % of the critical path" in out
    assert "nesting cost 3 ms of the makespan, 5 ms in all tasks" in out


def test_every_function_has_its_phases_in_per_cent(home, capsys):
    out = shown(capsys, "sorted")
    assert "FUNCTION TASKS LIVES SUBMIT QUEUE FETCH COMPUTE SPAWN BLOCKED RECEIVE STORE LOST" in out
    assert "sort 3 195 ms – 3% – 71% – 27% – – 5 ms" in out


def test_the_critical_path_is_summed_up_by_block_and_function(home, capsys):
    assert (
        "CRITICAL PATH PHASE TIME SHARE sort compute 58 ms 57.4% partition in sort compute 40 ms 39.6% sort queue 3 ms 3.0%"
    ) in shown(capsys, "sorted")


def test_other_numbers_of_cpus_are_predicted(home, capsys):
    out = shown(capsys, "sorted")
    assert "measured: 101 ms on 2 CPUs" in out
    assert "2 101 ms 98 ms" in out
    assert "1 143 ms 138 ms" in out


def test_json_has_all_of_it(home, capsys):
    assert main(["show", "sorted", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    promised = {
        "recording", "state", "tasks", "states", "depth", "workers", "makespan_ns", "work_ns", "span_ns", "burdened_span_ns",
        "parallelism", "speedup", "efficiency", "phases_ns", "critical_path", "lost_events",
    }  # fmt: skip
    assert promised <= set(found)
    assert found["queue_ns"] == {"dependencies": 0, "cpu": 0, "worker": 0, "cap": 0, "unknown": 5 * MS}
    assert [one["name"] for one in found["functions"]] == ["sort"]
    assert found["path_shares"][1]["block"] == "partition"
    assert [point["cpus"] for point in found["what_if"]["cpus"]] == [1, 2, 4, 8, 16, 32, 64]
    assert found["what_if"]["thresholds"]["function"] == "sort"
    assert sum(step["end_ns"] - step["begin_ns"] for step in found["critical_path"]) == found["makespan_ns"]


def test_an_empty_recording_is_shown_too(home, capsys):
    out = shown(capsys, "empty")
    assert "tasks 0" in out
    assert "what if" not in out
    assert main(["show", "empty", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["what_if"] == {
        "cpus": [], "thresholds": {"function": "", "points": [], "best_size": None, "advice": ""},
    }  # fmt: skip
