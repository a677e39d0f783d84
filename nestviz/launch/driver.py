"""A person's program in a process of its own, attached to a Ray: started, watched, stopped."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from nestviz.errors import LaunchError
from nestviz.launch.environment import child_environment

__all__ = ["Driver", "DriverState"]

DriverState = Literal["running", "finished", "failed", "stopped"]

_running: weakref.WeakSet[Driver] = weakref.WeakSet()


class Driver:
    """A program that was started, in a process group of its own so that all of it can be stopped. Safe in any thread."""

    def __init__(self, process: subprocess.Popen[bytes], log_path: Path) -> None:
        self._process = process
        self._log_path = log_path
        self._is_stopped = False
        self._lock = threading.Lock()

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        address: str | None,
        home: Path,
        log_path: Path,
        environment: Mapping[str, str] | None = None,
    ) -> Driver:
        """Run `argv` attached to the Ray at `address`; what it prints goes to `log_path`, its recording to the folder `home`.

        `environment` holds more variables, usually `RayCluster.environment`. Raises LaunchError when it cannot be started.
        """
        variables = {**(environment or {}), "NESTVIZ_HOME": str(home)}
        if address is not None:
            variables["RAY_ADDRESS"] = address
        try:
            log_path.parent.mkdir(parents=True, exist_ok=True)
            with log_path.open("wb") as log:
                process = subprocess.Popen(  # noqa: S603 - running a person's program is what this is for
                    list(argv),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=child_environment(variables),
                    start_new_session=True,
                )
        except (OSError, ValueError, IndexError) as error:
            raise LaunchError(f"cannot start {' '.join(argv) or 'nothing'}: {error}") from error
        driver = cls(process, log_path)
        _running.add(driver)
        return driver

    @property
    def pid(self) -> int:
        """The process, which is also its group."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """What the program returned; negative: the signal that ended it; None while it runs."""
        if not self._lock.acquire(blocking=False):
            return None  # it is being stopped, which may take a while
        try:
            return self._process.poll()
        finally:
            self._lock.release()

    @property
    def state(self) -> DriverState:
        """How it stands: finished means exit status 0, stopped that `stop` ended it."""
        status = self.exit_status
        if status is None:
            return "running"
        _running.discard(self)
        if self._is_stopped:
            return "stopped"
        return "finished" if status == 0 else "failed"

    def output(self, max_bytes: int = 100_000) -> str:
        """The last lines of what it printed, at most `max_bytes` of them."""
        try:
            with self._log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - max_bytes))
                data = log.read(max_bytes)
        except OSError:
            return ""
        if size > max_bytes:
            data = data[data.find(b"\n") + 1 :]
        return data.decode("utf-8", "replace")

    def stop(self, grace_s: float = 5.0) -> None:
        """Interrupt it as Ctrl-C does; after `grace_s` seconds terminate it, then kill what is left of its group.

        Waits for that. Does nothing when it has ended by itself.
        """
        with self._lock:
            if self._process.poll() is not None:
                return
            self._is_stopped = True
            for number in (signal.SIGINT, signal.SIGTERM):
                self._signal_group(number)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(grace_s)
                    break
            self._signal_group(signal.SIGKILL)  # whoever is left; at once, while the group's number is not used again
            self._process.wait()
        _running.discard(self)

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


@atexit.register
def _stop_all() -> None:
    """Leave nobody's program behind when this process ends."""
    for driver in list(_running):
        driver.stop(grace_s=2.0)
