"""Which Ray cluster the dashboard's programs run on, watched all the time: it may stop, and another one may come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from nestviz.errors import LaunchError
from nestviz.launch.cluster import ExternalRay, RayCluster

__all__ = ["ClusterNews", "ClusterWatch"]

_EVERY_S = 2.0


@dataclass(frozen=True)
class ClusterNews:
    """How it stands: `address` is the last cluster seen ("" before the first), `is_up` whether it answers.

    `is_external`: others started it and decide how many CPUs it has (`cpus`, None when that is not known). `problem` says why
    RAY_ADDRESS leads to none. `alive_s` is the caller's clock when a cluster last answered, 0 if none ever did.
    """

    address: str = ""
    is_up: bool = False
    is_external: bool = False
    cpus: float | None = None
    problem: str = ""
    alive_s: float = 0.0

    @property
    def is_lost(self) -> bool:
        """Whether there was a cluster and is none now."""
        return bool(self.address) and not self.is_up


class ClusterWatch:
    """Remembers the last cluster and looks again in the background, as a machine that is gone may take seconds to be known so."""

    def __init__(self, find: Callable[[], RayCluster | None], clock: Callable[[], float]) -> None:
        """`find` gives the cluster that there is, None for none, or raises LaunchError; `clock` Unix time in seconds."""
        self._find = find
        self._clock = clock
        self._lock = threading.Lock()
        self._news = ClusterNews()
        self._looked_s: float | None = None

    def news(self) -> ClusterNews:
        """How it stood at the last look, which is a few seconds ago at most; the first call waits for the first look."""
        with self._lock:
            is_first = self._looked_s is None
            is_due = self._looked_s is None or self._clock() - self._looked_s >= _EVERY_S
            if is_due:
                self._looked_s = self._clock()
        if is_first:
            self.look()
        elif is_due:
            threading.Thread(target=self.look, name="nestviz-look", daemon=True).start()
        with self._lock:
            return self._news

    def look(self) -> None:
        """Find out how it stands now."""
        try:
            cluster, problem = self._find(), ""
        except LaunchError as error:
            cluster, problem = None, str(error)
        with self._lock:
            if cluster is None:
                self._news = replace(self._news, is_up=False, problem=problem)
            else:
                external = isinstance(cluster, ExternalRay)
                self._news = ClusterNews(_place_of(cluster), True, external, cluster.cpus, alive_s=self._clock())


def _place_of(cluster: RayCluster) -> str:
    """Host and port also of a cluster that is addressed as "auto"."""
    if isinstance(cluster, ExternalRay) and cluster.host:
        return f"{cluster.host}:{cluster.port}"
    return cluster.address
