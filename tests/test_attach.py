"""`nestviz attach` without Ray: which job is meant, and what a recording made from Ray's record alone looks like."""

from __future__ import annotations

import pytest
from builders import DRIVER_ID, MS, Task

from nestviz.cli.main import main
from nestviz.collector.attachment import Attachment
from nestviz.collector.naming import program_name, recording_id, safe_name
from nestviz.collector.observation import Observation, SeenWorker
from nestviz.collector.ray_jobs import RunningJob
from nestviz.collector.ray_sources import STATE_API, TIMELINE, Reading
from nestviz.errors import LaunchError, UsageError
from nestviz.events import State
from nestviz.launch.attach import choose_job
from nestviz.recordings import Catalogue, load

ONE, TWO = RunningJob("01000000", 7, "python a.py"), RunningJob("02000000", 8, "python -m pkg.b --fast")


def test_the_only_job_is_meant_and_another_when_it_is_named():
    assert choose_job((ONE,), None) is ONE
    assert choose_job((ONE, TWO), "02000000") is TWO


@pytest.mark.parametrize(
    ("jobs", "wanted", "problem"),
    [
        ((), None, "no program runs on this cluster"),
        ((), "01000000", "no job 01000000 runs: no program does"),
    ],
)
def test_no_running_job_is_a_failure(jobs, wanted, problem):
    with pytest.raises(LaunchError, match=problem) as caught:
        choose_job(jobs, wanted)
    assert caught.value.exit_status == 1


@pytest.mark.parametrize(
    ("jobs", "wanted", "problem"),
    [
        ((ONE, TWO), None, r"2 jobs run; choose one with --job: 01000000 \(a\), 02000000 \(b\)$"),
        ((ONE,), "05000000", r"no job 05000000 runs; choose one with --job: 01000000 \(a\)$"),
        ((ONE,) * 7, None, "7 jobs run; .* and 2 more$"),
    ],
)
def test_a_job_that_must_be_named_is_wrong_usage(jobs, wanted, problem):
    with pytest.raises(UsageError, match=problem) as caught:
        choose_job(jobs, wanted)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("command", "name"),
    [("python -u dir/prog.py 3 x.txt", "prog"), ("python -m pkg.mod a", "mod"), ("/usr/bin/thing", "thing"), ("", "")],
)
def test_a_recording_is_named_after_what_the_command_runs(command, name):
    assert program_name(command) == name


def test_a_name_is_safe_in_a_file_s_name():
    assert [safe_name(text) for text in ("a b/c", "..", "__main__", "x" * 60)] == ["a-b-c", "session", "session", "x" * 40]
    assert recording_id("a", 0, "01000000").startswith("a-19")


@pytest.mark.parametrize("interval", ["0", "-1", "soon", "nan"])
def test_an_impossible_interval_is_one_line_and_status_2(interval, capsys):
    assert main(["attach", f"--interval={interval}"]) == 2
    assert "is not a number of seconds above 0" in capsys.readouterr().err


def test_an_attached_recording_is_live_until_it_is_closed_and_says_what_it_cannot_know(tmp_path):
    parent, child = Task(1, "parent"), Task(2, "child")
    worker = SeenWorker("w1", "n1", 55)
    state = Reading(STATE_API, (
        Observation(parent.id, "parent", 0, State.RUNNING, 3 * MS, execute=(5 * MS, 0), parent_id=DRIVER_ID, worker=worker),
        Observation(child.id, "child", 0, State.FINISHED, 6 * MS, execute=(7 * MS, 9 * MS), parent_id=parent.id, worker=worker),
    ))  # fmt: skip
    timeline = Reading(TIMELINE, (Observation(child.id, "child", fetch=(6 * MS, 7 * MS), execute=(7 * MS, 9 * MS)),))
    attachment = Attachment(ONE, "a", tmp_path, 20 * MS, lambda _: (timeline, state))
    assert (attachment.read(21 * MS), attachment.read(22 * MS)) == (3, 0)
    assert [(entry.state, entry.tasks) for entry in Catalogue(tmp_path).entries()] == [("live", 2)]
    attachment.close(30 * MS)
    trace = load(attachment.journal)
    rows = trace.to_arrow().to_pylist()
    assert [(row["name"], row["depth"], row["state"], row["fetch"]) for row in rows] == [
        ("parent", 1, "running", None), ("child", 2, "finished", MS),
    ]  # fmt: skip
    assert (trace.info.state, trace.info.command, trace.info.driver_pid) == ("complete", "python a.py", 7)
    assert trace.sources == (TIMELINE, STATE_API)
    (sentence,) = trace.missing
    assert "time blocked in ray.get" in sentence
