"""Driver and collector died together: whoever opens or lists the recording takes what they said last, once, and closes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_collector import events_in, ring_of

import nestviz
from nestviz.collector import salvage as room
from nestviz.collector.gatherer import Gatherer
from nestviz.collector.meeting import Description, write_description
from nestviz.collector.salvage import salvage
from nestviz.errors import RecordingNotFound
from nestviz.events import ChunkKind
from nestviz.journal.reader import read_chunks
from nestviz.recordings import Catalogue

DRIVER = """
import sys, time
from pathlib import Path
from nestviz.collector.ring import RingWriter
ring = RingWriter(Path(sys.argv[1]), {"is_driver": True}, 64)
for number in range(20):
    ring.put(10, size=number)
print("ready", flush=True)
time.sleep(60)
"""
SALVAGER = """
import sys
from pathlib import Path
from nestviz.collector import salvage as room
room.base_folder = lambda: Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(len(room.salvage(Path(sys.argv[2]))))
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NESTVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(room, "base_folder", lambda: tmp_path / "meeting")
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path, home):
    folder = tmp_path / "meeting" / "session" / "node" / "01000000"
    folder.mkdir(parents=True)
    write_description(folder, Description(home / "r.nestviz", {"recording": "r", "name": "r"}))
    return folder


@pytest.fixture
def driver(folder):
    """A process with twenty records in its ring."""
    process = subprocess.Popen([sys.executable, "-c", DRIVER, folder / f"{'d' * 32}.ring"], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.wait()


def kill(process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def collector_that_dies(folder: Path) -> None:
    """It takes what there is and is no more."""
    gatherer = Gatherer(folder.parent)
    gatherer.pull(0)
    for gathering in gatherer._open.values():
        gathering.close()


def ends_in(journal: Path) -> list[bytes]:
    return [chunk.payload for chunk in read_chunks(journal) if chunk.kind == ChunkKind.END]


def test_what_the_dead_said_last_is_taken_when_somebody_lists(folder, home, driver):
    worker = ring_of(folder, "a" * 32)
    worker.put(10, size=0)
    collector_that_dies(folder)
    worker.put(10, size=1)
    worker.close()
    kill(driver)
    (entry,) = Catalogue(home).entries()
    assert entry.state == "interrupted"
    assert sorted(events_in(home / "r.nestviz").values(), key=len) == [[0, 1], list(range(20))]
    assert [b"the program and its collector died" in end for end in ends_in(home / "r.nestviz")] == [True]
    assert not folder.exists()


def test_a_recording_whose_collector_never_came_is_there_when_somebody_opens_it(folder, home, driver):
    kill(driver)
    Catalogue(home).entries()
    assert nestviz.load("r").info.state == "interrupted"
    assert events_in(home / "r.nestviz") == {0: list(range(20))}


def test_many_who_open_it_at_once_double_nothing(folder, home, driver):
    collector_that_dies(folder)
    kill(driver)
    command = [sys.executable, "-c", SALVAGER, folder.parents[2], home]
    openers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert [opener.stdout.readline() for opener in openers] == ["ready\n"] * 6
    for opener in openers:
        opener.stdin.write("\n")
        opener.stdin.flush()
    assert sorted(opener.communicate()[0] for opener in openers) == ["0\n"] * 5 + ["1\n"]
    assert events_in(home / "r.nestviz") == {0: list(range(20))}
    assert len(ends_in(home / "r.nestviz")) == 1


def test_a_driver_that_lives_keeps_its_recording_open(folder, home, driver):
    collector_that_dies(folder)
    assert salvage(home) == []
    assert ends_in(home / "r.nestviz") == []


def test_a_collector_that_lives_is_left_to_its_work(folder, home, driver):
    gatherer = Gatherer(folder.parent)
    gatherer.pull(0)
    kill(driver)
    assert salvage(home) == []
    assert gatherer.orphans(1) == []
    assert gatherer.orphans(2_000_000_000) == [folder]
    gatherer.finish(folder, 2_000_000_000, "interrupted", "the driver died")
    assert [b"the driver died" in end for end in ends_in(home / "r.nestviz")] == [True]


def test_a_worker_that_lives_may_still_say_something(folder, home, driver):
    worker = ring_of(folder, "a" * 32)
    kill(driver)
    assert salvage(home) == []
    worker.close()
    assert salvage(home) == [home / "r.nestviz"]


def test_another_folder_s_recordings_are_not_touched(folder, home, driver, tmp_path):
    kill(driver)
    assert salvage(tmp_path / "elsewhere") == []
    assert folder.exists()


def test_without_a_meeting_place_there_is_nothing_to_do(home, tmp_path):
    assert salvage(home) == []
    with pytest.raises(RecordingNotFound):
        nestviz.load("r")


def test_what_is_closed_already_is_only_cleared_away(folder, home, driver):
    gatherer = Gatherer(folder.parent)
    gatherer.pull(0)
    (gathering,) = gatherer._open.values()
    gathering._writer.write_end("complete", 5)
    gathering.close()
    kill(driver)
    assert salvage(home) == []
    assert not folder.exists()
    assert len(ends_in(home / "r.nestviz")) == 1


def test_without_room_it_waits_for_another_time(folder, home, driver):
    kill(driver)
    home.write_text("no folder")
    assert salvage(home) == []
    home.unlink()
    assert salvage(home) == [home / "r.nestviz"]
