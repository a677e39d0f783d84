"""The journal takes what Ray's record says once, after a recording's end, while it runs, and when somebody asks; nobody waits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nestviz.collector.joiner import Joiner
from nestviz.collector.ledger import Ledger
from nestviz.collector.meeting import Description, write_description
from nestviz.collector.observation import Observation
from nestviz.collector.ray_sources import STATE_API, TIMELINE, Reading
from nestviz.events import ChunkKind
from nestviz.journal.reader import is_being_written, read_chunks
from nestviz.journal.writer import JournalWriter
from nestviz.recordings import Catalogue, joining, load


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "home" / "r.nestviz"
    writer = JournalWriter(path)
    writer.write_meta({"recording": "r", "name": "r", "job_id": "01000000"})
    writer.write_end("complete", 10**18)
    writer.close()
    return path


def big_and(*more):
    return Reading(TIMELINE, (Observation(b"\1" * 24, "big"), Observation(b"\2" * 24, "fails"), *more))


def test_the_journal_takes_each_observation_once_and_each_complaint_once(journal):
    ledger = Ledger(journal)
    assert ledger.enter(big_and(), 1) == 2
    assert ledger.enter(big_and(), 2) == 0
    assert ledger.enter(big_and(Observation(bytes(24), "new")), 3) == 1
    for at in (4, 5):
        ledger.enter(Reading(STATE_API, problem="no dashboard"), at)
    readings = [json.loads(c.payload) for c in read_chunks(journal) if c.kind == ChunkKind.PROCESS]
    assert [(one["source"], one["problem"]) for one in readings] == [(TIMELINE, ""), (TIMELINE, ""), (STATE_API, "no dashboard")]
    trace = load(journal)
    assert sorted(trace.name_of(row) for row in range(trace.count)) == ["big", "fails", "new"]
    assert (trace.info.state, trace.sources) == ("complete", ("capture", TIMELINE))


def test_an_ended_recording_is_read_until_nothing_new_comes_and_then_let_go(journal, tmp_path):
    answers = [(big_and(),), (big_and(Observation(bytes(24), "late")),), (big_and(),)]
    seen_growing = []

    def read(job):
        seen_growing.append((job, Catalogue(journal.parent).entries()[0].is_growing))
        return answers.pop(0)

    joiner = Joiner(tmp_path, read)
    joiner.conclude(tmp_path / "01000000", Description(journal, {"job_id": "01000000", "is_cluster_own": False}))
    trace = load(journal)
    assert trace.count == 3
    assert seen_growing == [("01000000", True)] * 3
    assert not is_being_written(journal)


def test_the_end_of_a_program_that_takes_its_cluster_along_is_not_waited_for(journal, tmp_path):
    joiner = Joiner(tmp_path, lambda _: pytest.fail("nobody may ask Ray now"))
    joiner.conclude(tmp_path / "01000000", Description(journal, {"job_id": "01000000", "is_cluster_own": True}))
    assert not is_being_written(journal)


def test_a_deleted_recording_does_not_come_back(journal, tmp_path):
    joiner = Joiner(tmp_path, lambda _: (big_and(),))
    journal.unlink()
    joiner.conclude(tmp_path / "01000000", Description(journal, {"job_id": "01000000", "is_cluster_own": False}))
    assert not journal.exists()


@pytest.mark.parametrize(("is_own", "readings"), [(True, 2), (False, 0)])
def test_while_a_program_runs_ray_is_asked_only_where_the_end_is_too_late_and_only_when_something_happened(
    journal: Path, tmp_path, is_own, readings
):
    asked: list[str] = []
    folder = tmp_path / "base" / "01000000"
    folder.mkdir(parents=True)
    write_description(folder, Description(journal, {"job_id": "01000000", "is_cluster_own": is_own}))
    joiner = Joiner(folder.parent, lambda job: asked.append(job) or (big_and(),))
    joiner.look(1.0)
    joiner.look(10_000.0)
    with journal.open("ab") as file:
        file.write(b"more")
    joiner.look(20_000.0)
    assert asked == ["01000000"] * readings


def test_ray_is_asked_at_once_when_somebody_asks_for_it(journal, tmp_path, monkeypatch):
    folder = tmp_path / "base" / "session" / "01000000"
    folder.mkdir(parents=True)
    write_description(folder, Description(journal, {"job_id": "01000000", "is_cluster_own": False}))
    monkeypatch.setattr(joining, "base_folder", lambda: tmp_path / "base")
    joiner = Joiner(folder.parent, lambda _: (big_and(),))
    assert joining.join_now(journal)
    assert not joining.join_now(tmp_path / "another.nestviz")
    joiner.look(1.0)
    joiner.look(2.0)
    assert load(journal).count == 2
