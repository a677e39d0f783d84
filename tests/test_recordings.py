"""The catalogue, loading and following."""

from __future__ import annotations

import pytest
from builders import EPOCH_NS, MS, RecordingBuilder, program_of

import nestviz
from nestviz.errors import JournalError, RecordingNotFound, UsageError
from nestviz.journal.format import GREETING, encode_chunk
from nestviz.journal.writer import JournalWriter
from nestviz.recordings import Catalogue, Follower


def journal_bytes(builder: RecordingBuilder) -> bytes:
    return GREETING + b"".join(
        encode_chunk(c.kind, c.payload, process=c.process, first=c.first, count=c.count) for c in builder.chunks(10)
    )


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NESTVIZ_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def catalogue(home):
    (home / "one-20240101-000000-01000000.nestviz").write_bytes(journal_bytes(program_of("root(a b(c d))")))
    (home / "notes.nestviz").write_text("not a journal")
    return Catalogue(home)


def test_recordings_are_listed_with_their_tasks_and_state(catalogue):
    (entry,) = catalogue.entries()
    assert (entry.recording, entry.name, entry.state, entry.tasks) == ("one-20240101-000000-01000000", "made", "complete", 5)


def test_live_recordings_come_first_then_the_newest(catalogue, home):
    writer = JournalWriter(home / "live.nestviz")
    writer.write_meta({"recording": "live", "name": "live", "begin_ns": 5})
    (home / "cut.nestviz").write_bytes(journal_bytes(RecordingBuilder()))
    assert [(e.recording, e.state) for e in catalogue.entries()] == [
        ("live", "live"),
        ("cut", "interrupted"),
        ("one-20240101-000000-01000000", "complete"),
    ]
    writer.close()


def test_a_recording_is_found_by_the_beginning_of_its_id_or_its_name(catalogue):
    assert catalogue.find("one-2024").recording == catalogue.find("made").recording
    with pytest.raises(RecordingNotFound, match="no recording 'two'"):
        catalogue.find("two")


def test_renaming_keeps_the_id(catalogue):
    entry = catalogue.rename("one", "  a new\nname ")
    assert (entry.recording, entry.name) == ("one-20240101-000000-01000000", "a new name")
    with pytest.raises(UsageError):
        catalogue.rename("one", "   ")


def test_deleting_removes_the_file_and_refuses_while_it_is_written(catalogue, home):
    catalogue.delete("one")
    assert catalogue.entries() == ()
    writer = JournalWriter(home / "live.nestviz")
    writer.write_meta({"recording": "live"})
    with pytest.raises(UsageError, match="still being written"):
        catalogue.delete("live")
    writer.close()


def test_an_uploaded_journal_gets_a_safe_name_and_never_overwrites(catalogue, home):
    data = journal_bytes(program_of("a"))
    first = catalogue.add(data, "../../etc/pass wd.nestviz")
    second = catalogue.add(data, "../../etc/pass wd.nestviz")
    assert [e.path.name for e in (first, second)] == ["pass-wd.nestviz", "pass-wd-2.nestviz"]
    assert first.path.parent == home
    with pytest.raises(JournalError, match="not a nestviz journal"):
        catalogue.add(b"PK\x03\x04", "evil.zip")


def test_load_takes_an_id_a_beginning_or_a_path(catalogue, home):
    path = home / "one-20240101-000000-01000000.nestviz"
    assert [len(nestviz.load(x).tasks) for x in (path, str(path), path.stem, "one")] == [5, 5, 5, 5]
    with pytest.raises(RecordingNotFound):
        nestviz.load("nothing")
    with pytest.raises(RecordingNotFound):
        nestviz.load("/nowhere/x.nestviz")
    with pytest.raises(JournalError):
        nestviz.load(home / "notes.nestviz")


def test_a_follower_sees_what_is_added(home):
    builder = RecordingBuilder()
    builder.submit("a", begin=1)
    path = home / "growing.nestviz"
    data = journal_bytes(builder)
    path.write_bytes(data[:-10])
    follower = Follower(path)
    assert len(follower.refresh(EPOCH_NS + 5 * MS).tasks) == 0
    path.write_bytes(data)
    assert len(follower.refresh(EPOCH_NS + 5 * MS).tasks) == 1
    follower.close()


def test_a_cut_journal_says_so(home):
    path = home / "cut.nestviz"
    path.write_bytes(journal_bytes(program_of("a"))[:-3])
    trace = nestviz.load(path)
    assert "was cut" in trace.info.problem
    assert trace.info.state == "interrupted"
