"""Rings and the gatherer: every record arrives once, whatever dies in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from builders import MS

from nestviz.collector.gatherer import Gatherer
from nestviz.collector.meeting import Description, read_description, write_description
from nestviz.collector.portions import RingFolder
from nestviz.collector.ring import RingReader, RingWriter
from nestviz.events import RECORD, RECORD_BYTES, ChunkKind, EventKind
from nestviz.journal.reader import is_being_written, read_chunks

SECOND = 1_000 * MS


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "session" / "01000000"
    folder.mkdir(parents=True)
    return folder


def describe(folder, journal):
    write_description(folder, Description(journal, {"recording": "r"}))


def ring_of(folder, name, *, is_driver=False, capacity=16):
    return RingWriter(folder / f"{name}.ring", {"pid": os.getpid(), "is_driver": is_driver}, capacity)


def numbers(records: bytes) -> list[int]:
    return [RECORD.unpack_from(records, at)[9] for at in range(0, len(records), RECORD_BYTES)]


def events_in(journal) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for chunk in read_chunks(journal):
        if chunk.kind == ChunkKind.EVENTS:
            assert chunk.first == len(found.setdefault(chunk.process, []))
            found[chunk.process] += numbers(chunk.payload)
    return found


def test_a_ring_gives_its_records_in_order_also_around_its_end(tmp_path):
    writer = RingWriter(tmp_path / "a.ring", {"pid": 1}, 4)
    reader = RingReader(tmp_path / "a.ring")
    taken: list[int] = []
    for number in range(11):
        assert writer.put(EventKind.NOTE, size=number)
        if number % 3 == 2:
            taken += numbers(reader.peek(len(taken)))
            reader.release(len(taken))
    taken += numbers(reader.peek(len(taken)))
    assert taken == list(range(11))
    assert reader.meta == {"pid": 1}


def test_a_full_ring_counts_what_it_drops_and_goes_on_when_there_is_room(tmp_path):
    writer = RingWriter(tmp_path / "a.ring", {}, 3)
    reader = RingReader(tmp_path / "a.ring")
    assert [writer.put(EventKind.NOTE, size=n) for n in range(5)] == [True, True, True, False, False]
    assert (writer.dropped, reader.dropped) == (2, 2)
    reader.release(2)
    assert writer.put(EventKind.NOTE, size=9)
    assert numbers(reader.peek(2)) == [2, 9]


def test_a_file_that_is_no_ring_is_refused(tmp_path):
    (tmp_path / "b.ring").write_bytes(b"x" * 9000)
    with pytest.raises(ValueError, match="not an event ring"):
        RingReader(tmp_path / "b.ring")


def test_records_survive_the_writer_s_death_by_sigkill(tmp_path):
    code = (
        "import sys,time\nfrom pathlib import Path\nfrom nestviz.collector.ring import RingWriter\n"
        "w=RingWriter(Path(sys.argv[1]),{'pid':1},64)\n"
        "[w.put(10,size=n) for n in range(20)]\nprint('ready',flush=True)\ntime.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "k.ring")], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    reader = RingReader(tmp_path / "k.ring")
    assert reader.is_writer_alive
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not reader.is_writer_alive
    assert numbers(reader.peek(0)) == list(range(20))


def test_the_gatherer_writes_every_record_once_and_in_order(folder, tmp_path):
    journal = tmp_path / "home" / "r.nestviz"
    driver, worker = ring_of(folder, "d" * 32, is_driver=True), ring_of(folder, "a" * 32)
    describe(folder, journal)
    gatherer = Gatherer(folder.parent)
    for n in range(5):
        driver.put(EventKind.NOTE, size=n)
    gatherer.pull(0)
    for n in range(30):
        worker.put(EventKind.NOTE, size=n)
        gatherer.pull(0)
    gatherer.finish(folder, 7 * SECOND)
    assert sorted(events_in(journal).values(), key=len) == [list(range(5)), list(range(30))]
    assert read_chunks(journal)[-1].kind == ChunkKind.END
    assert not folder.exists()


def test_a_restarted_gatherer_goes_on_without_loss_or_repetition(folder, tmp_path):
    journal = tmp_path / "r.nestviz"
    driver = ring_of(folder, "d" * 32, is_driver=True)
    describe(folder, journal)
    first = Gatherer(folder.parent)
    for n in range(5):
        driver.put(EventKind.NOTE, size=n)
    first.pull(0)
    for n in range(5, 9):
        driver.put(EventKind.NOTE, size=n)
    for gathering in first._open.values():
        gathering.close()
    with journal.open("ab") as file:
        file.write(b"nvC\x01 half a chunk")
    second = Gatherer(folder.parent)
    second.pull(0)
    second.finish(folder, SECOND)
    assert events_in(journal) == {0: list(range(9))}


def test_the_recording_of_a_dead_driver_is_closed_as_interrupted_after_a_grace(folder, tmp_path):
    journal = tmp_path / "r.nestviz"
    driver = ring_of(folder, "d" * 32, is_driver=True)
    describe(folder, journal)
    gatherer = Gatherer(folder.parent)
    gatherer.pull(0)
    driver.put(EventKind.NOTE, size=1)
    driver.close()
    assert gatherer.orphans(SECOND) == []
    assert gatherer.orphans(3 * SECOND) == [folder]
    gatherer.finish(folder, 3 * SECOND, "interrupted")
    assert gatherer.is_idle
    assert b"interrupted" in read_chunks(journal)[-1].payload
    assert events_in(journal) == {0: [1]}


def test_a_dead_worker_is_noted_after_its_last_record(folder, tmp_path):
    journal = tmp_path / "r.nestviz"
    ring_of(folder, "d" * 32, is_driver=True)
    keep = ring_of(folder, "e" * 32, is_driver=True)
    worker = ring_of(folder, "a" * 32)
    describe(folder, journal)
    gatherer = Gatherer(folder.parent)
    worker.put(EventKind.NOTE, size=4)
    worker.close()
    gatherer.pull(5)
    gatherer.pull(6)
    kinds = [(ChunkKind(c.kind).name, c.first) for c in read_chunks(journal) if c.kind in {ChunkKind.EVENTS, ChunkKind.GONE}]
    assert ("EVENTS", 0) in kinds
    assert kinds[-1] == ("GONE", 5)
    assert [name for name, _ in kinds].count("GONE") == 1
    keep.close()


def test_a_journal_that_cannot_be_written_is_named_and_the_records_wait(folder, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("no folder")
    driver = ring_of(folder, "d" * 32, is_driver=True)
    driver.put(EventKind.NOTE, size=1)
    describe(folder, blocker / "r.nestviz")
    gatherer = Gatherer(folder.parent)
    assert gatherer.pull(0) == 0
    assert "cannot write" in gatherer.problems[folder.name]
    blocker.unlink()
    assert gatherer.pull(0) == 1
    assert gatherer.problems == {}


def test_a_folder_without_a_whole_description_is_left_alone(folder):
    (folder / "recording.json").write_text("{")
    assert read_description(folder) is None
    gatherer = Gatherer(folder.parent)
    gatherer.pull(0)
    assert gatherer.is_idle


def test_a_folder_that_somebody_reads_for_a_moment_is_taken_when_it_is_free(folder, tmp_path):
    journal = tmp_path / "r.nestviz"
    ring_of(folder, "d" * 32, is_driver=True).put(EventKind.NOTE, size=1)
    describe(folder, journal)
    other, gatherer = RingFolder(folder), Gatherer(folder.parent)
    assert gatherer.pull(0) == 0
    assert not is_being_written(journal)
    assert list(folder.glob("*.problem")) == []
    other.close()
    assert gatherer.pull(0) == 1


def test_a_node_on_which_nothing_was_ever_recorded_has_nothing_to_take(tmp_path):
    assert Gatherer(tmp_path / "nowhere").pull(0) == 0


def test_a_file_in_the_journal_s_place_is_named(folder, tmp_path):
    journal = tmp_path / "r.nestviz"
    journal.write_text("somebody's notes")
    ring_of(folder, "d" * 32, is_driver=True)
    describe(folder, journal)
    gatherer = Gatherer(folder.parent)
    for _ in range(2):
        gatherer.pull(0)
        assert "is not a nestviz journal" in gatherer.problems[folder.name]
    assert journal.read_text() == "somebody's notes"
