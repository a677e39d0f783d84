"""What `nestviz run` adds to an unmodified program of no-op tasks: whole processes on one cluster, plain and traced in turn.

Prints two lines: the ratio for the whole program, from the start of Python to its exit, and for its calls alone; each with the
quartiles of the paired ratios and, beside it, the plain program against itself.

    python tests/benchmarks/run_overhead.py [--rounds 9] [--tasks 3000]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ray

PROGRAM = """
import sys, time
import ray
ray.init(log_to_driver=False, configure_logging=False)

@ray.remote
def nothing(value):
    return value

ray.get([nothing.remote(i) for i in range(100)])
begin = time.perf_counter()
ray.get([nothing.remote(i) for i in range(int(sys.argv[1]))])
print(time.perf_counter() - begin)
"""
ROOT = Path(__file__).resolve().parents[2]


def seconds_of(command, env):
    begin = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return time.perf_counter() - begin, float(done.stdout)


def line(what, plain, again, traced):
    def ratios(values):
        pairs = [value / base for value, base in zip(values, plain, strict=True)]
        low, middle, high = statistics.quantiles(pairs, n=4)
        return f"{middle:.3f} (quartiles {low:.3f}-{high:.3f})"

    middle = statistics.median(plain)
    return f"{what}: traced / plain {ratios(traced)}, plain / plain {ratios(again)}, plain {middle:.3f} s, {len(plain)} rounds"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tasks", type=int, default=3_000)
    options = parser.parse_args()
    ray.init("local", include_dashboard=False, log_to_driver=False, configure_logging=False)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program.py"
        program.write_text(PROGRAM, encoding="utf-8")
        env = {**os.environ, "RAY_ADDRESS": ray.get_runtime_context().gcs_address, "NESTVIZ_HOME": folder, "PYTHONPATH": str(ROOT)}
        plain = [sys.executable, str(program), str(options.tasks)]
        arms = {"plain": plain, "again": plain, "traced": [sys.executable, "-m", "nestviz", "run", *plain[1:]]}
        times = {arm: [] for arm in arms}
        for number in range(options.rounds + 1):
            order = list(arms)
            for arm in order[number % 3 :] + order[: number % 3]:
                seconds = seconds_of(arms[arm], env)
                if number:  # the first round warms up
                    times[arm].append(seconds)
        for place, what in enumerate(("whole program", "its calls")):
            print(line(f"nestviz run, {options.tasks} no-op tasks, {what}", *([t[place] for t in times[arm]] for arm in arms)))
    ray.shutdown()


if __name__ == "__main__":
    main()
