"""The programs that people start from the dashboard: one at a time on one Ray, started in the background, watched by all tabs."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from nestviz.errors import NestvizError, UsageError
from nestviz.launch.cluster import EmbeddedRay, RayCluster, find_cluster
from nestviz.launch.driver import Driver
from nestviz.wording import count

__all__ = ["Run", "RunRequest", "Runs", "Stage"]

Stage = Literal["starting", "running", "finished", "failed", "stopped"]
_KEPT = 20  # former runs that can still be looked at


@dataclass(frozen=True)
class RunRequest:
    """What a person chose. `cpus` None: whatever the cluster has. `threshold` None: the workload has none."""

    workload: str
    size: int
    threshold: int | None
    seed: int
    cpus: int | None
    is_sequential_run: bool = True

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.workload} {count(self.size)}"

    @property
    def name(self) -> str:
        """The recording's name, which becomes part of its id."""
        return f"{self.workload}-{self.size}"

    def argv(self) -> list[str]:
        """The command that carries it out."""
        threshold = [] if self.threshold is None else ["--threshold", str(self.threshold)]
        sequential = [] if self.is_sequential_run else ["--no-sequential"]
        numbers = ["--sizes", str(self.size), *threshold, "--seed", str(self.seed)]
        return [sys.executable, "-m", "nestviz", "demo", self.workload, *numbers, *sequential]


@dataclass(frozen=True)
class Run:
    """How one run stands. `progress` says what is waited for while it starts, `problem` why it could not be started.

    `began_s` and `ended_s` are the caller's clock, in seconds; `ended_s` is 0 until then. `pid` is 0 before the program was started.
    """

    number: int
    request: RunRequest
    stage: Stage
    began_s: float
    ended_s: float = 0.0
    progress: str = ""
    problem: str = ""
    pid: int = 0
    output: str = ""
    known_before: frozenset[str] = frozenset()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.stage in {"finished", "failed", "stopped"}


class Runs:
    """Starts, watches and stops runs. Thread-safe; one for the whole server."""

    def __init__(
        self,
        start_ray: Callable[[float | None, Callable[[str], None]], RayCluster] = EmbeddedRay.start,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`environment` (default os.environ) says where an external Ray is."""
        self._start_ray = start_ray
        self._environment = os.environ if environment is None else environment
        self._clock = clock
        self._lock = threading.RLock()
        self._ray_lock = threading.Lock()  # one Ray: a run waits while a stopped one's is still coming up
        self._runs: list[Run] = []
        self._drivers: dict[int, Driver] = {}
        self._embedded: RayCluster | None = None
        self._logs = tempfile.TemporaryDirectory(prefix="nestviz-")

    def cluster(self) -> RayCluster | None:
        """The Ray that the next run would use; None when it would start one. LaunchError when RAY_ADDRESS leads nowhere."""
        with self._lock:
            embedded = self._embedded
        if embedded is not None and embedded.is_alive:
            return embedded
        return find_cluster(self._environment)

    @property
    def embedded_cpus(self) -> int | None:
        """CPUs of the embedded Ray, None while there is none."""
        with self._lock:
            alive = self._embedded is not None and self._embedded.is_alive
            return round(self._embedded.cpus) if alive and self._embedded and self._embedded.cpus else None

    def start(self, request: RunRequest, home: Path, known_before: frozenset[str]) -> Run:
        """Begin a run in the background; its recording goes to `home`. UsageError while another one is on its way."""
        with self._lock:
            last = self.latest()
            if last is not None and not last.is_over:
                raise UsageError(f"{last.request.title} is still running; stop it first")
            number = last.number + 1 if last else 1
            run = Run(number, request, "starting", self._clock(), progress="Looking for Ray", known_before=known_before)
            self._runs = [*self._runs[-_KEPT:], run]
            self._drivers = {kept.number: self._drivers[kept.number] for kept in self._runs if kept.number in self._drivers}
        threading.Thread(target=self._carry_out, args=(run, home), name=f"nestviz-run-{number}", daemon=True).start()
        return run

    def latest(self) -> Run | None:
        """The newest run as it stands now, None when there was none."""
        with self._lock:
            return self._looked_at(self._runs[-1]) if self._runs else None

    def numbered(self, number: int) -> Run | None:
        """The run of that number as it stands now."""
        with self._lock:
            return next((self._looked_at(run) for run in self._runs if run.number == number), None)

    def by_pid(self, pid: int) -> Run | None:
        """The run whose program has that process id."""
        with self._lock:
            return next((self._looked_at(run) for run in reversed(self._runs) if pid and run.pid == pid), None)

    def stop(self, number: int) -> None:
        """Begin to end a run, also one that is still waiting for Ray. Does nothing when it is over."""
        with self._lock:
            run, driver = self.numbered(number), self._drivers.get(number)
            if run is None or run.is_over:
                return
            if driver is None:
                self._change(number, stage="stopped", ended_s=self._clock())
                return
            self._change(number, stage="running", progress="Stopping")
        threading.Thread(target=driver.stop, name=f"nestviz-stop-{number}", daemon=True).start()

    def _carry_out(self, run: Run, home: Path) -> None:
        try:
            with self._ray_lock:
                if self._stage(run.number) != "starting":
                    return
                cluster = self._cluster(run)
            self._say(run.number, "Starting the program")
            with self._lock:
                if self._stage(run.number) != "starting":
                    return
                driver = Driver.start(
                    run.request.argv(),
                    address=cluster.address,
                    home=home,
                    log_path=Path(self._logs.name) / f"run-{run.number}.log",
                    environment={**cluster.environment, "NESTVIZ_NAME": run.request.name},
                )
                self._drivers[run.number] = driver
                self._change(run.number, stage="running", progress="", pid=driver.pid)
        except NestvizError as error:
            self._fail(run.number, str(error))
        except Exception as error:  # noqa: BLE001 - the border of a thread: whatever it is, the person must see it
            self._fail(run.number, f"{type(error).__name__}: {error}")

    def _cluster(self, run: Run) -> RayCluster:
        """The Ray for a run: an external one, else the embedded one, started anew when another number of CPUs is wanted."""
        wanted, cluster, embedded = run.request.cpus, self.cluster(), self._embedded
        if cluster is not None and (cluster is not embedded or wanted in {None, self.embedded_cpus}):
            return cluster
        if embedded is not None:
            self._say(run.number, "Stopping Ray, to start it anew" if cluster is None else "Stopping Ray, to start it with other CPUs")
            embedded.stop()
        started = self._start_ray(wanted, lambda line: self._say(run.number, line))
        with self._lock:
            self._embedded = started
        return started

    def _looked_at(self, run: Run) -> Run:
        driver = self._drivers.get(run.number)
        if driver is None:
            return run
        state = driver.state
        if state != "running" and not run.ended_s:
            run = self._change(run.number, stage=state, ended_s=self._clock())
        return replace(run, output=driver.output())

    def _change(self, number: int, *, stage: Stage, progress: str = "", problem: str = "", pid: int = 0, ended_s: float = 0.0) -> Run:
        with self._lock:
            place = next(i for i, run in enumerate(self._runs) if run.number == number)
            run = self._runs[place]
            self._runs[place] = replace(
                run, stage=stage, progress=progress, problem=problem, pid=pid or run.pid, ended_s=ended_s or run.ended_s
            )
            return self._runs[place]

    def _stage(self, number: int) -> Stage:
        return next(run.stage for run in self._runs if run.number == number)

    def _say(self, number: int, line: str) -> None:
        with self._lock:
            if self._stage(number) == "starting":
                self._change(number, stage="starting", progress=line)

    def _fail(self, number: int, problem: str) -> None:
        with self._lock:
            if self._stage(number) != "stopped":
                self._change(number, stage="failed", problem=problem, ended_s=self._clock())
