"""A full disk, a read-only folder: the reason is left where the dashboard finds it, and recording goes on when there is room again."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_collector import events_in, ring_of

from nestviz.capture import session, unrecorded
from nestviz.cli.main import main
from nestviz.collector import problems
from nestviz.collector.gatherer import Gatherer
from nestviz.collector.meeting import Description, write_description
from nestviz.collector.problems import Problem, clear_problem, current_problems, leave_problem
from nestviz.recordings import unrecorded_programs

META = {"recording": "r", "name": "program", "command": "/home/me/program.py --n 3", "driver_pid": os.getpid()}


@pytest.fixture
def base(tmp_path, monkeypatch):
    """The meeting place of this test alone."""
    monkeypatch.setenv("NESTVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(problems, "base_folder", lambda: tmp_path / "meeting")
    monkeypatch.setattr(problems, "_MEMORY", tmp_path / "memory")
    return tmp_path / "meeting"


@pytest.fixture
def folder(base):
    folder = base / "session" / "01000000"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk; the next test meets a limit without it")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk: Path) -> Path:
    """Leave not one byte."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return ballast


def test_on_a_full_disk_the_reason_is_named_and_recording_goes_on_when_there_is_room(folder, small_disk):
    journal = small_disk / "r.nestviz"
    driver = ring_of(folder, "d" * 32, is_driver=True, capacity=20_000)
    write_description(folder, Description(journal, META))
    gatherer = Gatherer(folder.parent)
    driver.put(10, size=0)
    gatherer.pull(0)
    ballast = fill(small_disk)
    for number in range(1, 9_000):
        driver.put(10, a=hash((number, "noise")), b=hash((number, "more")), size=number)
    assert gatherer.pull(0) == 0
    reason = f"cannot write {journal}: No space left on device"
    assert current_problems() == (Problem("program.py", os.getpid(), reason),)
    assert unrecorded_programs() == (f"program.py (pid {os.getpid()}) is running but not recorded: {reason}",)
    gatherer.finish(folder, 0)
    assert folder.exists()
    ballast.unlink()
    gatherer.pull(0)
    assert events_in(journal) == {0: list(range(9_000))}
    assert b"complete" in journal.read_bytes()
    assert current_problems() == ()
    assert not folder.exists()


def test_a_journal_that_does_not_even_begin_begins_when_there_is_room(folder, small_disk):
    journal = small_disk / "r.nestviz"
    driver = ring_of(folder, "d" * 32, is_driver=True)
    driver.put(10, size=7)
    write_description(folder, Description(journal, META))
    ballast = fill(small_disk)
    gatherer = Gatherer(folder.parent)
    for _ in range(3):
        assert gatherer.pull(0) == 0
        assert "No space left on device" in gatherer.problems[folder.name]
    ballast.unlink()
    assert gatherer.pull(0) == 1
    gatherer.finish(folder, 0)
    assert events_in(journal) == {0: [7]}


LIMITED = """
import json, resource, sys
from pathlib import Path
from nestviz.collector.gatherer import Gatherer
from nestviz.collector.meeting import Description, write_description
from nestviz.collector.ring import RingWriter
folder, journal = Path(sys.argv[1]), Path(sys.argv[2])
driver = RingWriter(folder / ("d" * 32 + ".ring"), {"is_driver": True}, 100_000)
write_description(folder, Description(journal, {"recording": "r"}))
gatherer, said = Gatherer(folder.parent), []
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
for number in range(40_000):
    driver.put(10, a=hash((number, "noise")), b=hash((number, "more")), size=number)
    if number % 2_000 == 1_999:
        gatherer.pull(0)
        said.append(gatherer.problems.get(folder.name, ""))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
gatherer.finish(folder, 0)
print(json.dumps([said, gatherer.problems]))
"""


def test_a_journal_that_may_not_grow_goes_on_when_it_may(folder, tmp_path):
    journal = tmp_path / "r.nestviz"
    done = subprocess.run([sys.executable, "-c", LIMITED, folder, journal], capture_output=True, text=True, check=True)
    said, at_the_end = json.loads(done.stdout)
    assert said[0] == ""
    assert said[-1] == f"cannot write {journal}: File too large"
    assert at_the_end == {}
    assert events_in(journal) == {0: list(range(40_000))}


def test_a_problem_is_told_once_however_many_processes_have_it_and_goes_when_it_is_solved(folder):
    for who in ("process-1", "process-2"):
        leave_problem(folder, who, "no room", META)
    assert current_problems() == (Problem("program.py", os.getpid(), "no room"),)
    clear_problem(folder, "process-1", META)
    assert len(current_problems()) == 1
    clear_problem(folder, "process-2", META)
    assert current_problems() == ()


def test_the_problem_of_a_program_that_is_gone_counts_for_nothing(folder):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    leave_problem(folder, "process", "no room", {**META, "driver_pid": process.pid})
    assert [problem.pid for problem in current_problems()] == [process.pid]
    process.communicate(b"\n")
    assert current_problems() == ()
    assert list(folder.iterdir()) == []


def test_another_program_with_the_same_number_is_not_taken_for_it(folder):
    leave_problem(folder, "process", "no room", META)
    (path,) = folder.glob("*.problem")
    path.write_text(path.read_text().replace('"birth": "', '"birth": "1'))
    assert current_problems() == ()


def test_a_problem_with_the_meeting_place_is_left_among_the_recordings(base, tmp_path):
    base.write_text("no folder")
    leave_problem(base / "session" / "01000000", "process", "no room", META)
    assert [path.parent for path in tmp_path.rglob("*.problem")] == [tmp_path / "home"]
    assert len(current_problems()) == 1
    clear_problem(base / "session" / "01000000", "process", META)
    assert current_problems() == ()


def test_where_nothing_can_be_written_on_a_disk_memory_takes_it(base, tmp_path):
    base.write_text("no folder")
    (tmp_path / "home").write_text("no folder")
    leave_problem(base / "session" / "01000000", "process", "no room", META)
    assert len(current_problems()) == 1
    clear_problem(base / "session" / "01000000", "process", META)
    assert current_problems() == ()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}'])
def test_a_broken_file_is_passed_over(folder, text):
    (folder / "a-1.problem").write_text(text)
    assert current_problems() == ()


def test_the_list_says_what_is_not_recorded_on_standard_error(folder, capsys):
    leave_problem(folder, "process", "cannot write /x: No space left on device", META)
    assert main(["list"]) == 0
    expected = f"nestviz: program.py (pid {os.getpid()}) is running but not recorded: cannot write /x: No space left on device\n"
    assert capsys.readouterr().err == expected


def test_a_module_is_named_by_its_recording(folder):
    leave_problem(folder, "process", "no room", {**META, "command": "python -m package.tool 3"})
    assert current_problems()[0].program == "program"


def test_a_driver_whose_ring_finds_no_room_says_so_and_takes_it_back(folder, monkeypatch):
    def no_room():
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(session, "_session", session._Session())
    monkeypatch.setattr(session, "_RETRY_NS", 0)
    monkeypatch.setattr(session.ray, "is_initialized", lambda: True)
    monkeypatch.setattr(session.ray_private, "is_driver", lambda: True)
    monkeypatch.setattr(unrecorded, "_folder", lambda: folder)
    monkeypatch.setattr(session, "_open_in_driver", no_room)
    assert session.open_recorder() is None
    (problem,) = current_problems()
    assert (problem.pid, problem.reason) == (os.getpid(), f"cannot write {folder}: No space left on device")
    monkeypatch.setattr(session, "_open_in_driver", object)
    assert session.open_recorder() is not None
    assert current_problems() == ()
