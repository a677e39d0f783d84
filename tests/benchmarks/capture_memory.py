"""What recording costs in memory: how much a driver that makes 100,000 calls grows, plain and traced, and after a flush.

Prints one line: resident MB that the process grew by while it made the calls, and what remains when all has been collected.

    python tests/benchmarks/capture_memory.py [--tasks 100000]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = """
import gc, sys
import psutil, ray
ray.init("local", include_dashboard=False, log_to_driver=False, configure_logging=False)

@ray.remote
def nothing(value):
    return value

def megabytes():
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6

ray.get([nothing.remote(i) for i in range(1_000)])
before = megabytes()
for _ in range(int(sys.argv[1]) // 1_000):
    ray.get([nothing.remote(i) for i in range(1_000)])
after = megabytes()
if "nestviz" in sys.modules:
    from nestviz.capture.session import sync
    sync()
print(after - before, megabytes() - before)
"""
ROOT = Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=100_000)
    tasks = parser.parse_args().tasks
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program.py"
        program.write_text(PROGRAM, encoding="utf-8")
        env = {**os.environ, "NESTVIZ_HOME": folder, "PYTHONPATH": str(ROOT)}
        grown = {}
        for arm, command in {"plain": [], "again": [], "traced": ["-m", "nestviz", "run"]}.items():
            done = subprocess.run([sys.executable, *command, program, str(tasks)], env=env, capture_output=True, text=True, check=True)
            grown[arm] = [float(word) for word in done.stdout.split()]
    (plain, _), (again, _), (traced, flushed) = grown["plain"], grown["again"], grown["traced"]
    print(
        f"{tasks} calls: traced grew by {traced:.1f} MB ({flushed:.1f} MB after a flush), plain by {plain:.1f} MB, plain again by "
        f"{again:.1f} MB: {traced - plain:+.1f} MB for nestviz"
    )


if __name__ == "__main__":
    main()
