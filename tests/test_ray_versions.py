"""The tests of capture hold on the oldest Ray that requirements.txt admits; the installed one, which runs all others, is the newest.

Private names of Ray come and go between versions (nestviz/ray_private.py); this is where that would show.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parent.parent
TESTS = ("tests/test_capture_ray.py", "tests/test_run_ray.py", "tests/test_every_call_ray.py", "tests/test_faults_ray.py")
# Plain Ray 2.49 never ends this test's program, with or without nestviz.
ENDLESS = "tests/test_run_ray.py::test_workers_that_cannot_import_nestviz_run_the_program_all_the_same"


def oldest():
    return re.search(r"^ray>=([\d.]+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)[1]


def test_capture_works_on_the_oldest_ray(no_session_ray, tmp_path):
    target = tmp_path / "oldest"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, f"ray=={oldest()}.*"]
    subprocess.run(pip, check=True)
    env = {key: value for key, value in os.environ.items() if key not in {"NESTVIZ_HOME", "PYTHONPATH"}}
    env["PYTHONPATH"] = str(target)
    say = [sys.executable, "-c", "import ray; print(ray.__version__)"]
    assert subprocess.run(say, env=env, capture_output=True, text=True, check=True).stdout.startswith(oldest())
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--deselect={ENDLESS}", *TESTS]
    done = subprocess.run(tests, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6_000:]
