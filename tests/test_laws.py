"""What must hold of every trace, on random programs: finished ones that might have run so, and broken ones that could not."""

from __future__ import annotations

import random
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from builders import MS, RecordingBuilder
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_traces import SHAPES, trace_of_tree
from random_runs import runs
from test_fold import programs

from nestviz.analysis.concurrency import profile_of
from nestviz.analysis.costs import costs_of
from nestviz.analysis.critical_path import critical_path
from nestviz.analysis.links import links_of
from nestviz.analysis.longest_paths import longest_paths
from nestviz.analysis.path_shares import path_shares
from nestviz.analysis.script import script_of
from nestviz.analysis.simulator import simulate
from nestviz.analysis.span import spans_of
from nestviz.analysis.totals import phases_of, totals_of
from nestviz.events import Phase
from nestviz.trace.parts import subtree_of

BURDENED = (Phase.SUBMIT, Phase.FETCH, Phase.COMPUTE, Phase.SPAWN, Phase.RECEIVE, Phase.STORE)


@settings(max_examples=100, deadline=None)
@given(st.one_of(runs(), programs()))
def test_the_critical_path_tiles_the_makespan(builder):
    trace = builder.trace(now=500)
    path = critical_path(trace)
    assert [path[0].begin_ns, path[-1].end_ns] == [trace.begin_ns, trace.end_ns] if path else trace.begin_ns == trace.end_ns
    assert all(a.end_ns == b.begin_ns and a.begin_ns < a.end_ns for a, b in pairwise(path))
    assert sum(share.time_ns for share in path_shares(trace, path)) == trace.end_ns - trace.begin_ns


@settings(max_examples=60, deadline=None)
@given(st.one_of(runs(), programs()), st.sampled_from(["recorded", "warm", "cold"]))
def test_the_simulation_ends_whatever_the_recording_lacks(builder, workers):
    trace = builder.trace(now=500)
    costs = costs_of(trace, workers)
    run = simulate(script_of(trace, costs), costs, 2)
    assert run.makespan_ns >= 0
    assert all(run.start_ns[row] <= run.end_ns[row] for row in np.flatnonzero(trace.is_task) if run.end_ns[row] >= 0)


@settings(max_examples=60, deadline=None)
@given(runs(), st.integers(0, 30))
def test_the_critical_path_of_any_subtree_tiles_its_makespan(builder, number):
    trace = builder.trace()
    part = subtree_of(trace, number % trace.count)
    path = critical_path(part)
    assert sum(step.end_ns - step.begin_ns for step in path) == part.end_ns - part.begin_ns
    assert spans_of(part).span_ns <= part.end_ns - part.begin_ns


@settings(max_examples=60, deadline=None)
@given(runs())
def test_a_path_of_computing_is_as_long_as_the_makespan_or_shorter_and_so_is_the_burdened_one(builder):
    trace = builder.trace()
    spans, totals = spans_of(trace), totals_of(trace)
    assert spans.span_ns <= spans.burdened_span_ns <= totals.makespan_ns
    assert spans.span_ns <= totals.work_ns


@settings(max_examples=60, deadline=None)
@given(st.one_of(runs(), programs()))
def test_the_work_fits_into_the_cpus_that_were_used_at_once(builder):
    trace = builder.trace(now=500)
    most = int(profile_of(trace).computing.max(initial=0))
    assert totals_of(trace).work_ns <= most * (trace.end_ns - trace.begin_ns)


@settings(max_examples=60, deadline=None)
@given(st.one_of(runs(), programs()))
def test_the_phases_of_every_attempt_add_up_to_its_life(builder):
    trace = builder.trace(now=500)
    links = links_of(trace)
    tasks = trace.is_task
    assert sum(phases_of(trace).values())[tasks].tolist() == (links.end - links.begin)[tasks].tolist()


@settings(max_examples=80, deadline=None)
@given(st.one_of(runs(), programs()), st.sampled_from([(Phase.COMPUTE,), BURDENED]))
def test_the_span_is_the_longest_path_that_plain_recursion_finds(builder, phases):
    trace = builder.trace(now=500)
    spans = spans_of(trace)
    try:
        longest = longest_by_recursion(trace, phases)
    except RecursionError:  # two waits at the same moment, each for what the other's task made
        assume(False)
    assert longest == (spans.span_ns if phases == (Phase.COMPUTE,) else spans.burdened_span_ns)


def longest_by_recursion(trace, phases):
    links, segments = links_of(trace), trace.segments
    joins, known = links.joins, {}

    def ran(row, begin, end):
        mine = (segments.row == row) & np.isin(segments.phase, phases) & trace.is_task[row]
        return int(np.maximum(np.minimum(segments.end[mine], end) - np.maximum(segments.begin[mine], begin), 0).sum())

    def path(row, time, is_end):
        born, time = int(links.begin[row]), max(time, int(links.begin[row]))
        if (row, time, is_end) not in known:
            origin = int(links.origin[row])
            best = (path(origin, born, is_end=False) if origin >= 0 else 0) + ran(row, born, time)
            for at in range(int(joins.offset[row]), int(joins.offset[row + 1])):
                ready = max(int(joins.ready[at]), born)
                is_before = ready < time or (ready == time and joins.begin[at] < joins.ready[at])
                if not joins.is_open[at] and (is_end or is_before):
                    awaited = int(joins.awaited[at])
                    best = max(best, path(awaited, int(links.end[awaited]), is_end=True) + ran(row, ready, time))
            known[row, time, is_end] = best
        return known[row, time, is_end]

    return max(path(row, int(links.end[row]), is_end=True) for row in np.flatnonzero(trace.is_task).tolist())


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 30), st.integers(0, 80), st.integers(0, 10_000))
def test_longest_paths_are_those_that_networkx_finds(count, edges, seed):
    rng = random.Random(seed)
    ends = [sorted(rng.sample(range(count), 2)) for _ in range(edges)] if count > 1 else []
    weights = [rng.randint(0, 9) for _ in ends]
    graph = nx.DiGraph()
    graph.add_nodes_from(range(count))
    for (a, b), weight in zip(ends, weights, strict=True):
        graph.add_edge(a, b, weight=max(weight, graph.get_edge_data(a, b, {"weight": 0})["weight"]))
    source, target = np.array(ends, np.int64).reshape(-1, 2).T
    (longest,) = longest_paths(count, source, target, [np.array(weights, np.int64)])
    assert longest.max() == nx.dag_longest_path_length(graph)


@pytest.mark.parametrize("shape", list(SHAPES))
def test_large_trees_of_every_shape_have_the_span_that_their_depth_says(shape):
    trace = trace_of_tree(SHAPES[shape](20_000))
    depth = int(trace.rows.depth.max())
    assert spans_of(trace).span_ns == depth * 100_000
    path = critical_path(trace)
    assert sum(step.end_ns - step.begin_ns for step in path) == trace.end_ns - trace.begin_ns


def test_a_parent_that_gets_thousands_of_children_one_by_one_is_no_slower_than_its_steps():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 0)
    for number in range(3_000):
        child = builder.submit("child", root, 4 * number)
        builder.run(child, 4 * number + 1, 4 * number + 3, process=1)
        builder.get(root, [child], 4 * number, 4 * number + 4)
    builder.end(root, 12_000)
    trace = builder.trace()
    assert spans_of(trace).span_ns == 6_000 * MS
    assert len(critical_path(trace)) == 9_000
