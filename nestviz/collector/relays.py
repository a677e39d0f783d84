"""The collector's connections to the relays of the other nodes: calls out, batches in, clocks compared."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol, cast

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from nestviz.collector.clocks import Clock, RoundTrip
from nestviz.collector.gatherer import Gatherer
from nestviz.collector.gathering import NodeFacts
from nestviz.collector.portions import Receipt
from nestviz.collector.relay import Batch, NestvizRelay
from nestviz.collector.rota import Rota

__all__ = ["NAMESPACE", "Relays"]

NAMESPACE = "nestviz"
_LOOK_SECONDS = 3.0
_MAX_BATCH_BYTES = 4 << 20
_CLOCKS_PER_LOOK = 50
_MANY_TRIPS, _FEW_TRIPS = 10, 2
_SHARP_NS = 1_000_000
_PATIENCE_SECONDS = 2.0


class _Method(Protocol):
    def remote(self, *args: object) -> ray.ObjectRef[object]: ...


class _RelayHandle(Protocol):
    collect: _Method
    drop: _Method
    read_clock: _Method


class Relays:
    """All other nodes of the cluster, as one collector sees them. Thread-safe; one thread makes the turns."""

    def __init__(self, node_id: str, gatherer: Gatherer, gatherer_lock: threading.Lock) -> None:
        """The collector's node, and where the batches go."""
        self._node_id = node_id
        self._gatherer, self._gatherer_lock = gatherer, gatherer_lock
        self._lock = threading.Lock()
        self._rota = Rota()
        self._next_look_s = 0.0
        self._handles: dict[str, _RelayHandle] = {}
        self._under_way: dict[ray.ObjectRef[object], str] = {}
        self._receipts: dict[str, Mapping[str, Mapping[str, Receipt]]] = {}
        self._clocks: dict[str, Clock] = {}
        self._addresses: dict[str, str] = {}
        self.problems: dict[str, str] = {}

    def turn(self) -> None:
        """Look at the nodes if it is time, ask those whose turn it is, and take what has come; waits a moment for it."""
        with self._lock:
            if time.monotonic() >= self._next_look_s:
                self._look()
            self._ask()
            self._take_answers(self._rota.soon(time.monotonic()))

    def sync(self, patience_s: float) -> list[str]:
        """Take all that has been said on the other nodes until now; the nodes that did not answer within so many seconds."""
        with self._lock:
            until_s = time.monotonic() + patience_s
            self._look()
            earlier = set(self._under_way)
            missing = set(self._rota.nodes)
            while not self._rota.are_failing(missing) and time.monotonic() < until_s:
                self._rota.hurry(missing, time.monotonic())
                self._ask()
                answers = self._take_answers(0.1)
                missing -= {node for ref, node, is_all in answers if is_all and ref not in earlier}
            return sorted(missing)

    def drop(self, job: str) -> None:
        """The job's recording is closed."""
        with self._lock:
            for handle in self._handles.values():
                handle.drop.remote(job)

    def dismiss(self) -> None:
        """Nothing has been recorded for a while: the relays may go; what they might still be asked for stays in the rings."""
        with self._lock:
            for handle in self._handles.values():
                ray.kill(cast("ray.actor.ActorHandle[NestvizRelay]", handle))
            self._forget(list(self._handles))
            self._rota.see([], 0.0)
            self._next_look_s = 0.0

    def _look(self) -> None:
        """Who is there: new nodes join the rota, the processes of those that have left are gone, and clocks are compared anew."""
        self._take_answers(0.0)  # the last words of a node that has left
        self._addresses = {str(node["NodeID"]): str(node["NodeManagerAddress"]) for node in ray.nodes() if node["Alive"]}
        now = time.monotonic()
        self._next_look_s = now + _LOOK_SECONDS
        new, left = self._rota.see(self._addresses.keys() - {self._node_id}, now)
        self._forget(left)
        self._handles |= {node: _ensure_relay(self._node_id, node) for node in new}
        for node in list(self._clocks)[:_CLOCKS_PER_LOOK]:
            with suppress(ray.exceptions.RayError):  # the next call to it will find out what is wrong
                self._compare_clocks(node)
        self._tell()

    def _tell(self) -> None:
        """Let the gatherer know what is known of the nodes; of a lone node there is nothing to be known."""
        facts = {}
        if len(self._addresses) > 1:
            facts[self._node_id] = NodeFacts(self._addresses.get(self._node_id, ""))
            facts |= {node: NodeFacts(self._addresses[node], clock.offset) for node, clock in self._clocks.items()}
        with self._gatherer_lock:
            self._gatherer.tell(facts, self._addresses.keys(), time.time_ns())

    def _forget(self, nodes: list[str]) -> None:
        for node in nodes:
            for known in (self._handles, self._receipts, self._clocks, self.problems):
                known.pop(node, None)

    def _ask(self) -> None:
        with self._gatherer_lock:
            jobs = self._gatherer.jobs
        for node in self._rota.ask(time.monotonic()):
            if node not in self._handles:
                self._handles[node] = _ensure_relay(self._node_id, node)
            confirmed = self._receipts.pop(node, {})
            receipts = {job: confirmed.get(job, {}) for job in jobs}
            self._under_way[self._handles[node].collect.remote(receipts, _MAX_BATCH_BYTES)] = node

    def _take_answers(self, patience_s: float) -> list[tuple[ray.ObjectRef[object], str, bool]]:
        """Take what has come; by call the node, and whether its rings are empty now."""
        if not self._under_way:
            time.sleep(min(patience_s, 0.1))
            return []
        refs = list(self._under_way)
        ray.wait(refs, num_returns=1, timeout=min(patience_s, 0.1))
        ready, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
        return [(ref, node, self._take(ref, node)) for ref in ready for node in [self._under_way.pop(ref)]]

    def _take(self, ref: ray.ObjectRef[object], node: str) -> bool:
        """Write one batch down and get the next receipts ready; whether the node's rings were empty then."""
        if node not in self._handles:
            return False  # it has left, or was dismissed
        try:
            batch = cast("Batch", ray.get(ref))
            if node not in self._clocks:
                self._compare_clocks(node)
                self._tell()  # no record is written before its clock is known
        except ray.exceptions.RayError as error:
            self._forget([node])
            reason = str(error).partition("\n")[0]
            self.problems[node] = f"no answer from node {node}: {reason}"
            self._rota.answered(node, time.monotonic(), has_failed=True)
            return False
        self.problems.pop(node, None)
        with self._gatherer_lock:
            receipts = self._gatherer.accept(batch.portions, time.time_ns())
        self._receipts[node] = receipts
        self._rota.answered(node, time.monotonic(), has_more=not batch.is_all and bool(receipts))
        return batch.is_all and receipts.keys() == batch.portions.keys()

    def _compare_clocks(self, node: str) -> None:
        """A few round trips to a relay, more while it is not well known; it goes to the end of the queue. RayError without answer."""
        clock = self._clocks.pop(node, None) or Clock()
        is_sharp = clock.offset is not None and clock.offset.error_ns < _SHARP_NS
        for _ in range(_FEW_TRIPS if is_sharp else _MANY_TRIPS):
            sent = time.perf_counter_ns()
            there = cast("int", ray.get(self._handles[node].read_clock.remote(), timeout=_PATIENCE_SECONDS))
            clock.learn(RoundTrip(sent, there, time.perf_counter_ns()))
        self._clocks[node] = clock


def _ensure_relay(collector_node_id: str, node_id: str) -> _RelayHandle:
    """The relay of a node for the collector of another, started if need be; returns at once."""
    actor = ray.remote(num_cpus=0, max_restarts=-1)(NestvizRelay)
    options = actor.options(
        name=f"relay-{node_id}-for-{collector_node_id}",
        namespace=NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        enable_task_events=False,  # ten calls a second would drive the program's own tasks out of Ray's record
        scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
    )
    return cast("_RelayHandle", options.remote())
