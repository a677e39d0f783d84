"""What `ray.timeline()` and the State API gave in a real run (Ray 2.60, trimmed) becomes observations; the journal takes each once."""

from __future__ import annotations

import pytest

from nestviz.collector import ray_sources
from nestviz.collector.observation import Observation, SeenWorker
from nestviz.collector.ray_record import observations_of_tasks, observations_of_timeline
from nestviz.collector.ray_sources import STATE_API, Reading, read_record
from nestviz.events import NO_ATTEMPT, State

IP, WORKER = "192.0.2.2", "242774fafe35d2adcfbd522eb689244500c1971d2b000d4eb1342932"
BIG, FAILS = "16310a0f0a45af5cffffffffffffffffffffffff01000000", "82891771158d68c1ffffffffffffffffffffffff01000000"
CREATION, DRIVER = "ffffffffffffffff5562a3be0e9ec60dfae9e49d01000000", "ffffffffffffffffffffffffffffffffffffffff01000000"
RAISED = {"type": "<class 'ValueError'>", "value": "no way", "traceback": "Traceback (most recent call last):\n…"}


def event(kind, ts, dur, **args):
    return {"cat": kind, "name": kind, "pid": IP, "tid": f"worker:{WORKER}", "ts": ts, "dur": dur, "ph": "X", "args": args}


def profile(kind, start_time, end_time):
    return {"event_name": kind, "start_time": start_time, "end_time": end_time, "extra_data": {}}


TIMELINE_EVENTS = [
    event("task:deserialize_arguments", 1795545009110777.2, 37479.841),
    event("submit_task", 1795545009158337.5, 82.312),
    event("task:execute", 1795545009148337.5, 20246.071),
    event("task:store_outputs", 1795545009168590.5, 44163.118),
    event("task::big", 1795545009110754.8, 102054.756, name="__main__.big", task_id=BIG),
    event("task:deserialize_arguments", 1795545010247883.5, 1.122),
    event("task:execute", 1795545010247921.0, 512.839, **RAISED),
    event("task::outer.<locals>.fails", 1795545010247870.8, 957.809, name="__main__.fails", task_id=FAILS),
]

ROW = {
    "task_id": BIG, "attempt_number": 0, "name": "big", "state": "FINISHED", "job_id": "01000000", "parent_task_id": DRIVER,
    "node_id": "1a9e", "worker_id": WORKER, "worker_pid": 7286, "error_type": None, "error_message": None,
    "creation_time_ms": 1795545009102, "start_time_ms": 1795545009107, "end_time_ms": 1795545009220,
    "profiling_data": {"component_id": WORKER, "events": [
        profile("task:deserialize_arguments", 1795545009110.7773, 1795545009148.257),
        profile("task:execute", 1795545009148.3374, 1795545009168.5835),
        profile("task:store_outputs", 1795545009168.5903, 1795545009212.7537),
        profile("task::big", 1795545009110.755, 1795545009212.8096),
    ]},
}  # fmt: skip


def seen_in_row(**changes):
    (seen,) = observations_of_tasks([{**ROW, **changes}], "01000000")
    return seen


def microseconds(stretch):
    return tuple(round(ns / 1000) for ns in stretch)


def test_the_timeline_tells_fetch_execution_and_store_of_each_task():
    big, fails = observations_of_timeline(TIMELINE_EVENTS, "01000000", {IP: "1a9e"})
    assert (big.task_id.hex(), big.name, big.attempt, big.state) == (BIG, "big", NO_ATTEMPT, State.FINISHED)
    assert big.worker == SeenWorker(WORKER, "1a9e")
    assert microseconds(big.fetch) == (1795545009110777, 1795545009148257)
    assert microseconds(big.execute) == (1795545009148338, 1795545009168584)
    assert microseconds(big.store) == (1795545009168590, 1795545009212754)
    assert (fails.name, fails.state, fails.error) == ("fails", State.FAILED, "ValueError: no way")


def test_the_timeline_of_other_jobs_and_of_nestviz_s_own_actors_is_left_out():
    assert observations_of_timeline(TIMELINE_EVENTS, "02000000", {}) == []
    own = event("task::NestvizCollector.sync", 1795545009110754.8, 1.0, task_id=BIG)
    assert observations_of_timeline([own], "01000000", {}) == []
    created = event("task::collector-2-ca5a0ceaed78:NestvizCollector.__init__", 1795545009110754.8, 1.0, task_id=BIG)
    assert observations_of_timeline([created], "01000000", {}) == []


def test_the_creation_of_a_named_actor_is_named_by_its_class():
    created = event("task::my:own:Counter.__init__", 1795545009110754.8, 1.0, task_id=BIG)
    assert [seen.name for seen in observations_of_timeline([created], "01000000", {})] == ["Counter.__init__"]


def test_what_a_dead_task_left_behind_is_not_taken_for_the_next_one_s():
    left = event("task:store_outputs", 1795545000000000.0, 5.0)
    rest = [one for one in TIMELINE_EVENTS[:5] if one["cat"] != "task:store_outputs"]
    (big,) = observations_of_timeline([left, *rest], "01000000", {})
    assert big.store == (0, 0)


def test_a_task_whose_execution_ray_dropped_ran_as_long_as_the_task_itself():
    (big,) = observations_of_timeline([TIMELINE_EVENTS[4]], "01000000", {})
    assert microseconds(big.execute) == (1795545009110755, 1795545009212810)


def test_the_state_api_tells_parent_attempt_and_process_too():
    seen = seen_in_row(parent_task_id=CREATION, attempt_number=2)
    assert (seen.parent_id.hex(), seen.attempt, seen.state) == (CREATION, 2, State.FINISHED)
    assert seen.worker == SeenWorker(WORKER, "1a9e", 7286)
    assert microseconds(seen.execute) == (1795545009148338, 1795545009168584)
    assert seen.submitted_ns == 1795545009102 * 10**6


@pytest.mark.parametrize(
    ("state", "error_type", "message", "fate"),
    [
        ("RUNNING", None, None, (State.RUNNING, "")),
        ("PENDING_NODE_ASSIGNMENT", None, None, (State.SUBMITTED, "")),
        ("FAILED", "TASK_EXECUTION_EXCEPTION", "ray::fails()\n  File …\nValueError: no way", (State.FAILED, "ValueError: no way")),
        ("FAILED", "TASK_CANCELLED", "", (State.CANCELLED, "TASK_CANCELLED")),
        ("FAILED", "WORKER_DIED", "RpcError: closed\nmore", (State.LOST, "WORKER_DIED: RpcError: closed")),
        ("FAILED", "RUNTIME_ENV_SETUP_FAILED", None, (State.FAILED, "RUNTIME_ENV_SETUP_FAILED")),
    ],
)
def test_the_state_api_tells_fates(state, error_type, message, fate):
    seen = seen_in_row(state=state, error_type=error_type, error_message=message, profiling_data={})
    assert (seen.state, seen.error) == fate


def test_a_running_task_began_when_its_arguments_were_there_and_a_pending_one_has_not():
    fetched = {"component_id": WORKER, "events": ROW["profiling_data"]["events"][:1]}
    running = seen_in_row(state="RUNNING", end_time_ms=None, profiling_data=fetched)
    assert running.execute == (running.fetch[1], 0)
    pending = seen_in_row(state="PENDING_ARGS_AVAIL", start_time_ms=None, end_time_ms=None, profiling_data={}, worker_id=None,
                          node_id=None, worker_pid=None)  # fmt: skip
    assert (pending.execute, pending.end_ns, pending.worker) == ((0, 0), 0, SeenWorker())


class Rows:
    """Stands in for the State API: as many rows as asked for, filtered as asked for."""

    def __init__(self, **names):
        self.rows = [type("Row", (), {**ROW, "task_id": f"{i:048x}", "name": name}) for name, n in names.items() for i in range(n)]
        self.questions = 0

    def ask(self, filters):
        self.questions += 1
        wanted = [(str(value), predicate) for key, predicate, value in filters if key == "name"]
        found = [row for row in self.rows if all((row.name == value) == (predicate == "=") for value, predicate in wanted)]
        return {(f"{row.name}{row.task_id}", 0): dict(vars(row)) for row in found[: ray_sources._LIMIT]}


def test_above_the_limit_the_state_api_is_asked_name_by_name_and_what_is_cut_is_said(monkeypatch):
    monkeypatch.setattr(ray_sources, "_LIMIT", 10)
    rows = Rows(a=9, b=9, c=3, d=25)
    monkeypatch.setattr(ray_sources, "_ask", rows.ask)
    found, cut = ray_sources._ask_in_parts([("job_id", "=", "01000000")])
    assert len(found) == 9 + 9 + 3 + 10
    assert cut == "the State API gives at most 10 tasks of a name; of d there are more"


def test_a_source_that_fails_says_why_and_the_other_goes_on(monkeypatch):
    monkeypatch.setattr(ray_sources, "_read_timeline", lambda _: {}["cat"])
    monkeypatch.setattr(ray_sources, "_read_tasks", lambda _: Reading(STATE_API, (Observation(bytes(24), "a"),)))
    timeline, tasks = read_record("01000000")
    assert (timeline.problem, len(tasks.observations)) == ("KeyError: 'cat'", 1)
