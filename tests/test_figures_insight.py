"""The pictures of phases by function and of what the simulator predicts."""

from __future__ import annotations

import json

import pytest
from builders import MS, RecordingBuilder, trace_of
from test_simulator import halving

from nestviz import figures
from nestviz.analysis.breakdown import breakdown_by_function
from nestviz.analysis.what_if import cpu_curve, thresholds


def parts(figure):
    return {part["name"]: part for part in json.loads(figure.to_json())["data"]}


def test_each_function_is_a_bar_of_its_phases_in_seconds():
    figure = figures.phases(breakdown_by_function(trace_of("sort(half half)", compute=10, queue=1)))
    found = parts(figure)
    assert list(found) == ["queued", "computing", "waiting for children"]
    assert figure.layout.yaxis.ticktext == ("half", "sort")
    assert found["computing"]["x"] == [0.02, 0.01]
    assert found["computing"]["hovertext"][0] == "<b>half</b> · 2 tasks<br>computing: 20 ms, 90.9% of their lives"


def test_the_bars_of_a_function_are_as_long_as_its_tasks_lived():
    functions = breakdown_by_function(trace_of("a(b(c) d)"))
    lengths = [sum(x) for x in zip(*(part["x"] for part in parts(figures.phases(functions)).values()), strict=True)]
    assert lengths == pytest.approx([one.life_ns / 1e9 for one in functions])


def test_functions_beyond_the_tenth_are_counted_and_names_are_no_markup():
    builder = RecordingBuilder()
    for number in range(12):
        builder.run(builder.submit(f"<b>{number}</b>"), 0, 12 - number)
    figure = figures.phases(breakdown_by_function(builder.trace()))
    assert len(figure.layout.yaxis.ticktext) == 10
    assert figure.layout.yaxis.ticktext[0] == "&lt;b&gt;0&lt;/b&gt;"
    assert "2 more functions" in figure.layout.title.text


def test_without_tasks_the_pictures_are_empty():
    trace = RecordingBuilder().trace()
    assert parts(figures.phases(breakdown_by_function(trace))) == {}
    assert parts(figures.threshold_curve(thresholds(trace)))["predicted"]["x"] == []


def test_the_curve_shows_prediction_bounds_and_what_was_measured():
    curve = cpu_curve(trace_of("root(a b)", compute=10, queue=0), cpus=(1, 2, 4))
    found = parts(figures.cpu_curve(curve, 4, 20 * MS))
    assert found["predicted"]["y"] == [0.03, 0.02, 0.02]
    assert found["no schedule is faster"]["y"] == [0.03, 0.02, 0.02]
    assert (found["measured"]["x"], found["measured"]["y"]) == ([4], [0.02])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_best_threshold_is_a_mark_on_its_curve(theme):
    found = parts(figures.threshold_curve(thresholds(halving((812_345, 406_172, 203_086), work_ms=100, dispatch_ms=100)), theme=theme))
    best = found["best"]["x"][0]
    assert found["predicted"]["y"][found["predicted"]["x"].index(best)] == min(found["predicted"]["y"]) == found["best"]["y"][0]
    assert found["as it is"]["y"][0] > found["best"]["y"][0]
