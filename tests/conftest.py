"""What all tests share: the folder of builders on the path, recordings in a temporary home, one Ray per session."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
settings.register_profile("nestviz", deadline=None)  # the machine may be busy
settings.load_profile("nestviz")


@pytest.fixture(scope="session", autouse=True)
def recordings_home(tmp_path_factory):
    """No test touches the recordings of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    os.environ["NESTVIZ_HOME"] = str(home)
    package_parent = str(HERE.parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([package_parent, str(HERE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return home


@pytest.fixture
def ray_session():
    """The one local Ray of all tests marked `ray`; started at the first use, or again after a test that needed its own."""
    import ray

    if not ray.is_initialized():
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False, configure_logging=False)
    return ray


@pytest.fixture(scope="module")
def no_session_ray():
    """For modules that start a Ray of their own: one cluster at a time."""
    shut_down_ray()


def pytest_collection_modifyitems(items):
    """Browser tests come last: their server keeps a Ray of its own to the end, and there is one cluster at a time."""
    items.sort(key=lambda item: "browser" in item.path.parts)


def pytest_sessionfinish():
    shut_down_ray()


def shut_down_ray():
    ray = sys.modules.get("ray")
    if ray is not None and ray.is_initialized():
        ray.shutdown()
