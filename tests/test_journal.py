"""The journal: what was written is read back, up to the last whole chunk, whatever happened to the file."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nestviz.errors import JournalError
from nestviz.events import RECORD_BYTES, ChunkKind
from nestviz.journal.format import GREETING
from nestviz.journal.reader import JournalReader, is_being_written, read_chunks
from nestviz.journal.writer import JournalWriter, append_name


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "a.nestviz"
    writer = JournalWriter(path)
    writer.write_meta({"recording": "a"})
    writer.write_process(3, {"pid": 7})
    writer.write_events(3, 0, bytes(range(64)) * 20)
    writer.write_dropped(3, 5)
    writer.write_end("complete", 99)
    writer.close()
    return path


def test_chunks_come_back_as_they_were_written(journal):
    chunks = read_chunks(journal)
    assert [ChunkKind(chunk.kind).name for chunk in chunks] == ["META", "PROCESS", "EVENTS", "DROPPED", "END"]
    assert json.loads(chunks[0].payload) == {"recording": "a"}
    assert (chunks[2].process, chunks[2].first, chunks[2].count, chunks[2].payload) == (3, 0, 20, bytes(range(64)) * 20)
    assert chunks[3].first == 5


def test_a_journal_cut_at_any_byte_opens_up_to_its_last_whole_chunk(journal, tmp_path):
    data = journal.read_bytes()
    whole = len(read_chunks(journal))
    seen = set()
    for length in range(len(GREETING), len(data)):
        cut = tmp_path / "cut.nestviz"
        cut.write_bytes(data[:length])
        reader = JournalReader(cut)
        chunks = list(reader.chunks())
        assert reader.damage == ""
        assert reader.position + reader.rest_bytes == length
        seen.add(len(chunks))
        reader.close()
    assert seen == set(range(whole))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_changed_byte_never_gives_a_wrong_payload(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("changed")
    path = folder / "a.nestviz"
    writer = JournalWriter(path)
    for number in range(4):
        writer.write_events(1, number * 10, bytes([number]) * RECORD_BYTES * 10)
    writer.close()
    good = {chunk.payload for chunk in read_chunks(path)}
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(len(GREETING), len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(raw))
    reader = JournalReader(path)
    assert {chunk.payload for chunk in reader.chunks()} <= good
    reader.close()


def test_what_is_no_journal_is_refused_with_one_line(tmp_path):
    path = tmp_path / "x.nestviz"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(JournalError, match="is not a nestviz journal"):
        JournalReader(path)
    with pytest.raises(JournalError, match="No such file"):
        JournalReader(tmp_path / "missing")


def test_a_chunk_that_would_unpack_to_gigabytes_is_damage(tmp_path):
    import zlib

    from nestviz.journal.format import CHUNK_HEADER, MAGIC, MAX_PAYLOAD_BYTES, checksum

    bomb = zlib.compress(bytes(MAX_PAYLOAD_BYTES + 1), 9)
    path = tmp_path / "bomb.nestviz"
    header = CHUNK_HEADER.pack(MAGIC, ChunkKind.EVENTS, 1, 0, 0, 0, 0, len(bomb), 0)
    header = header[:-4] + checksum(header, bomb).to_bytes(4, "little")
    path.write_bytes(GREETING + header + bomb)
    reader = JournalReader(path)
    assert list(reader.chunks()) == []
    assert "more than a chunk may hold" in reader.damage
    reader.close()


def test_readers_see_whether_somebody_still_writes(tmp_path):
    path = tmp_path / "a.nestviz"
    writer = JournalWriter(path)
    assert is_being_written(path)
    writer.close()
    assert not is_being_written(path)
    assert not is_being_written(tmp_path / "missing")


def test_a_new_name_is_appended(journal):
    append_name(journal, "büro")
    assert read_chunks(journal)[-1].payload.decode() == "büro"


def test_nothing_is_appended_to_a_journal_that_has_not_begun(tmp_path):
    path = tmp_path / "r.nestviz"
    path.touch()
    with pytest.raises(OSError, match="has not begun"):
        append_name(path, "too early")
    JournalWriter(path).close()
    append_name(path, "in time")
    assert [chunk.payload for chunk in read_chunks(path)] == [b"in time"]
