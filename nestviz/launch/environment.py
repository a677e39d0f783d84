"""The environment of the processes that nestviz starts."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Mapping
from pathlib import Path

__all__ = ["child_environment"]


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `extra`, in which Python finds this nestviz, also when it is not installed."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **extra}
    home = str(Path(__file__).resolve().parents[2])
    paths = [path for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    # site-packages must not go onto PYTHONPATH: it would come before the standard library
    is_installed = home in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    if not is_installed and home not in paths:
        env["PYTHONPATH"] = os.pathsep.join([*paths, home])
    return env
