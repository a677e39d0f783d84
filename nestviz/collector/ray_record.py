"""Ray's own record of tasks as observations: from the list of `ray.timeline()`, and from the rows of the State API.

What they give (Ray 2.60, measured):

* `ray.timeline()` needs no dashboard. Per finished execution: `task::NAME` (the only event with the task id; NAME is the one of
  `.options(name=…)`) and, inside it, `task:deserialize_arguments`, `task:execute`, `task:store_outputs`; `ts` in Unix µs, `dur`
  in µs, `tid` "worker:WORKER_ID", `pid` the node's address. No attempt number, no parent, no process id, nothing of what still
  runs or whose process died. The job is the end of the task id. Events of one attempt stand together, `task::NAME` last; those of
  a concurrent actor overlap in time. A raised exception is in the `args` of `task:execute`.
* `ray.util.state.list_tasks(detail=True)` needs Ray's dashboard (`pip install "ray[default]"`). Per attempt, running and pending
  ones too: number, parent (for calls of an async or threaded actor its creation task), states with times in whole ms, worker,
  process id, node, error type and message, and the same profile events with times in ms. Actor methods have kind ACTOR_TASK.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any  # the values in Ray's rows

from nestviz.collector.observation import NO_TIME, Observation, SeenWorker, Stretch
from nestviz.events import NO_STATE, State

__all__ = ["OWN_ACTORS", "observations_of_tasks", "observations_of_timeline"]

OWN_ACTORS = "Nestviz"
"""How the class names of nestviz's own actors begin: their methods are tasks too, but none of the program's."""

_FETCH, _EXECUTE, _STORE, _TASK = "task:deserialize_arguments", "task:execute", "task:store_outputs", "task::"
_STATES = {"FINISHED": State.FINISHED, "RUNNING": State.RUNNING, "NIL": NO_STATE}
_FATES = {"TASK_CANCELLED": State.CANCELLED, "OUT_OF_MEMORY": State.LOST}
_RAISED = "TASK_EXECUTION_EXCEPTION"
_CREATION = ".__init__"
_MAX_ERROR = 1_500
_NS_PER_MS, _NS_PER_US = 1_000_000, 1_000

Row = Mapping[str, Any]


def observations_of_timeline(events: Sequence[Row], job_id: str, node_ids: Mapping[str, str]) -> list[Observation]:
    """The executions of one job. `job_id` is hex; `node_ids` leads from a node's address to its id."""
    found: list[Observation] = []
    inside: dict[str, list[Row]] = {}
    for event in events:
        worker, kind = event["tid"], str(event["cat"])
        if not kind.startswith(_TASK):
            inside.setdefault(worker, []).append(event)
            continue
        parts = inside.pop(worker, [])
        task_id = str(event["args"].get("task_id", ""))
        if task_id.endswith(job_id) and _is_foreign(kind[len(_TASK) :]):
            seen = SeenWorker(str(worker).partition(":")[2], node_ids.get(str(event["pid"]), ""))
            found.append(_execution(event, parts, Observation(bytes.fromhex(task_id), _plain(kind[len(_TASK) :]), worker=seen)))
    return found


def _execution(whole: Row, parts: Iterable[Row], observation: Observation) -> Observation:
    """The observation with the events that lie inside the task's own; of two of a kind the later one counts."""
    low, high = _stretch(whole)
    within = {str(part["cat"]): part for part in parts if low <= _stretch(part)[0] and _stretch(part)[1] <= high + _NS_PER_MS}
    within.setdefault(_EXECUTE, whole)  # Ray drops profile events when it has too many
    return _with_profile(observation, {kind: (_stretch(part), part["args"]) for kind, part in within.items()})


def _stretch(event: Row) -> Stretch:
    begin = round(event["ts"] * _NS_PER_US)
    return begin, begin + round(event["dur"] * _NS_PER_US)


def observations_of_tasks(rows: Iterable[Row], job_id: str) -> list[Observation]:
    """The attempts of one job in the State API's rows, taken as mappings."""
    return [_attempt(row) for row in rows if row["job_id"] == job_id and _is_foreign(str(row["name"]))]


def _attempt(row: Row) -> Observation:
    profile = row.get("profiling_data") or {}
    parts = {str(e["event_name"]): ((_ns(e["start_time"]), _ns(e["end_time"])), e["extra_data"]) for e in profile.get("events", ())}
    state, error = _fate(row)
    observation = Observation(
        task_id=bytes.fromhex(row["task_id"]),
        name=_plain(str(row["name"])),
        attempt=int(row["attempt_number"]),
        submitted_ns=_ns(row["creation_time_ms"]),
        parent_id=bytes.fromhex(row["parent_task_id"] or ""),
        worker=SeenWorker(
            str(row["worker_id"] or profile.get("component_id", "")), str(row["node_id"] or ""), int(row["worker_pid"] or 0)
        ),
    )
    observation = _with_profile(observation, parts)
    if observation.execute == NO_TIME and row["start_time_ms"]:
        observation = replace(observation, execute=(observation.fetch[1] or _ns(row["start_time_ms"]), 0))
    return replace(observation, state=state, error=error or observation.error, end_ns=_ns(row["end_time_ms"]))


def _fate(row: Row) -> tuple[int, str]:
    """State and error. A task whose process, node or owner died is lost, whatever else Ray calls a failure has failed."""
    state, kind = str(row["state"]), str(row["error_type"] or "")
    if state != "FAILED":
        return _STATES.get(state, State.SUBMITTED), ""
    lines = [line.strip() for line in str(row["error_message"] or "").splitlines() if line.strip()]
    if kind == _RAISED and lines:
        return State.FAILED, lines[-1][:_MAX_ERROR]
    fate = _FATES.get(kind, State.LOST if kind.endswith("DIED") else State.FAILED)
    return fate, ": ".join([kind or "FAILED", *lines[:1]])[:_MAX_ERROR]


def _with_profile(observation: Observation, parts: Mapping[str, tuple[Stretch, Row]]) -> Observation:
    """Fetch, execution and store out of profile events; an execution that has an end has finished, or raised."""
    execute, extra = parts.get(_EXECUTE, (NO_TIME, {}))
    error = f"{_class_name(extra)}: {extra.get('value', '')}".rstrip(": ")[:_MAX_ERROR] if "traceback" in extra else ""
    state = NO_STATE if execute == NO_TIME else State.FAILED if error else State.FINISHED
    fetch, store = parts.get(_FETCH, (NO_TIME, {}))[0], parts.get(_STORE, (NO_TIME, {}))[0]
    return replace(observation, fetch=fetch, execute=execute, store=store, state=state, error=error)


def _class_name(extra: Row) -> str:
    """`ValueError` out of `<class 'ValueError'>`, without its module."""
    return str(extra.get("type", "")).removeprefix("<class '").removesuffix("'>").rpartition(".")[2]


def _is_foreign(name: str) -> bool:
    return not _plain(name).startswith(OWN_ACTORS)


def _plain(name: str) -> str:
    """The name as capture gives it: without the functions around it, and a creation without the actor's own name before it."""
    plain = name.rsplit("<locals>.", 1)[-1]
    return plain.rpartition(":")[2] if plain.endswith(_CREATION) else plain


def _ns(milliseconds: float | None) -> int:
    return round((milliseconds or 0) * _NS_PER_MS)
