"""Workers that die: what is known to have finished is finished, the rest is lost or tried again, and the program never notices."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import nestviz

pytestmark = pytest.mark.ray


@nestviz.remote
def hangs(path):
    """Hangs in its first attempt, until somebody kills its process."""
    if not Path(path).exists():
        Path(path).write_text(str(os.getpid()))
        time.sleep(600)
    return "alive"


@nestviz.remote
def who():
    return os.getpid()


def kill_when_there(path):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and path.read_text():
            os.kill(int(path.read_text()), signal.SIGKILL)
            return
        time.sleep(0.02)
    pytest.fail("the task never started")


def attempts_of(section, name):
    deadline = time.monotonic() + 60
    while True:  # the death of a process is noticed within a round of the collector
        rows = [row for row in section.trace().to_arrow().to_pylist() if row["name"] == name]
        states = [(row["attempt"], row["state"]) for row in rows]
        if "running" not in {state for _, state in states} or time.monotonic() > deadline:
            return states


def test_a_worker_killed_in_the_middle_of_a_task_leaves_it_lost(ray_session, tmp_path):
    with nestviz.record("killed") as section:
        ref = hangs.options(max_retries=0).remote(str(tmp_path / "pid"))
        kill_when_there(tmp_path / "pid")
        with pytest.raises(ray_session.exceptions.WorkerCrashedError):
            ray_session.get(ref)
    assert attempts_of(section, "hangs") == [(0, "lost")]


def test_a_task_tried_again_after_its_worker_was_killed_keeps_both_attempts(ray_session, tmp_path):
    with nestviz.record("tried again") as section:
        ref = hangs.options(max_retries=1).remote(str(tmp_path / "pid"))
        kill_when_there(tmp_path / "pid")
        assert ray_session.get(ref) == "alive"
    assert attempts_of(section, "hangs") == [(0, "lost"), (1, "finished")]


def test_a_task_whose_result_has_arrived_is_finished_though_its_worker_is_killed_at_once(ray_session):
    with nestviz.record("result is there") as section:
        for _ in range(5):
            os.kill(ray_session.get(who.remote()), signal.SIGKILL)
    # Ray may have sent a task to the dying worker first: then it is its second attempt that finishes
    assert [state for _, state in attempts_of(section, "who")] == ["finished"] * 5
