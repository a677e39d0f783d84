"""Finding this node's collector, and starting it: what drivers do."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from nestviz.collector.actor import NestvizCollector
from nestviz.collector.relays import NAMESPACE

__all__ = ["CollectorHandle", "ensure_collector"]

_VERSION = 2


class _Method(Protocol):
    def remote(self, *args: object) -> ray.ObjectRef[object]: ...


class CollectorHandle(Protocol):
    """The actor's handle as its users see it."""

    hurry: _Method
    sync: _Method
    finish: _Method
    journals: _Method
    problems: _Method
    read: _Method


def ensure_collector(base: Path, node_id: str) -> CollectorHandle:
    """The collector of the node whose folder is `base`, started if need be; returns at once, the process may still be on its way."""
    actor = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(NestvizCollector)
    options = actor.options(
        name=f"collector-{_VERSION}-{node_id}",
        namespace=NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        max_concurrency=4,  # while one driver's `finish` waits for relays, others are served
        scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
    )
    return cast("CollectorHandle", options.remote(str(base)))
