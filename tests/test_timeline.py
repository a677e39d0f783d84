"""The timeline: lanes, exact bars, columns that keep time true, and the figure made of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from builders import EPOCH_NS, MS, RecordingBuilder, trace_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fold import programs

from nestviz import figures
from nestviz.events import Phase, State
from nestviz.layout.lanes import task_lanes, worker_lanes
from nestviz.layout.timeline import place_timeline
from nestviz.layout.window import Window, window_of


def lane_names(order):
    return [lane.name for lane in order.lanes]


def busy_program(tasks, workers=3, step=2):
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 0, process=1)
    for i in range(tasks):
        process = 1 + i % workers if workers > 1 else 1
        builder.run(builder.submit("f", root, i * step), i * step, i * step + 1 + i % step, process=process + 1)
    builder.end(root, tasks * step + 5)
    return builder


def test_workers_stand_in_order_of_their_first_task_below_the_driver():
    builder = RecordingBuilder()
    builder.run(builder.submit("late", begin=0), 9, 10, process=1)
    builder.run(builder.submit("early", begin=0), 3, 4, process=2)
    trace = builder.trace()
    order = worker_lanes(trace, 60)
    assert lane_names(order) == ["driver", "worker 1", "worker 2"]
    assert [int(order.lane_of_row[names(trace).index(n)]) for n in ("early", "late")] == [1, 2]


def names(trace):
    return [trace.name_of(row) for row in range(trace.count)]


def test_what_has_not_started_waits_in_a_lane_of_its_own():
    builder = RecordingBuilder()
    builder.start(builder.submit("a"), 1)
    builder.submit("b", begin=2)
    builder.submit("c", begin=2)
    assert lane_names(worker_lanes(builder.trace(now=5), 60)) == ["driver", "worker 1", "2 queued"]


def test_workers_beyond_the_limit_share_a_lane():
    builder = RecordingBuilder()
    for i in range(5):
        builder.run(builder.submit("f", begin=i), i + 1, i + 2)
    order = worker_lanes(builder.trace(), 3)
    assert lane_names(order) == ["driver", "worker 1", "worker 2", "worker 3", "2 more"]
    assert order.lanes[-1].is_shared


def test_tasks_stand_in_the_order_of_calls_children_below_their_parent():
    order = task_lanes(trace_of("root(a(x y) b)"), 80)
    assert [(lane.name, lane.indent, lane.is_parent) for lane in order.lanes] == [
        ("root", 0, True), ("a", 1, True), ("x", 2, False), ("y", 2, False), ("b", 1, False),
    ]  # fmt: skip


def test_of_too_many_tasks_the_longest_and_the_failed_stay_with_all_above_them():
    builder = busy_program(300)
    root = builder.start(builder.submit("other", begin=1), 1)
    builder.run(builder.submit("bad", root, 2), 3, 4, state=State.FAILED)
    builder.end(root, 3)
    order = task_lanes(builder.trace(), 20)
    shown = lane_names(order)
    assert len(shown) == 20
    assert order.hidden == 283
    assert {"root", "other", "bad"} <= set(shown)


def times_by_lane_and_phase(marks):
    found: dict[tuple[int, int], float] = {}
    for i in range(len(marks)):
        key = (int(marks.lane[i]), int(marks.phase[i]))
        height = float(marks.high[i] - marks.low[i])
        found[key] = found.get(key, 0.0) + float(marks.end[i] - marks.begin[i]) * height
    return found


def true_times(trace, order, window, phases):
    segments = trace.segments
    found: dict[tuple[int, int], float] = {}
    for row, phase, begin, end in zip(segments.row, segments.phase, segments.begin, segments.end, strict=True):
        lane = int(order.lane_of_row[row])
        length = min(int(end), window.end_ns) - max(int(begin), window.begin_ns)
        if lane >= 0 and length > 0 and int(phase) in phases:
            found[lane, int(phase)] = found.get((lane, int(phase)), 0.0) + length
    return found


RUNNING = {int(p) for p in Phase} - {Phase.QUEUE, Phase.SUBMIT}


@pytest.mark.parametrize("budget", [40, 200, 100_000])
@pytest.mark.parametrize("part", [(0.0, 1.0), (0.2, 0.45)])
def test_drawn_time_is_true_time_in_every_lane_and_phase_at_any_budget(budget, part):
    trace = busy_program(400).trace()
    whole = trace.end_ns - trace.begin_ns
    window = Window(trace.begin_ns + int(part[0] * whole), trace.begin_ns + int(part[1] * whole), 500)
    order = worker_lanes(trace, 60)
    layout = place_timeline(trace, order, window, budget=budget)
    drawn, true = times_by_lane_and_phase(layout.bars), true_times(trace, order, window, RUNNING)
    assert drawn.keys() == true.keys()
    for key, length in true.items():
        assert drawn[key] == pytest.approx(length, rel=1e-6, abs=2_000)
    assert len(layout.bars) + len(layout.thin) <= max(budget, 40)


@settings(max_examples=50, deadline=None)
@given(programs(), st.integers(5, 60))
def test_each_lane_of_one_task_draws_that_task_s_time_truly(builder, budget):
    trace = builder.trace(now=500)
    order = task_lanes(trace, 80)
    window = window_of(trace, None, 300)
    layout = place_timeline(trace, order, window, budget=budget)
    drawn = times_by_lane_and_phase(layout.bars)
    for key, length in true_times(trace, order, window, RUNNING).items():
        assert drawn[key] == pytest.approx(length, rel=1e-6, abs=2_000)


def test_marks_stay_within_the_budget_for_many_thousand_tasks():
    trace = busy_program(20_000, workers=8).trace()
    layout = place_timeline(trace, worker_lanes(trace, 60), window_of(trace, None, 1_000), budget=1_000)
    assert len(layout.bars) + len(layout.thin) <= 1_000
    assert layout.folded >= 20_000


def test_zoomed_in_every_task_has_a_bar_of_its_own():
    trace = busy_program(20_000, workers=8).trace()
    window = Window(trace.begin_ns + 1_000 * MS, trace.begin_ns + 1_050 * MS, 1_000)
    layout = place_timeline(trace, worker_lanes(trace, 60), window, budget=1_000)
    assert layout.folded == 0
    assert (layout.bars.row >= 0).all()


def test_queue_time_is_drawn_thin_in_the_lane_of_the_task_that_waited():
    builder = RecordingBuilder()
    builder.run(builder.submit("a", begin=1, end=2), 7, 9)
    trace = builder.trace()
    layout = place_timeline(trace, worker_lanes(trace, 60), window_of(trace, None, 100), budget=100)
    thin = layout.thin
    assert [(Phase(p).name, (b - EPOCH_NS) // MS, (e - EPOCH_NS) // MS, lane) for p, b, e, lane in
            zip(thin.phase.tolist(), thin.begin.tolist(), thin.end.tolist(), thin.lane.tolist(), strict=True)] == [
        ("SUBMIT", 1, 2, 1), ("QUEUE", 2, 7, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["worker", "task"])
def test_bars_carry_the_keys_of_their_rows(mode):
    trace = trace_of("root(a b)")
    figure = json.loads(figures.timeline(trace, mode=mode).to_json())
    keys = {key for bar in figure["data"] for key in bar.get("customdata") or [] if key}
    assert {trace.key_of(row) for row in range(3)} <= keys


@pytest.mark.parametrize("mode", ["worker", "task"])
def test_names_of_a_program_are_text_in_the_figure(mode):
    evil = "<b>x</b><script>alert(1)</script><a href='javascript:alert(1)'>y</a>"
    builder = RecordingBuilder()
    builder.run(builder.submit(evil, begin=0), 1, 900, state=State.FAILED, error="<img src=x>")
    text = json.dumps(json.loads(figures.timeline(builder.trace(), mode=mode).to_json()))
    assert "<script" not in text
    assert "<a href" not in text
    assert "<img" not in text
    assert "&lt;b&gt;x" in text


def test_a_failure_among_thousands_of_short_tasks_is_a_sign_of_its_own():
    builder = busy_program(5_000, workers=4)
    builder.run(builder.submit("bad", begin=50), 51, 52, process=2, state=State.FAILED)
    figure = json.loads(figures.timeline(builder.trace()).to_json())
    (failed,) = [bar for bar in figure["data"] if bar["name"] == "failed"]
    assert failed["text"] == ["✕"]


def test_an_empty_recording_draws_an_empty_timeline():
    trace = RecordingBuilder().trace()
    assert figures.timeline(trace).layout.height >= 200
    assert figures.concurrency(trace).layout.yaxis.range[0] == 0


def test_concurrency_counts_what_runs_waits_and_is_queued():
    from nestviz.analysis.concurrency import profile_of

    profile = profile_of(trace_of("root(a b)"))
    steps = list(zip(((profile.times - EPOCH_NS) // MS).tolist(), profile.computing.tolist(), profile.blocked.tolist(),
                     profile.queued.tolist(), profile.workers.tolist(), strict=True))
    assert steps == [(0, 0, 0, 1, 0), (1, 1, 0, 0, 1), (11, 0, 1, 2, 1), (12, 2, 1, 0, 3), (22, 0, 0, 0, 3)]


def test_sampling_a_profile_keeps_its_peaks():
    from nestviz.analysis.concurrency import profile_of

    profile = profile_of(busy_program(3_000, workers=5).trace())
    sampled = profile.sampled(int(profile.times[0]), int(profile.times[-1]), 50)
    assert len(sampled.times) <= 51
    assert sampled.computing.max() == profile.computing.max()


def test_both_pictures_on_the_time_axis_have_the_same_margins():
    trace = trace_of("root(a b)")
    for mode in ("worker", "task"):
        timeline, below = figures.timeline(trace, mode=mode), figures.concurrency(trace, mode=mode)
        assert (timeline.layout.margin.l, timeline.layout.margin.r) == (below.layout.margin.l, below.layout.margin.r)
        assert timeline.layout.xaxis.range == below.layout.xaxis.range


def test_speedup_curves_leave_a_gap_for_what_was_not_run():
    figure = json.loads(figures.speedup_curves([10, 20], [0.5, None], [1.0, 2.0]).to_json())
    assert figure["data"][0]["y"] == [0.5, None]
    assert np.isclose(figure["data"][1]["y"][1], 2.0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hovers_have_the_theme_s_own_background(theme):
    from nestviz.figures.palette import palette_of

    for figure in (figures.concurrency(trace_of("a"), theme=theme), figures.timeline(trace_of("a"), theme=theme)):
        assert figure.layout.hoverlabel.bgcolor == palette_of(theme).background
        assert figure.layout.hoverlabel.font.color == palette_of(theme).text


def test_a_legend_of_two_rows_has_room_below_the_title():
    b = RecordingBuilder()
    for number, state in enumerate((State.FINISHED, State.FAILED, State.CANCELLED, State.LOST)):
        task = b.start(b.submit(f"task{number}", begin=number, end=number + 1), number + 2)
        child = b.run(b.submit("child", task, number + 3, number + 4), number + 5, number + 6)
        b.get(task, [child], number + 5, number + 8)
        b.end(task, number + 9, state, "" if state == State.FINISHED else "no")
    wide, narrow = (figures.timeline(b.trace(), width=width) for width in (3_000, 700))
    assert narrow.layout.margin.t > wide.layout.margin.t
