"""How long after a task's end its record is in the journal, measured on idle workers one task at a time.

    python tests/benchmarks/collection_latency.py [--tasks 60]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time

os.environ.setdefault("NESTVIZ_HOME", tempfile.mkdtemp(prefix="nestviz-benchmark-"))
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray

import nestviz
from nestviz.capture.session import current_recording
from nestviz.recordings import Follower


@nestviz.remote
def nothing():
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=60)
    options = parser.parse_args()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    with nestviz.record("warm"):
        ray.get([nothing.remote() for _ in range(4)])
    follower = Follower(current_recording().journal)
    delays = []
    for number in range(options.tasks):
        time.sleep(0.037 * (number % 7))  # so that ends fall anywhere between two rounds of the collector
        ref = nothing.remote()
        ray.wait([ref])
        key = ref.task_id().binary()[:8].hex()
        while True:
            trace = follower.refresh()
            row = trace.row_of(key)
            if row >= 0 and trace.rows.end[row] > 0:
                break
            time.sleep(0.002)
        delays.append((time.time_ns() - int(trace.rows.end[row])) / 1e6)
    ray.shutdown()
    ranks = statistics.quantiles(delays, n=20)
    print(
        f"task end to journal: median {statistics.median(delays):.0f} ms, 95 % {ranks[18]:.0f} ms, "
        f"max {max(delays):.0f} ms over {len(delays)} tasks"
    )


if __name__ == "__main__":
    main()
