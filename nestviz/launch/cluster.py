"""The Ray that drivers attach to: an existing cluster, or an embedded one in a process of its own.

The embedded one has its own process because Ray's processes end with the thread that started them, and a server's threads come
and go. This module does not import Ray.
"""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Protocol

from nestviz.errors import LaunchError
from nestviz.launch.environment import child_environment
from nestviz.launch.reach import local_cluster_address, parse_address, probe

__all__ = ["EmbeddedRay", "ExternalRay", "RayCluster", "find_cluster"]

_POLL_S = 0.25
_START_S = 120.0
_STOP_S = 15.0
_PROBE_S = 2.0


class RayCluster(Protocol):
    """A Ray to attach drivers to."""

    @property
    def address(self) -> str:
        """What goes into RAY_ADDRESS."""

    @property
    def cpus(self) -> float | None:
        """How many CPUs it was given; None when that is not known without connecting."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables, RAY_ADDRESS among them, with which a process attaches to it."""

    @property
    def is_alive(self) -> bool:
        """Whether it still answers."""

    def stop(self) -> None:
        """End it, if nestviz started it."""


@dataclass(frozen=True)
class ExternalRay:
    """A cluster that somebody else started and ends. `host` and `port` are "" and 0 when only Ray itself can find it."""

    address: str
    host: str = ""
    port: int = 0
    is_encrypted: bool = False
    cpus: float | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables with which a process attaches to it."""
        return {"RAY_ADDRESS": self.address}

    @property
    def is_alive(self) -> bool:
        """Whether something that may be Ray answers at its address."""
        return not self.host or not probe(self.host, self.port, is_encrypted=self.is_encrypted)

    def stop(self) -> None:
        """Does nothing: others may use it."""


def find_cluster(env: Mapping[str, str]) -> ExternalRay | None:
    """The cluster at RAY_ADDRESS, else the one that `ray start` started on this machine; None when a Ray has to be started.

    `env` is usually os.environ. Raises LaunchError, within seconds, when RAY_ADDRESS cannot be reached.
    """
    text = env.get("RAY_ADDRESS", "").strip()
    is_encrypted = env.get("RAY_USE_TLS", "").lower() in {"1", "true"}
    if text == "local":
        return None
    if text in {"", "auto"}:
        return _find_local(env, is_demanded=bool(text), is_encrypted=is_encrypted)
    host, port = parse_address(text)
    problem = probe(host, port, is_encrypted=is_encrypted)
    if problem:
        raise LaunchError(f"no Ray can be reached at RAY_ADDRESS={text}: {problem}; start it, or unset RAY_ADDRESS")
    return ExternalRay(text, host, port, is_encrypted)


def _find_local(env: Mapping[str, str], *, is_demanded: bool, is_encrypted: bool) -> ExternalRay | None:
    # The address stays "auto": only then does Ray look for this user's token by itself.
    address = local_cluster_address(env)
    if not address:
        return ExternalRay("auto") if is_demanded else None
    try:
        host, port = parse_address(address)
        problem = probe(host, port, is_encrypted=is_encrypted)
    except LaunchError:
        host, port, problem = "", 0, "it is no address"
    if not problem:
        return ExternalRay("auto", host, port, is_encrypted)
    if is_demanded:
        raise LaunchError(f"RAY_ADDRESS=auto leads to {address}, where no Ray can be reached: {problem}; run ray start --head")
    return None


@dataclass(eq=False)
class EmbeddedRay:
    """A Ray of our own, listening on this machine alone; it ends with this process, however that ends."""

    address: str
    cpus: float | None
    environment: Mapping[str, str]
    _process: subprocess.Popen[bytes] = field(repr=False)

    @classmethod
    def start(cls, num_cpus: float | None = None, on_progress: Callable[[str], None] | None = None) -> EmbeddedRay:
        """Start Ray with `num_cpus` (None: as many as the machine has) and wait until it is up.

        `on_progress` is called about every second with a line to show. Raises LaunchError when it does not come up.
        """
        argv = [sys.executable, "-m", "nestviz.launch.cluster_host", *([f"{num_cpus:g}"] if num_cpus is not None else [])]
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(  # noqa: S603 - our own module
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=child_environment({}),
                start_new_session=True,  # Ctrl-C in a terminal is for us; it ends when we close its input
            )
            try:
                greeting = _await_greeting(process, on_progress or _say_nothing)
                return cls(*_understand(greeting, errors), process)
            except BaseException:
                _end(process, patience_s=1.0)
                raise

    @property
    def is_alive(self) -> bool:
        """Whether its process still runs, and the Ray in it answers."""
        return self._process.poll() is None and not probe(*parse_address(self.address), timeout_s=_PROBE_S)

    def stop(self) -> None:
        """End it with all that runs on it, and wait for that. Safe to call twice."""
        _end(self._process, patience_s=_STOP_S)


def _await_greeting(process: subprocess.Popen[bytes], on_progress: Callable[[str], None]) -> dict[str, object]:
    """The line of JSON that the host prints; empty when it ended without one."""
    assert process.stdout is not None
    with process.stdout as pipe:
        for tick in range(int(_START_S / _POLL_S)):
            if tick % round(1 / _POLL_S) == 0:
                on_progress(f"Starting Ray, {tick * _POLL_S:.0f} s")
            if select.select([pipe], [], [], _POLL_S)[0]:
                line = pipe.readline()
                value = json.loads(line) if line.strip() else {}
                assert isinstance(value, dict)
                return value
    raise LaunchError(f"Ray did not start within {_START_S:.0f} s")


def _understand(greeting: dict[str, object], errors: IO[bytes]) -> tuple[str, float, dict[str, str]]:
    """Address, CPUs and environment out of the greeting; LaunchError with the reason when Ray did not start."""
    problem = str(greeting.get("error", "")) or ("" if greeting else f"Ray did not start: {_last_line(errors)}")
    if problem:
        raise LaunchError(problem)
    variables = greeting["environment"]
    assert isinstance(variables, dict)
    return str(greeting["address"]), float(str(greeting["cpus"])), {str(k): str(v) for k, v in variables.items()}


def _say_nothing(_line: str) -> None:
    """The progress callback of those who do not want any."""


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = [line.strip() for line in errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:500] if lines else "its process ended without a word"


def _end(process: subprocess.Popen[bytes], *, patience_s: float) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    for number in (0, signal.SIGTERM, signal.SIGKILL):  # 0 sends nothing: closing its input is what it waits for
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            return
