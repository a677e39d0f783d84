"""The tree of a large program is whole, where Ray's own views end at 10,000 tasks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nestviz
from nestviz.events import RowKind, State
from nestviz.recordings import Catalogue

pytestmark = pytest.mark.ray

PARENTS, CHILDREN = 140, 142
PROGRAM = f"""
import ray

@ray.remote
def leaf(i):
    return i

@ray.remote
def parent(n):
    return sum(ray.get([leaf.remote(i) for i in range(n)]))

@ray.remote
def root(parents, children):
    total, waiting = 0, []
    for _ in range(parents):
        waiting.append(parent.remote(children))
        if len(waiting) == 4:
            ready, waiting = ray.wait(waiting)
            total += sum(ray.get(ready))
    return total + sum(ray.get(waiting))

ray.init(log_to_driver=False, configure_logging=False)
print(ray.get(root.remote({PARENTS}, {CHILDREN})))
"""


def test_every_one_of_20_000_nested_tasks_is_there_once_and_has_its_parent(ray_session, tmp_path):
    program = tmp_path / "many.py"
    program.write_text(PROGRAM, encoding="utf-8")
    home = tmp_path / "home"
    env = {**os.environ, "RAY_ADDRESS": ray_session.get_runtime_context().gcs_address, "NESTVIZ_HOME": str(home)}
    command = [sys.executable, "-m", "nestviz", "run", program]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=500)
    assert int(done.stdout) == PARENTS * CHILDREN * (CHILDREN - 1) // 2
    (entry,) = Catalogue(Path(home)).entries()
    trace = nestviz.load(entry.path)
    rows = trace.tasks
    count = 1 + PARENTS + PARENTS * CHILDREN
    assert count > 20_000
    assert (entry.tasks, trace.count, trace.lost_events) == (count, count, 0)
    assert len(np.unique(rows.task_id)) == count
    assert RowKind.UNKNOWN_PARENT not in trace.rows.kind
    assert np.bincount(rows.depth).tolist() == [0, 1, PARENTS, PARENTS * CHILDREN]
    assert set(rows.children[rows.depth == 2].tolist()) == {CHILDREN}
    assert set(rows.state.tolist()) == {State.FINISHED}
