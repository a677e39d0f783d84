"""The laws of the analysis on recordings of real programs."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

import nestviz
from nestviz.analysis.costs import no_costs
from nestviz.analysis.queueing import queue_causes
from nestviz.analysis.script import script_of
from nestviz.analysis.simulator import simulate
from nestviz.analysis.totals import phases_of
from nestviz.events import Phase
from nestviz.workloads import WORKLOADS

pytestmark = pytest.mark.ray


@pytest.mark.parametrize(("name", "size", "threshold"), [("mergesort", 60_000, 8_000), ("random-tree", 20, 1), ("nqueens", 6, 2)])
def test_the_laws_hold_of_real_recordings(ray_session, name, size, threshold):
    program = WORKLOADS[name].load()
    with nestviz.record(f"laws {name}") as section:
        program.run_distributed(program.make_input(size, 1), threshold)
    trace = section.trace()
    summary = nestviz.summarize(trace)
    path = summary.critical_path
    assert (path[0].begin_ns, path[-1].end_ns) == (trace.begin_ns, trace.end_ns)
    assert all(a.end_ns == b.begin_ns for a, b in pairwise(path))
    assert summary.span_ns <= summary.burdened_span_ns <= summary.makespan_ns
    assert sum(queue_causes(trace).values()).tolist() == phases_of(trace)[Phase.QUEUE].tolist()
    costs = no_costs(trace)
    script = script_of(trace, costs)
    assert simulate(script, costs, math.inf).makespan_ns == summary.span_ns
    assert simulate(script, costs, 1).makespan_ns == summary.work_ns


def test_a_process_says_when_it_was_made(ray_session):
    program = WORKLOADS["nqueens"].load()
    with nestviz.record("born") as section:
        program.run_distributed(4, 1)
    trace = section.trace()
    starts = {}
    for row in sorted(range(trace.count), key=lambda row: trace.rows.start[row]):
        starts.setdefault(int(trace.rows.process[row]), int(trace.rows.start[row]))
    assert starts
    assert all(0 < trace.processes[number].born_ns < start for number, start in starts.items())
