"""What a task needs before it can start, and who holds it as far as the record shows.

A task that waits gives back its CPUs, but not its other resources; an actor keeps all that it was created with for life, also while
its methods wait. How large a placement group is the record does not say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from nestviz.analysis.wait_graph import WaitGraph
from nestviz.events import State
from nestviz.trace.model import UNKNOWN, Ints

__all__ = ["Confidence", "Holder", "Verdict", "needs_of", "why_it_cannot_start"]

Confidence = Literal["sure", "likely", "unknown"]

_GROUP = re.compile(r"placement group \S+")
_AMOUNT = re.compile(r"\s*(?P<amount>[\d.]+(?:e[+-]?\d+)?)\s+(?P<resource>\S.*?)\s*")
_TOLERANCE = 1e-6
_MOST_HOLDERS = 8


@dataclass(frozen=True)
class Holder:
    """A row that holds what others need. `row` is an actor's creation or a task, `holds` as in "4 CPU", "" for an actor's turn."""

    row: int
    holds: str
    is_actor: bool


@dataclass(frozen=True)
class Verdict:
    """Why tasks cannot start: who holds what they need (the first few), how sure that is, and a sentence without names."""

    confidence: Confidence
    holders: tuple[Holder, ...]
    explanation: str


def needs_of(graph: WaitGraph, row: int) -> str:
    """The resources that a task must get before it starts, as in "2 CPU, 1 GPU"; Ray's default is one CPU, for actors too."""
    said = graph.requirement_of(row)
    return said if "CPU" in _amounts(said) else ", ".join(filter(None, ("1 CPU", said)))


def why_it_cannot_start(graph: WaitGraph, row: int) -> Verdict:
    """The verdict on a task that waits for a resource."""
    needs = needs_of(graph, row)
    group = _group(needs)
    holdings = [holder for holder in _holdings(graph) if group in {"", _group(holder.holds)}]
    for resource, amount in _amounts(needs).items():
        is_cpu = resource == "CPU"
        holders = [holder for holder in holdings if _amounts(holder.holds).get(resource, 0.0) > 0 and (holder.is_actor or not is_cpu)]
        reason = _KEPT_BY_ACTORS if is_cpu else f"what waits does not give back {resource}"
        verdict = _verdict_on_cpus(graph, holders, amount) if is_cpu and not group else _likely(holders, reason)
        if verdict.confidence != "unknown":
            return verdict
    return _NO_REASON


_KEPT_BY_ACTORS = "an actor keeps its CPUs for life, also while it waits"
_NO_REASON = Verdict(
    "unknown",
    (),
    "by the record there is room: a worker process that is being started, or Ray's worker cap, can take many seconds",
)


def _verdict_on_cpus(graph: WaitGraph, actors: list[Holder], amount: float) -> Verdict:
    """Actors whose methods run now exist for sure; others may have ended without the record's knowing."""
    cpus = graph.trace.info.cpus
    if amount > cpus > 0:
        return Verdict("likely", (), f"the cluster had {cpus:g} CPUs when the recording began")
    held = {holder.row: _amounts(holder.holds)["CPU"] for holder in actors}
    room = cpus + _TOLERANCE - amount
    if not cpus or sum(held.values()) <= room:
        return _NO_REASON
    living = set(graph.actor[graph.is_alive].tolist())
    is_sure = sum(cpu for row, cpu in held.items() if int(graph.actor[row]) in living) > room
    return replace(_likely(actors, _KEPT_BY_ACTORS), confidence="sure" if is_sure else "likely")


def _likely(holders: list[Holder], explanation: str) -> Verdict:
    return Verdict("likely", tuple(holders[:_MOST_HOLDERS]), explanation) if holders else _NO_REASON


def _holdings(graph: WaitGraph) -> list[Holder]:
    """What living tasks and created actors hold beyond Ray's default, in order of submission."""
    tasks = np.flatnonzero(graph.is_alive & graph.trace.is_task & (graph.actor == 0))
    found = [(row, True) for row in _living_creations(graph).tolist()] + [(row, False) for row in tasks.tolist()]
    said = [Holder(row, graph.requirement_of(row), is_actor) for row, is_actor in sorted(found)]
    return [holder for holder in said if holder.holds]


def _living_creations(graph: WaitGraph) -> Ints:
    """The last creation of each actor that has begun, did not fail, and in whose process nothing was lost."""
    rows = graph.trace.rows
    created = np.flatnonzero(graph.is_creation & (rows.start != UNKNOWN))
    created = created[np.argsort(-rows.attempt[created], kind="stable")]
    created = created[np.unique(graph.actor[created], return_index=True)[1]]
    is_well = np.isin(rows.state[created], [State.RUNNING, State.BLOCKED, State.FINISHED])
    dead = rows.process[rows.state == State.LOST]
    living: Ints = created[is_well & ~np.isin(rows.process[created], dead)]
    return living


def _group(needs: str) -> str:
    found = _GROUP.search(needs)
    return found.group() if found else ""


def _amounts(needs: str) -> Mapping[str, float]:
    """The text "2 CPU, 1 GPU" as numbers; what is no number and name is left out."""
    found = (_AMOUNT.fullmatch(part) for part in needs.split(","))
    return {match["resource"]: float(match["amount"]) for match in found if match}
