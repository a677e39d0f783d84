"""The values behind the details panel, and the way of texts and events between the browser and the page."""

from __future__ import annotations

import json

import plotly.graph_objects as go
import pytest
import streamlit as st
from builders import MS, RecordingBuilder
from hypothesis import given, strategies

from nestviz.dashboard.chart import component
from nestviz.dashboard.facts import MAX_CHILDREN, facts_of
from nestviz.dashboard.literal import as_html, as_markdown
from nestviz.events import Phase, State


def story() -> RecordingBuilder:
    """A root that calls two children, waits for them, and fails."""
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root", None, 0, 1, size=9), 3, process=1)
    children = [builder.submit("left", root, 10, 12), builder.submit("right", root, 12, 13)]
    builder.run(children[0], 20, 40, process=2)
    builder.run(children[1], 20, 50, process=3)
    builder.get(root, children, 13, 52)
    builder.note(root, "pivot", 4)
    builder.end(root, 60, State.FAILED, "ValueError: no")
    builder.close(61)
    return builder


def test_a_task_s_phases_add_up_to_its_life():
    facts = facts_of(story().trace(), 0)
    assert dict(facts.phases) == {
        Phase.SUBMIT: 1 * MS, Phase.QUEUE: 2 * MS, Phase.COMPUTE: 15 * MS, Phase.SPAWN: 3 * MS, Phase.BLOCKED: 37 * MS,
        Phase.RECEIVE: 2 * MS,
    }  # fmt: skip
    assert facts.life_ns == 60 * MS


def test_a_task_s_moments_count_from_the_first_submission():
    facts = facts_of(story().trace(), 1)
    assert (facts.begin_ns, facts.start_ns, facts.end_ns) == (10 * MS, 20 * MS, 40 * MS)


def test_a_task_s_end_is_told_with_its_error_and_notes():
    facts = facts_of(story().trace(), 0)
    assert (facts.state, facts.error, facts.notes) == (State.FAILED, "ValueError: no", (("pivot", 4),))


def test_ancestors_read_from_the_root_down_and_children_in_order_of_their_calls():
    trace = story().trace()
    assert [kin.name for kin in facts_of(trace, 1).ancestors] == ["driver", "root"]
    assert [(kin.name, kin.life_ns) for kin in facts_of(trace, 0).children] == [("left", 30 * MS), ("right", 38 * MS)]


def test_workers_are_numbered_by_first_use():
    trace = story().trace()
    assert [facts_of(trace, row).worker for row in range(3)] == [1, 2, 3]
    assert facts_of(trace, 3).worker == 0  # the driver


def test_a_task_that_has_not_started_has_no_worker_and_no_start():
    builder = RecordingBuilder()
    builder.submit("waits", None, 5, 6)
    facts = facts_of(builder.trace(now=20), 0)
    assert (facts.worker, facts.pid, facts.start_ns, facts.end_ns) == (0, 0, -1, -1)
    assert dict(facts.phases) == {Phase.SUBMIT: 1 * MS, Phase.QUEUE: 14 * MS}


def test_of_many_children_the_first_are_listed_and_all_are_counted():
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    for number in range(200):
        builder.submit("child", root, 2 + number)
    facts = facts_of(builder.trace(now=300), 0)
    assert (len(facts.children), facts.child_count) == (MAX_CHILDREN, 200)


@given(strategies.text())
def test_no_text_leaves_its_place_in_html(text):
    assert not set(as_html(text)) & set("<>\"'")


@given(strategies.text(alphabet=strategies.characters(min_codepoint=32, max_codepoint=126)))
def test_in_markdown_every_mark_is_escaped_and_the_text_is_still_there(text):
    said = as_markdown(text)
    assert said.replace("\u2060", "").replace("\\\\", "\0").replace("\\", "").replace("\0", "\\") == " ".join(text.split())


@pytest.mark.parametrize("text", ["https://evil.example", "www.evil.example", "a@b.example", ":smile:", "->"])
def test_what_streamlit_makes_into_something_else_is_broken_up(text):
    assert text not in as_markdown(text).replace("\\", "")


# What the chart sends and hears


@pytest.fixture
def mounted(monkeypatch):
    """The last call of Streamlit's component, and a way to report an event to it."""
    calls: list[dict[str, object]] = []
    monkeypatch.setattr(component, "_mount", lambda **call: calls.append(call))

    def report(event: str, value: object) -> None:
        monkeypatch.setattr(st, "session_state", {calls[-1]["key"]: {event: value}})
        calls[-1][f"on_{event}_change"]()

    return calls, report


def shown(**events) -> list[object]:
    heard: list[object] = []
    figure = go.Figure(go.Bar(x=[1], y=["</script>"]))
    component.chart(figure, key="tree", height=300, label="Tree", **dict.fromkeys(events, heard.append))
    return heard


def test_a_figure_goes_out_as_one_json_text_with_its_surroundings(mounted):
    calls, _ = mounted
    shown()
    message = json.loads(calls[0]["data"])
    assert message["figure"]["data"][0]["y"] == ["</script>"]
    assert (message["key"], message["height"], message["label"]) == ("tree", 300, "Tree")
    assert message["url"].startswith("/component/")
    assert message["url"].endswith("/plotly.min.js")


def test_the_library_is_loaded_ahead_without_a_figure(mounted):
    calls, _ = mounted
    component.preload()
    assert list(json.loads(calls[0]["data"])) == ["url"]


@pytest.mark.parametrize(("value", "heard"), [("00ff", ["00ff"]), (None, []), (7, [])])
def test_a_click_is_heard_when_it_names_a_task(mounted, value, heard):
    got = shown(on_click=True)
    mounted[1]("clicked", value)
    assert got == heard


@pytest.mark.parametrize(
    ("value", "heard"), [([1, 2.5], [(1.0, 2.5)]), ([], [None]), ([2, 1], [None]), (["a", "b"], [None]), (None, []), ("x", [])]
)
def test_a_zoom_is_heard_as_two_rising_numbers_or_as_a_reset(mounted, value, heard):
    got = shown(on_zoom=True)
    mounted[1]("zoomed", value)
    assert got == heard


@pytest.mark.parametrize(("value", "heard"), [(801.5, [802]), (0, []), ("wide", [])])
def test_a_new_width_is_heard_in_whole_pixels(mounted, value, heard):
    got = shown(on_resize=True)
    mounted[1]("resized", value)
    assert got == heard


def test_what_a_task_needed_put_and_yielded_is_said_in_words():
    builder = RecordingBuilder()
    first = builder.run(builder.submit("first"), 1, 2)
    task = builder.start(builder.submit("task", begin=1, sent=1_950_000), 3)
    builder.require(task, "2 CPU")
    builder.depend(task, first)
    builder.put(task, 1_000, 4, 5)
    builder.items(task, 3, 5, 9)
    trace = builder.trace(now=20)
    assert facts_of(trace, 1).circumstances == (
        ("needs", "2 CPU"),
        ("arguments", "1.95 MB"),
        ("waits for", "first"),
        ("put", "1 object, 1 kB"),
        ("items", "3, first after 2 ms, last after 6 ms"),
    )
    assert facts_of(trace, 0).circumstances == ()
