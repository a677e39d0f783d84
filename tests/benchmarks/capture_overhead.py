"""What capture adds to a task: no-op and 1 ms tasks, plain Ray against nestviz, interleaved in one process.

Prints one line per kind of task: the ratio of medians with the quartiles of the paired ratios, beside it the same plain program
against itself, and the CPU time that nestviz adds per task in all processes of the driver's session.

    python tests/benchmarks/capture_overhead.py [--rounds 15] [--tasks 400]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time

os.environ.setdefault("NESTVIZ_HOME", tempfile.mkdtemp(prefix="nestviz-benchmark-"))
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import psutil
import ray

import nestviz


def nothing(value):
    return value


def one_millisecond(value):
    end = time.perf_counter_ns() + 1_000_000
    while time.perf_counter_ns() < end:
        pass
    return value


def seconds_of(remote_function, tasks):
    begin = time.perf_counter()
    ray.get([remote_function.remote(i) for i in range(tasks)])
    return (time.perf_counter() - begin) / tasks


def cpu_seconds():
    me = psutil.Process()
    total = 0.0
    for process in [me, *me.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.3f} (quartiles {low:.3f}-{high:.3f})"


def measure(name, function, rounds, tasks):
    plain, other = ray.remote(function), ray.remote(function)
    traced = nestviz.remote(function)
    arms = {"plain": plain, "again": other, "traced": traced}
    for arm in arms.values():
        seconds_of(arm, tasks)
    times = {arm: [] for arm in arms}
    cpu = {arm: [] for arm in arms}
    for number in range(rounds):
        order = list(arms)
        order = order[number % 3 :] + order[: number % 3]
        for arm in order:
            before = cpu_seconds()
            times[arm].append(seconds_of(arms[arm], tasks))
            cpu[arm].append((cpu_seconds() - before) / tasks)
    ratio = statistics.median(times["traced"]) / statistics.median(times["plain"])
    control = statistics.median(times["again"]) / statistics.median(times["plain"])
    pairs = [t / p for t, p in zip(times["traced"], times["plain"], strict=True)]
    controls = [a / p for a, p in zip(times["again"], times["plain"], strict=True)]
    added = (statistics.median(cpu["traced"]) - statistics.median(cpu["plain"])) * 1e6
    noise = (statistics.median(cpu["again"]) - statistics.median(cpu["plain"])) * 1e6
    print(
        f"capture {name}: {ratio:.3f} x plain, pairs {quartiles(pairs)}; plain against plain {control:.3f}, pairs "
        f"{quartiles(controls)}; plain {statistics.median(times['plain']) * 1e6:.0f} us a task; "
        f"CPU added {added:+.0f} us a task (plain against plain {noise:+.0f}); {rounds} rounds x {tasks} tasks",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tasks", type=int, default=400)
    options = parser.parse_args()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    measure("no-op", nothing, options.rounds, options.tasks)
    measure("1 ms", one_millisecond, options.rounds, options.tasks)
    ray.shutdown()


if __name__ == "__main__":
    main()
