"""Connecting this process to Ray as a driver, without Ray's chatter."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from nestviz.errors import LaunchError, UsageError
from nestviz.launch.cluster import ExternalRay

__all__ = ["connected", "start_local"]

_QUIET = logging.ERROR
_MAX_REASON = 300


def start_local(num_cpus: float | None) -> tuple[str, float]:
    """Start a Ray that this process owns and that listens on this machine alone; returns its address and CPUs.

    Must be called before Ray is imported. Raises LaunchError when Ray does not start.
    """
    # Ray's own switch, default on Windows and macOS: everything listens on the loopback address instead of on all of them
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    try:
        ray.init(
            address="local",
            num_cpus=cast("int | None", num_cpus),  # Ray itself says so when it is not whole
            include_dashboard=False,
            log_to_driver=False,
            logging_level=_QUIET,
        )
        address = str(ray.get_runtime_context().gcs_address)
        cpus = float(ray.cluster_resources().get("CPU", 0.0))
    except Exception as error:
        raise LaunchError(f"Ray did not start: {_reason(error)}") from error
    return address, cpus


@contextmanager
def connected(cluster: ExternalRay | None, num_cpus: float | None) -> Iterator[None]:
    """Connect this process to the cluster, or start Ray in it when there is none; at the end, disconnect or end it.

    Raises UsageError when `num_cpus` is asked of an existing cluster, LaunchError when Ray cannot be reached or started.
    """
    if cluster is None:
        start_local(num_cpus)
    elif num_cpus is None:
        _attach(cluster)
    else:
        raise UsageError("the number of CPUs cannot be chosen on an existing cluster; unset RAY_ADDRESS, or leave it out")
    import ray

    try:
        yield
    finally:
        ray.shutdown()


def _attach(cluster: ExternalRay) -> None:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    try:
        ray.init(address=cluster.address, log_to_driver=False, logging_level=_QUIET)
    except Exception as error:
        raise LaunchError(f"cannot attach to Ray at {cluster.address}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """The cause behind an error of Ray, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = " ".join(str(error).split())
    return text[:_MAX_REASON] or type(error).__name__
