"""Leftovers in the meeting place: cleared away in the end, but never what may still be taken."""

from __future__ import annotations

import shutil

import pytest
from test_collector import describe, events_in, ring_of

from nestviz.collector.gatherer import Gatherer
from nestviz.collector.leftovers import sweep
from nestviz.collector.portions import RingFolder
from nestviz.events import ChunkKind, EventKind
from nestviz.journal.reader import read_chunks

MINUTE, HOUR = 60, 3_600


@pytest.fixture
def base(tmp_path):
    return tmp_path / "meeting"


@pytest.fixture
def folder(base):
    folder = base / "session" / "node" / "01000000"
    folder.mkdir(parents=True)
    return folder


def dead_ring(folder, *sizes):
    ring = ring_of(folder, "a" * 32)
    for size in sizes:
        ring.put(EventKind.NOTE, size=size)
    ring.close()


def test_a_dead_worker_s_ring_waits_an_hour_for_somebody_to_take_it(base, folder):
    dead_ring(folder, 1)
    for now in (0, HOUR - 1):
        sweep(base, now)
    assert list(folder.glob("*.ring")) != []
    sweep(base, HOUR)
    assert not folder.exists()


def test_a_folder_with_a_living_writer_stays_and_its_hour_begins_after_the_writer_s_death(base, folder):
    ring = ring_of(folder, "a" * 32)
    for now in (0, 2 * HOUR):
        sweep(base, now)
    ring.close()
    for now in (3 * HOUR, 4 * HOUR - 1):
        sweep(base, now)
    assert folder.exists()
    sweep(base, 4 * HOUR)
    assert not folder.exists()


def test_a_folder_from_which_somebody_takes_stays(base, folder):
    dead_ring(folder, 1)
    sweep(base, 0)
    reader = RingFolder(folder)
    sweep(base, 2 * HOUR)
    assert len(reader.take()[0]) == 1
    assert list(folder.glob("*.ring")) != []


def test_a_recording_whose_driver_and_collector_died_is_brought_home_and_closed(base, folder, tmp_path):
    journal = tmp_path / "r.nestviz"
    describe(folder, journal)
    collector = Gatherer(folder.parent)
    driver = ring_of(folder, "d" * 32, is_driver=True)
    driver.put(EventKind.NOTE, size=1)
    collector.pull(0)
    driver.put(EventKind.NOTE, size=2)
    driver.close()
    for gathering in collector._open.values():
        gathering.close()
    sweep(base, 0)
    assert events_in(journal) == {0: [1]}
    sweep(base, MINUTE)
    assert events_in(journal) == {0: [1, 2]}
    last = read_chunks(journal)[-1]
    assert (last.kind, b"interrupted" in last.payload) == (ChunkKind.END, True)
    assert not folder.exists()


def test_a_recording_whose_home_is_gone_is_not_made_anew(base, folder, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    describe(folder, home / "r.nestviz")
    shutil.rmtree(home)
    for now in (0, MINUTE, HOUR):
        sweep(base, now)
    assert not home.exists()
    assert not folder.exists()


def test_empty_folders_of_old_sessions_go_and_strange_files_are_passed_over(base):
    old, strange = base / "old session" / "node", base / "s" / "n" / "file"
    old.mkdir(parents=True)
    strange.parent.mkdir(parents=True)
    strange.write_text("what is this")
    now = old.stat().st_mtime
    sweep(base, now + 1)
    assert old.exists()
    sweep(base, now + 2 * HOUR)
    assert not old.parent.exists()
    assert strange.exists()
