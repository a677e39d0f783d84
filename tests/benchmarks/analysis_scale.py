"""CPU seconds of each stage of the analysis, for trees of four shapes and sizes. The aim: 3 s for the summary of 1,000,000 tasks.

    PYTHONPATH=.:tests python tests/benchmarks/analysis_scale.py [--tasks 10000 100000 1000000] [--shapes balanced random chain fan]
"""

from __future__ import annotations

import argparse
import os
import time

from made_traces import SHAPES, trace_of_tree

from nestviz.analysis.concurrency import profile_of
from nestviz.analysis.critical_path import critical_path
from nestviz.analysis.diagnoses import diagnose
from nestviz.analysis.span import spans_of
from nestviz.analysis.summary import summarize
from nestviz.analysis.totals import totals_of


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for tasks in options.tasks:
        for shape in options.shapes:
            trace = trace_of_tree(SHAPES[shape](tasks), names=5)
            times = {name: seconds_of(stage) for name, stage in stages_of(trace).items()}
            stages = "  ".join(f"{name} {seconds:5.2f}" for name, seconds in times.items())
            print(f"{tasks:>9,} {shape:<9} {stages}", flush=True)


def stages_of(trace):
    return {
        "segments": lambda: trace.segments,
        "totals": lambda: totals_of(trace),
        "span": lambda: spans_of(trace),
        "critical path": lambda: critical_path(trace),
        "concurrency": lambda: profile_of(trace),
        "diagnoses": lambda: diagnose(trace),
        "all of the summary": lambda: summarize(trace),
    }


def seconds_of(stage):
    begin = time.process_time()
    stage()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
