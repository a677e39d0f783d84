"""What one collector takes from relays: calls and megabytes a second into one actor, and the CPU time that each call costs it.

The actor runs the collector's own code from the call to the journal on disk; its relays are fakes that hand out ready-made batches of
64 processes, as fast as they are asked. Sizes are those of the records before packing. Prints one line.

    python tests/benchmarks/collector_rate.py [--rounds 7] [--seconds 1.5] [--relays 8]
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray

from nestviz import events
from nestviz.collector.clocks import Clock
from nestviz.collector.gatherer import Gatherer
from nestviz.collector.meeting import Description, write_description
from nestviz.collector.portions import Portion
from nestviz.collector.relay import Batch
from nestviz.collector.relays import Relays
from nestviz.journal.format import pack

JOB = "01000000"
PROCESSES = 64
RECORDS = (0, 4, 32, 256)
"""Records of each process in a batch: 0, 16 KB, 128 KB and 1 MB a batch."""


@ray.remote(num_cpus=0)
class Source:
    """A relay that has always the same to say."""

    def __init__(self, number):
        self._number = number
        self._portions = []

    def prepare(self, records):
        rng = random.Random(self._number)
        batch = b"".join(
            events.RECORD.pack(
                events.EventKind.START + step % 2, 3 * (step % 2), 0, 1, step * 1_000_000 + rng.randrange(10**6), 0, step // 2, 0,
                rng.randbytes(8) + b"\xff" * 16, 1_000,
            )
            for step in range(records)
        )  # fmt: skip
        uids = [f"{self._number:016x}{process:016x}" for process in range(PROCESSES)] if records else []
        self._portions = [Portion(uid, {"node_id": "n"}, 0, records, *pack(batch), 0, is_last=False) for uid in uids]

    def collect(self, receipts, _max_bytes):
        known = receipts[JOB]
        self._portions = [
            dataclasses.replace(portion, first=known[portion.uid].next_record if portion.uid in known else portion.first)
            for portion in self._portions
        ]
        return Batch({JOB: self._portions} if self._portions else {})


@ray.remote(num_cpus=0)
class Sink:
    """The collector, asking without a pause."""

    def __init__(self, base, sources):
        (base / "node" / JOB).mkdir(parents=True)
        write_description(base / "node" / JOB, Description(base / "r.nestviz", {"recording": "r", "clock": 0}))
        self._gatherer = Gatherer(base / "node")
        self._gatherer.pull(0)
        self._relays = Relays("own", self._gatherer, threading.Lock())
        self._nodes = [f"n{number}" for number in range(len(sources))]
        self._relays._rota.see(self._nodes, 0.0)
        self._relays._handles = dict(zip(self._nodes, sources, strict=True))
        self._relays._clocks = {node: Clock() for node in self._nodes}

    def run(self, seconds):
        """Calls a second, and CPU seconds of this process per call."""
        calls, begin, cpu = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - begin < seconds:
            self._relays._rota.hurry(self._nodes, time.monotonic())
            self._relays._ask()
            calls += len(self._relays._take_answers(0.1))
        return calls / (time.perf_counter() - begin), (time.process_time() - cpu) / calls


def spread(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:,.0f} calls/s ({low:,.0f}-{high:,.0f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--relays", type=int, default=8)
    options = parser.parse_args()
    folder = tempfile.TemporaryDirectory(prefix="nestviz-benchmark-")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    sources = [Source.remote(number) for number in range(options.relays)]
    sink = Sink.remote(Path(folder.name), sources)
    found = {records: [] for records in RECORDS}
    for _ in range(options.rounds):
        for records, measured in found.items():
            ray.get([source.prepare.remote(records) for source in sources])
            measured.append(ray.get(sink.run.remote(options.seconds)))
    ray.shutdown()
    folder.cleanup()
    said = []
    for records, measured in found.items():
        size = PROCESSES * records * events.RECORD_BYTES
        rates, cpu = [rate for rate, _ in measured], statistics.median(seconds for _, seconds in measured)
        amount = f", {statistics.median(rates) * size / 1e6:.1f} MB/s" if size else ""
        said.append(f"{size // 1024:,} KB: {spread(rates)}{amount}, {cpu * 1e6:,.0f} us CPU a call")
    print(f"into one actor, batches of {PROCESSES} processes: {'; '.join(said)}; {options.rounds} rounds x {options.seconds:g} s")


if __name__ == "__main__":
    main()
