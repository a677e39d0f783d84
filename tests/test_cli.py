"""The command line without Ray: usage, errors as one line, the list of recordings, the dashboard's command."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from builders import RecordingBuilder, Task
from dashboard_fakes import LiveJournal, write_recording

from nestviz.cli import commands, listing
from nestviz.cli.dashboard import streamlit_command
from nestviz.cli.main import main
from nestviz.cli.output import say_table
from nestviz.launch.environment import child_environment


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NESTVIZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def two_tasks():
    builder = RecordingBuilder()
    root = builder.submit("sort", begin=1)
    builder.start(root, 2)
    builder.submit("sort", parent=root, begin=3)
    return builder


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ([], "a command is missing; choose one of demo, run, attach, list, show, compare, dashboard"),
        (["nope"], "there is no command 'nope'; choose one of demo, run, attach, list, show, compare, dashboard"),
        (["demo"], "the following arguments are required: WORKLOAD (see nestviz demo --help)"),
        (["demo", "quicksort", "--sizes", "-1"], "size -1 is too small: at least 0"),
        (["demo", "quicksort", "--sizes", "1,two"], "argument --sizes: '1,two' is not a list of whole numbers"),
        (["demo", "quicksort", "--threshold", "-1"], "threshold -1 is too small: at least 0"),
        (["demo", "quicksort", "--cpus", "0"], "argument --cpus: '0' is not a whole number above 0"),
        (["demo", "bogosort"], "there is no workload 'bogosort'; choose one of quicksort, "),
        (["dashboard", "--port", "70000"], "argument --port: '70000' is not a port number"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(capsys, argv, line):
    assert main(argv) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith(f"nestviz: {line}")
    assert error.count("\n") == 1


def test_an_unreachable_ray_is_one_line_and_status_1(capsys, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    assert main(["demo", "quicksort"]) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error == ("nestviz: no Ray can be reached at RAY_ADDRESS=127.0.0.1:1: Connection refused; start it, or unset RAY_ADDRESS\n")


def test_an_error_does_not_reach_the_terminal_as_a_command(capsys):
    assert main(["demo", "\x1b]0;title\x07"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_help_lists_the_commands(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {entry.name} " in out for entry in commands.COMMANDS.values())


@pytest.mark.parametrize("name", list(commands.COMMANDS))
def test_each_command_has_help_of_its_own(capsys, name):
    assert main([name, "--help"]) == 0
    assert f"usage: nestviz {name} " in capsys.readouterr().out


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "nestviz 0.1.0\n"


def test_an_interrupted_command_has_status_130_and_no_words(capsys, monkeypatch):
    def interrupt(_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "run", interrupt)
    assert main(["list"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_goes_away_ends_the_command_silently(home, two_tasks):
    write_recording(home, "one", two_tasks)
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "nestviz", "list"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, env=child_environment({}), check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_empty_list_says_how_to_make_a_recording(capsys, home):
    assert main(["list"]) == 0
    assert capsys.readouterr().out == f"There are no recordings in {home} yet. nestviz demo quicksort makes one.\n"


def test_an_empty_list_in_json_is_an_empty_list(capsys, home):
    assert main(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_recordings_are_listed_in_json(capsys, home, two_tasks):
    write_recording(home, "sort-20231114-231320-01000000", two_tasks, "sort")
    assert main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [list(row) for row in rows] == [["recording", "name", "state", "begin_ns", "tasks"]]
    assert (rows[0]["recording"], rows[0]["name"], rows[0]["tasks"]) == ("sort-20231114-231320-01000000", "sort", 2)


def test_recordings_are_listed_as_a_table_without_escape_sequences(capsys, home, two_tasks):
    write_recording(home, "one", two_tasks, "\x1b[31mred")
    assert main(["list"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["RECORDING", "NAME", "STATE", "BEGAN", "TASKS"]
    assert row.startswith("one        \\x1b[31mred  ")
    assert row.endswith("      2")


@pytest.fixture
def loop(home):
    """Three calls one after the other, each waited for."""
    builder = RecordingBuilder()
    for i in range(3):
        task = builder.run(builder.submit("f\x1b[31m", begin=100 * i), 100 * i + 1, 100 * i + 100)
        builder.get(None, [task], 100 * i, 100 * i + 100)
    builder.close(300)
    write_recording(home, "loop", builder)


def test_diagnoses_are_shown_with_advice_the_one_that_is_worth_most_first(capsys, loop):
    assert main(["show", "loop"]) == 0
    out = capsys.readouterr().out
    text = out[out.index("what would help") :]
    assert "  200 ms  3 calls of f\\x1b[31m run one after the other: each waits for the one before  [get-in-loop, likely]\n" in text
    assert "          https://docs.ray.io/en/latest/ray-core/patterns/ray-get-loop.html\n" in text
    assert text.index("low-parallelism") < text.index("get-in-loop")


def test_diagnoses_in_json(capsys, loop):
    assert main(["show", "loop", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["diagnoses"]
    assert list(found[0]) == ["id", "title", "seconds", "tasks", "confidence", "advice", "url"]
    assert [(one["id"], one["tasks"], one["confidence"]) for one in found] == [
        ("low-parallelism", 3, "sure"), ("get-in-loop", 3, "likely"),
    ]  # fmt: skip
    assert found[0]["seconds"] == pytest.approx(0.22275)


@pytest.mark.parametrize(
    ("argv", "variable"),
    [(["--ignore", "get-in-loop"], ""), (["--ignore", "retried,get-in-loop"], "imbalance"), ([], "get-in-loop")],
)
def test_diagnoses_are_switched_off_by_option_and_by_environment(capsys, loop, monkeypatch, argv, variable):
    monkeypatch.setenv("NESTVIZ_IGNORE", variable)
    assert main(["show", "loop", "--json", *argv]) == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["diagnoses"]] == ["low-parallelism"]


def test_an_unknown_diagnosis_is_wrong_usage(capsys, loop):
    assert main(["show", "loop", "--ignore", "get-in-lopo"]) == 2
    assert capsys.readouterr().err.startswith("nestviz: there is no diagnosis 'get-in-lopo'; there are stalled, too-fine-grained, ")


def test_columns_are_aligned_and_numbers_stand_to_the_right(capsys):
    say_table(("NAME", "TASKS"), [("a", "7"), ("longer", "1234")])
    assert capsys.readouterr().out == "NAME    TASKS\na           7\nlonger   1234\n"


def test_the_dashboard_is_streamlit_on_this_machine_alone():
    command = streamlit_command(8600, "127.0.0.1", is_browser_opened=False)
    assert command[1:4] == ["-m", "streamlit", "run"]
    assert command[4].endswith("nestviz/dashboard/main.py")
    assert {"--server.port=8600", "--server.address=127.0.0.1", "--server.headless=true"} <= set(command)
    assert "--browser.gatherUsageStats=false" in command


def test_show_says_that_a_program_waits_for_itself(home, capsys, two_tasks):
    root = Task(1, "sort", process=1, scope=1)
    two_tasks.get(None, [root], 3)
    two_tasks.get(root, [Task(2, "sort")], 4)
    journal = LiveJournal(home, "one-20231114-221320-01000000")
    journal.epoch_ns -= 60 * 10**9
    journal.write(two_tasks)
    assert main(["show", "one"]) == 0
    out = capsys.readouterr().out
    assert "\nTasks wait and none of them starts: nothing has moved for 60" in out
    assert "\n  sort needs 1 CPU: by the record there is room" in out
    assert "\n    waited for by: driver → sort → sort\n" in out
    assert main(["show", "one", "--json"]) == 0
    stall = json.loads(capsys.readouterr().out)["stall"]
    assert (stall["confidence"], stall["pending"], stall["waiting"]) == ("unknown", 1, 2)
    assert [link["name"] for link in stall["stuck"][0]["chain"]] == ["driver", "sort", "sort"]
    journal.close()
    assert main(["show", "one", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["stall"] is None
