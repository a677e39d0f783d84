"""The picture of the task tree: signs beside colours, words on nodes, keys behind them, and nothing that could be markup."""

from __future__ import annotations

import pytest
from builders import RecordingBuilder, trace_of
from test_layout_tree import chain, fan, unbalanced

from nestviz import figures
from nestviz.events import State
from nestviz.figures.palette import palette_of


def traces(figure):
    return figure.to_plotly_json()["data"]


def named(figure, name):
    return next(t for t in traces(figure) if t.get("name") == name)


def keys(figure):
    return [key for t in traces(figure) for key in t.get("customdata", ())]


def texts(figure):
    return [text for t in traces(figure) if t["mode"] == "text" for text in t["text"]]


def hovers(figure):
    return [text for t in traces(figure) for text in t.get("hovertext", ())]


def subtitle(figure):
    return figure.layout.title.text.split(">")[-2].removesuffix("</span")


def mixed():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("sort", size=4_096), 1)
    bad = builder.submit("sort", root, 2, size=10)
    builder.end(builder.start(bad, 3), 4, state=State.FAILED, error="ValueError: no")
    builder.end(builder.start(bad, 5, attempt=1), 6)
    gone = builder.start(builder.submit("sort", root, 3), 4, process=7)
    builder.process_died(gone.process, 8)
    builder.submit("sort", root, 9)
    builder.get(root, [bad], 10)
    return builder.trace(now=20)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_task_s_key_is_behind_its_node(theme):
    trace = trace_of("root(a b(c d))")
    assert sorted(keys(figures.tree(trace, theme=theme))) == sorted(trace.key_of(row) for row in range(len(trace.rows)))


def test_names_and_sizes_stand_on_the_nodes():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("sort", size=4_096), 1)
    builder.run(builder.submit("merge", root, 2), 3, 4)
    assert set(texts(figures.tree(builder.trace(now=9)))) == {"driver", "sort(4,096)", "merge"}


def test_names_are_shown_literally():
    builder = RecordingBuilder()
    builder.run(builder.submit("<b>x</b><script>"), 1, 2)
    builder.run(builder.submit("<i>y</i>", builder.start(builder.submit("<a>"), 1)), 1, 2, state=State.FAILED, error="<img src=x>")
    trace = builder.trace(now=9)
    for figure in (figures.tree(trace), figures.tree(trace, budget=3, selected=trace.key_of(0))):
        json = figure.to_json().replace("\\u003c", "<").replace("\\u003e", ">")
        for markup in ("<b>x", "<script", "<i>", "<img", "<a>"):
            assert markup not in json
        assert "hovertemplate" not in json
    assert "&lt;b&gt;x&lt;/b&gt;&lt;script&gt;" in texts(figures.tree(trace))


def test_the_legend_has_the_states_that_there_are():
    shown = [t["name"] for t in traces(figures.tree(mixed())) if t.get("showlegend", True)]
    assert shown == ["queued", "waiting for children", "finished", "failed ✕", "lost ?", "retried ↻"]


def test_failed_lost_and_retried_carry_signs_beside_their_colour():
    figure = figures.tree(mixed())
    assert named(figure, "failed ✕")["text"] == ["✕"]
    assert named(figure, "lost ?")["text"] == ["?"]
    retried = named(figure, "finished")
    assert retried["text"] == ["↻"]
    assert retried["marker"]["line"]["color"] == [palette_of("light").retried]


def test_a_longer_task_has_a_larger_area():
    builder = RecordingBuilder()
    for length in (100, 400):
        builder.run(builder.submit("f"), 0, length)
    small, large = named(figures.tree(builder.trace()), "finished")["marker"]["size"]
    assert large / small == pytest.approx(2, rel=0.01)


def test_the_hover_says_state_time_phases_place_and_id():
    trace = mixed()
    said = hovers(figures.tree(trace))
    assert (
        "<b>sort(10)</b><br>failed · ran 1 ms<br>queued 1 ms<br>computing 1 ms<br>worker pid 1002<br>ValueError: no"
        f"<br>id {trace.key_of(1)}"
    ) in said


def test_the_selected_task_has_a_ring_and_a_bold_name():
    trace = trace_of("root(a b)")
    figure = figures.tree(trace, selected=trace.key_of(1))
    rings = [t for t in traces(figure) if t.get("marker", {}).get("line", {}).get("color") == palette_of("light").selection]
    assert [len(t["x"]) for t in rings] == [1]
    assert "<b>a</b>" in texts(figure)


def test_an_unknown_key_selects_nothing():
    trace = trace_of("root(a b)")
    assert figures.tree(trace, selected="nothing", opened=["<x>"]).to_json() == figures.tree(trace).to_json()


def test_critical_edges_are_thicker():
    trace = trace_of("root(a b)")
    figure = figures.tree(trace, critical=[0, 2])
    lines = [t for t in traces(figure) if t["mode"] == "lines"]
    assert [(t["x"].count(None), t["line"]["width"]) for t in lines] == [(1, 1.2), (2, 2.4)]


def test_a_folded_part_says_how_much_it_is_and_shows_its_failures_as_a_mark():
    figure = figures.tree(chain(400, bad=(350,)), budget=20, height=360)
    folded = named(figure, "folded away")
    assert len(folded["x"]) == 1
    assert folded["marker"]["symbol"] == "square"
    assert folded["hovertext"][0].splitlines()[0].startswith("<b>392 tasks · ")
    assert "<br>391 finished<br>1 failed<br>" in folded["hovertext"][0]
    assert any("392 tasks" in text for text in texts(figure))
    colours = palette_of("light").states
    bars = {t["line"]["color"]: t["x"] for t in traces(figure) if t["mode"] == "lines" and t["line"]["width"] == 4}
    assert set(bars) == {colours[State.FINISHED], colours[State.FAILED]}
    begin, end, _ = bars[colours[State.FAILED]]
    assert end - begin == pytest.approx(2.5, abs=0.11)


def test_the_subtitle_counts_tasks_time_and_what_is_folded():
    said = subtitle(figures.tree(trace_of("root(a b)")))
    assert said == "3 tasks at 22 ms · area ~ run time · click a task to follow it in every picture"
    assert "5,001 tasks at 5 s · 4,961 folded away · " in subtitle(figures.tree(fan(5_000)))


def test_a_retried_task_is_counted_once():
    assert subtitle(figures.tree(mixed())).startswith("4 tasks in 5 attempts at ")


def boxes(figure):
    """The outlines of all labels at 11 px: about 6.2 px a letter, 13 px a line."""
    found = []
    for t in traces(figure):
        if t["mode"] == "text":
            for text, x, y in zip(t["text"], t["x"], t["y"], strict=True):
                half = 3.1 * len(text)
                found.append((x - half, y - 6.5, x + half, y + 6.5))
    return found


@pytest.mark.parametrize("width", [400, 800, 1_600])
@pytest.mark.parametrize("trace", [unbalanced(40), unbalanced(190), unbalanced(3_000), fan(300), chain(100)])
def test_no_label_is_cut_or_covers_another(trace, width):
    outlines = boxes(figures.tree(trace, width=width))
    assert outlines
    for place, (left, top, right, bottom) in enumerate(outlines):
        assert left >= -0.1
        assert top >= -0.1
        assert right <= width - 16 + 0.1
        for other in outlines[:place]:
            assert left >= other[2] or other[0] >= right or top >= other[3] - 0.1 or other[1] >= bottom - 0.1


def test_a_name_that_is_too_long_keeps_its_size():
    builder = RecordingBuilder()
    builder.run(builder.submit("a_function_whose_name_does_not_fit_on_a_node", size=4_096), 1, 2)
    assert "a_function_whose_name_d…(4,096)" in texts(figures.tree(builder.trace()))


def test_the_view_belongs_to_the_recording():
    figure = figures.tree(trace_of("a"))
    assert figure.layout.uirevision == "made-20231114-221320-01000000"
    assert figure.layout.dragmode == "pan"
    assert figure.layout.legend.itemclick is False


def test_an_empty_recording_shows_the_driver():
    figure = figures.tree(RecordingBuilder().trace())
    assert texts(figure) == ["driver"]
