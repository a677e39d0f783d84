"""Programs that really wait for themselves are recognised while they hang."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time

import pytest

import nestviz
from nestviz.analysis.stall import find_stall
from nestviz.analysis.stall_words import reason_of
from nestviz.recordings import Catalogue

pytestmark = pytest.mark.ray

PATIENCE_NS = 1_000_000_000
DEADLINE_S = 90

NESTED_ACTORS = """
@ray.remote
class Inner:
    def work(self): return 1

@ray.remote(num_cpus=CPUS)
class Outer:
    def run(self): return ray.get(Inner.options(num_cpus=1).remote().work.remote())

ray.get(Outer.remote().run.remote())
"""
SMALL_GROUP = """
from ray.util.placement_group import placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

@ray.remote
def inner(): return 1

@ray.remote(num_cpus=1)
class Trial:
    def run(self): return ray.get(inner.remote())

group = placement_group([{"CPU": 1}])
ray.get(group.ready())
strategy = PlacementGroupSchedulingStrategy(group, placement_group_capture_child_tasks=True)
ray.get(Trial.options(scheduling_strategy=strategy).remote().run.remote())
"""
WAITS_FOR_ITSELF = """
@ray.remote
class Actor:
    def run(self, me): return ray.get(me.own.remote())
    def own(self): return 1

actor = Actor.remote()
ray.get(actor.run.remote(actor))
"""


@pytest.fixture
def hanging(ray_session, tmp_path):
    """Starts a program that will hang; gives the trace and the stall as soon as it is recognised."""
    env = {**os.environ, "RAY_ADDRESS": ray_session.get_runtime_context().gcs_address, "NESTVIZ_HOME": str(tmp_path / "home")}
    programs = []

    def recognised(code):
        script = tmp_path / "program.py"
        cpus = int(ray_session.cluster_resources()["CPU"])
        script.write_text(f"import ray\nCPUS = {cpus}\nray.init(log_to_driver=False)\n" + textwrap.dedent(code), encoding="utf-8")
        command = [sys.executable, "-m", "nestviz", "run", str(script)]
        programs.append(subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            for entry in Catalogue(tmp_path / "home").entries():
                trace = nestviz.load(entry.path)
                stall = find_stall(trace, PATIENCE_NS)
                if stall is not None and stall.confidence != "unknown":
                    return trace, stall
            time.sleep(0.2)
        return pytest.fail("the stall was not recognised")

    recognised.env = env
    yield recognised
    for program in programs:
        program.terminate()
        program.wait(30)


def chain_of(trace, stuck):
    return [trace.name_of(row) for row in stuck.chain]


def test_nested_actors_that_hold_all_cpus(hanging):
    trace, stall = hanging(NESTED_ACTORS)
    (stuck,) = stall.stuck
    assert stall.confidence == "sure"
    assert chain_of(trace, stuck) == ["driver", "Outer.run", "Inner.work", "Inner.__init__"]
    cpus = f"{trace.info.cpus:g}"
    assert reason_of(trace, stuck) == (
        f"Inner needs 1 CPU, held by Outer ({cpus} CPU): an actor keeps its CPUs for life, also while it waits"
    )
    shown = subprocess.run(
        [sys.executable, "-m", "nestviz", "show", trace.info.recording, "--json"], env=hanging.env, capture_output=True, check=True
    )
    assert json.loads(shown.stdout)["state"] == "live"


def test_an_actor_that_fills_the_placement_group_of_its_children(hanging):
    trace, stall = hanging(SMALL_GROUP)
    (stuck,) = stall.stuck
    assert stall.confidence == "likely"
    assert chain_of(trace, stuck) == ["driver", "Trial.run", "inner"]
    assert stuck.needs.startswith("1 CPU, placement group ")
    assert [trace.name_of(holder.row) for holder in stuck.holders] == ["Trial.__init__"]


def test_an_actor_that_waits_for_its_own_method(hanging):
    trace, stall = hanging(WAITS_FOR_ITSELF)
    (stuck,) = stall.stuck
    assert stall.confidence == "sure"
    assert chain_of(trace, stuck) == ["driver", "Actor.run", "Actor.own"]
    assert stuck.needs == "its turn in the actor Actor"
