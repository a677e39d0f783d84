"""Predictions against reality: workloads really run on other numbers of CPUs and at other thresholds, beside what was predicted.

    PYTHONPATH=. python tests/benchmarks/predictions.py cpus
    PYTHONPATH=. python tests/benchmarks/predictions.py thresholds

The predictions come from runs on 2 CPUs at the finest threshold, with processes as they were then ("recorded", whose errors count) or
all there ("warm"). Ray ends idle processes after a second, so even repeated runs are not warm. A machine with fewer cores than CPUs
were promised to Ray runs as many tasks at once as it has cores; the prediction is made for that number. Repeated runs are
interleaved, medians compared.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

# workload: size, thresholds from fine to coarse
WORKLOADS = {
    "mergesort": (600_000, [40_000, 80_000, 160_000, 320_000, 600_000]),
    "quicksort": (600_000, [40_000, 80_000, 160_000, 320_000, 600_000]),
    "random-tree": (120, [2, 4, 8, 20, 120]),
    "nqueens": (8, [4, 3, 2, 1, 0]),
}
RECORDED_CPUS = 2
CPUS = (1, 2, 4)
MODES = ("recorded", "warm")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["cpus", "thresholds", "measure"])
    parser.add_argument("--plan", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--workloads", nargs="+", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if options.part == "measure":
        measure(options.plan)
        return
    os.environ.setdefault("NESTVIZ_HOME", tempfile.mkdtemp(prefix="nestviz-benchmark-"))
    errors = (against_cpus if options.part == "cpus" else against_thresholds)(options.workloads, options.repeats)
    print(f"median error {statistics.median(errors):.1%}, largest {max(errors):.1%}, of {len(errors)} predictions")


def against_cpus(names, repeats):
    runs = {cpus: measured(cpus, [(name, WORKLOADS[name][0], WORKLOADS[name][1][0]) for name in names], repeats) for cpus in CPUS}
    errors = []
    for name in names:
        threshold = WORKLOADS[name][1][0]
        source = median_trace(runs[RECORDED_CPUS][name, threshold])
        for cpus in CPUS:
            predictions = {workers: prediction(source, cpus, workers) for workers in MODES}
            errors.append(compare(f"{name} on {cpus} CPUs", runs[cpus][name, threshold], predictions))
    return errors


def against_thresholds(names, repeats):
    plan = [(name, WORKLOADS[name][0], threshold) for name in names for threshold in WORKLOADS[name][1]]
    runs = measured(RECORDED_CPUS, plan, repeats)
    errors = []
    for name in names:
        size, tried = WORKLOADS[name]
        source = median_trace(runs[name, tried[0]])
        found = {}
        for threshold in tried:
            in_place = size - threshold if name == "nqueens" else threshold  # it counts the rows placed, not those left
            predictions = {workers: prediction(source, RECORDED_CPUS, workers, in_place) for workers in MODES}
            found[threshold] = (makespan(runs[name, threshold]), predictions[MODES[0]])
            errors.append(compare(f"{name} at {threshold:,}", runs[name, threshold], predictions))
        chosen = min(found, key=lambda threshold: found[threshold][1])
        best = min(real for real, _ in found.values())
        print(f"{name}: the best predicted threshold, {chosen:,}, takes {found[chosen][0] / best:.2f} × the time of the best measured")
    return errors


def prediction(trace, cpus, workers, size=-1):
    from nestviz.analysis.what_if import done_in_place, predicted

    place = None
    if size >= 0:
        rows = trace.rows
        name = int(rows.name[(rows.children > 0) & trace.is_task][0])
        place = done_in_place(trace, name, size)
    return predicted(trace, min(cpus, os.cpu_count()), workers, place) / 1e6


def compare(what, traces, predictions):
    """Print one line; returns the error of the prediction with processes as recorded."""
    real = makespan(traces)
    said = "  ".join(f"{workers} {value:7.0f} ms ({value / real - 1:+.1%})" for workers, value in predictions.items())
    spread = f"{min(spans(traces)):.0f}–{max(spans(traces)):.0f}"
    print(f"{what:<28} {len(median_trace(traces).tasks):>5} tasks  measured {real:7.0f} ms ({spread})  predicted: {said}", flush=True)
    return abs(predictions[MODES[0]] / real - 1)


def spans(traces):
    return [(trace.end_ns - trace.begin_ns) / 1e6 for trace in traces]


def makespan(traces):
    return statistics.median(spans(traces))


def median_trace(traces):
    return sorted(traces, key=lambda trace: trace.end_ns - trace.begin_ns)[len(traces) // 2]


def measured(cpus, runs, repeats):
    """The traces of each run but the first, by workload and threshold, made in a Ray of its own."""
    import nestviz

    plan = json.dumps({"cpus": cpus, "runs": runs, "repeats": repeats})
    command = [sys.executable, __file__, "measure", "--plan", plan]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    traces = {}
    for name, threshold, recording, section in (json.loads(line) for line in lines if line.startswith('["')):  # Ray prints too
        traces.setdefault((name, threshold), []).append(nestviz.load(recording, section=section))
    return traces


def measure(plan):
    from nestviz.launch.connection import connected

    with connected(None, plan["cpus"]):
        import nestviz
        from nestviz.workloads import WORKLOADS as TABLE

        programs = {name: TABLE[name].load() for name, _, _ in plan["runs"]}
        made = [(name, programs[name], programs[name].make_input(size, 1), threshold) for name, size, threshold in plan["runs"]]
        for number in range(plan["repeats"] + 1):  # the first round makes the first processes
            for name, program, given, threshold in made:
                section = f"{name} {threshold} {number}"
                with nestviz.record(section) as handle:
                    program.run_distributed(given, threshold)
                if number:
                    print(json.dumps([name, threshold, handle.recording, section]), flush=True)


if __name__ == "__main__":
    main()
