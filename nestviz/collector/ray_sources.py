"""Reading Ray's own record through its two public interfaces; each may be missing, fail or be cut, and says so.

Neither prints: what Ray logs or warns meanwhile is held back, so this belongs in processes of nestviz only. `ray.timeline()` waits
a second by itself before it looks, because workers hand their record in every second (the last one is lost when they are killed, also
by the end of their program); then it costs about 60 µs of CPU per task of the whole cluster. The State API does not wait, costs about
0.4 ms per task, mostly in Ray's dashboard, and gives at most 10,000 tasks an answer; above that the question is put again name by
name.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import ray

from nestviz.collector.observation import Observation
from nestviz.collector.ray_record import observations_of_tasks, observations_of_timeline

__all__ = ["STATE_API", "TIMELINE", "Reading", "read_record"]

TIMELINE, STATE_API = "ray.timeline", "state api"
_LIMIT = 10_000
_TIMEOUT_SECONDS = 30
_MAX_QUESTIONS = 40
_MAX_NAMES = 30
_MAX_REASON = 200

Filter = tuple[str, str, str | bool | int | float]
Rows = dict[tuple[str, int], dict[str, object]]


@dataclass(frozen=True)
class Reading:
    """What one source gave of one job. `problem`: why it gave nothing; `cut`: what it did not give. Both empty when all is well."""

    source: str
    observations: tuple[Observation, ...] = ()
    problem: str = ""
    cut: str = ""


def read_record(job_id: str) -> tuple[Reading, ...]:
    """Ask every source once about the job (hex). Takes at least a second."""
    return _guarded(TIMELINE, job_id, _read_timeline), _guarded(STATE_API, job_id, _read_tasks)


def _guarded(source: str, job_id: str, read: Callable[[str], Reading]) -> Reading:
    try:
        with _quiet():
            return read(job_id)
    except Exception as error:  # noqa: BLE001 - whatever one source lacks, the other and the recording go on
        if type(error).__name__ == "ServerUnavailable":
            return Reading(source, problem="Ray's dashboard does not run")
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return Reading(source, problem=reason[:_MAX_REASON])


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("ray")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _read_timeline(job_id: str) -> Reading:
    return Reading(TIMELINE, tuple(observations_of_timeline(ray.timeline() or [], job_id, _node_ids())))


def _node_ids() -> dict[str, str]:
    """Node ids by address, for addresses of one node only."""
    nodes = [(str(node["NodeManagerAddress"]), str(node["NodeID"])) for node in ray.nodes()]
    shared = Counter(address for address, _ in nodes)
    return {address: node_id for address, node_id in nodes if shared[address] == 1}


def _read_tasks(job_id: str) -> Reading:
    from ray.util.state import list_nodes

    # a cluster without a dashboard names the usual port all the same, where another cluster's may listen
    answering = {node.node_id for node in list_nodes(_address(), limit=_LIMIT, raise_on_missing_output=False)}
    if answering.isdisjoint(str(node["NodeID"]) for node in ray.nodes()):
        return Reading(STATE_API, problem="Ray's dashboard does not run; another cluster's answers in its place")
    rows, cut = _ask_in_parts([("job_id", "=", job_id)])
    return Reading(STATE_API, tuple(observations_of_tasks(rows.values(), job_id)), cut=cut)


def _ask_in_parts(job: list[Filter]) -> tuple[Rows, str]:
    """All rows that can be had: the whole, or part by part where an answer is full."""
    rows = _ask(job)
    if len(rows) < _LIMIT:
        return rows, ""
    names: list[str] = []
    cut: list[str] = []
    fresh = _names_in(rows)
    for _ in range(_MAX_QUESTIONS):
        if not fresh:
            break
        name = fresh.pop()
        names.append(name)
        part = _ask([*job, ("name", "=", name)])
        if len(part) >= _LIMIT:
            part |= _ask([*job, ("name", "=", name), ("state", "!=", "FINISHED")])
            cut.append(name)
        rows |= part
        if not fresh and len(names) < _MAX_NAMES:
            rest = _ask([*job, *(("name", "!=", known) for known in names)])
            rows |= rest
            fresh = _names_in(rest)
    cut += fresh
    if not cut:
        return rows, ""
    return rows, f"the State API gives at most {_LIMIT:,} tasks of a name; of {', '.join(cut[:3])} there are more"


def _names_in(rows: Rows) -> list[str]:
    return sorted({str(row["name"]) for row in rows.values()})


def _ask(filters: list[Filter]) -> Rows:
    from ray.util.state import list_tasks

    found = list_tasks(_address(), filters, limit=_LIMIT, timeout=_TIMEOUT_SECONDS, detail=True, raise_on_missing_output=False)
    return {(row.task_id, row.attempt_number): vars(row) for row in found}


def _address() -> str:
    return str(ray.get_runtime_context().gcs_address)
