"""What all tests share: the folder of builders on the path, recordings in a temporary home, one Ray per session."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


@pytest.fixture(scope="session", autouse=True)
def recordings_home(tmp_path_factory):
    """No test touches the recordings of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    os.environ["NESTVIZ_HOME"] = str(home)
    package_parent = str(HERE.parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([package_parent, str(HERE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return home


@pytest.fixture(scope="session")
def ray_session():
    """One local Ray for all tests marked `ray`."""
    import ray

    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield ray
    ray.shutdown()
