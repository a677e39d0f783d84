"""Every page of the dashboard, run by Streamlit's own test driver on hand-written recordings."""

from __future__ import annotations

import html
from pathlib import Path

import pytest
import streamlit as st
from builders import RecordingBuilder, program_of
from dashboard_fakes import LiveJournal, demonstration, quicksort, write_recording
from streamlit.testing.v1 import AppTest

from nestviz.events import State
from nestviz.recordings import load

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "nestviz" / "dashboard" / "pages"
RECORDING = "quicksort-20231114-221320-01000000"
HOSTILE = "<b>x</b><script>alert(1)</script> [a](javascript:alert(1))"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty folder of recordings, and nothing remembered from another test."""
    monkeypatch.setenv("NESTVIZ_HOME", str(tmp_path))
    st.cache_resource.clear()
    return tmp_path


def opened(page: str = "live", **address: str) -> AppTest:
    app = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    for name, text in address.items():
        app.query_params[name] = text
    app.run()
    if page != "live":
        app.switch_page(str(PAGES / f"{page}.py")).run()
    assert not app.exception
    return app


def tiles_of(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def html_of(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def charts_of(app: AppTest) -> list[str]:
    return [element.proto.id.rsplit("-", 1)[-1] for element in app.get("bidi_component")]


def labels_of(app: AppTest, prefix: str) -> list[str]:
    """Labels of buttons as a person reads them."""
    return [one.label.replace("\\", "").replace("\u2060", "") for one in app.button if one.key.startswith(prefix)]


# Live


def test_the_live_page_says_what_to_do_when_nothing_is_recorded():
    app = opened()
    assert app.subheader[0].value == "Nothing recorded yet"
    assert "it shows up here by itself" in app.text[0].value


def test_the_live_page_shows_numbers_and_three_pictures(home):
    write_recording(home, RECORDING, quicksort())
    app = opened()
    assert tiles_of(app) == {
        "Tasks": "55",
        "Running now": "0",
        "Blocked now": "0",
        "Workers": "30",
        "Elapsed": "1.23 s",
        "Makespan": "1.22 s",
        "Work": "1.2 s",
        "Speedup": "0.98×",
    }
    assert charts_of(app) == ["tree", "timeline", "concurrency"]


def test_the_live_page_says_what_would_help_and_shows_the_evidence(home):
    builder = RecordingBuilder()
    for i in range(3):
        task = builder.run(builder.submit(HOSTILE, None, 100 * i), 100 * i + 1, 100 * i + 100)
        builder.get(None, [task], 100 * i, 100 * i + 100)
    builder.close(300)
    path = write_recording(home, RECORDING, builder)
    app = opened()
    text = html_of(app)
    assert f"3 calls of {html.escape(HOSTILE)} run one after the other" in text
    assert "<script>" not in text
    assert labels_of(app, "evidence-") == ["Show the first of 3 tasks"] * 2
    app.button(key="evidence-0").click().run()
    assert app.query_params["task"] == load(path).key_of(0)


def test_diagnoses_that_are_switched_off_are_not_shown(home, monkeypatch):
    monkeypatch.setenv("NESTVIZ_IGNORE", "low-parallelism, not-worth-it")
    write_recording(home, RECORDING, program_of("root(a)", compute=100))
    assert labels_of(opened(), "evidence-") == []


def test_a_live_recording_is_chosen_before_newer_ones(home):
    journal = LiveJournal(home, "first-20231114-221320-01000000")
    journal.write(program_of("root(a b)"))
    write_recording(home, "second-20231114-221320-02000000", quicksort())
    app = opened()
    assert app.query_params["recording"] == "first-20231114-221320-01000000"
    journal.close()


def test_a_recording_grows_while_the_page_stays_open(home):
    builder = RecordingBuilder()
    root = builder.start(builder.submit("root"), 1)
    journal = LiveJournal(home, RECORDING)
    journal.write(builder)
    app = opened()
    assert tiles_of(app)["Tasks"] == "1"
    builder.start(builder.submit("child", root, 5), 6)
    journal.write(builder)
    assert tiles_of(app.run())["Tasks"] == "2"
    assert tiles_of(app)["Running now"] == "2"
    journal.close()


def test_a_program_that_has_not_called_yet_is_named_as_such(home):
    journal = LiveJournal(home, RECORDING)
    journal.write(RecordingBuilder())
    assert opened().subheader[0].value == "No task yet"
    journal.close()


def test_an_unknown_recording_is_one_clear_line_and_a_way_on(home):
    write_recording(home, RECORDING, quicksort())
    app = opened(recording="nobody")
    assert "no recording" in app.error[0].value
    app.button[0].click().run()
    assert app.query_params["recording"] == RECORDING
    assert not app.error


def test_an_unknown_section_is_one_clear_line_and_everything_is_shown(home):
    write_recording(home, RECORDING, quicksort())
    app = opened(recording=RECORDING, section="nothing")
    assert "no section" in app.error[0].value
    assert tiles_of(app)["Tasks"] == "55"


def test_a_section_in_the_address_shows_only_its_tasks(home):
    builder = program_of("outside(a b)")
    block = builder.open_block(None, "part", 100, section=True)
    builder.run(builder.submit("inside", None, 101, block=block), 102, 103)
    builder.close_block(None, block, 104)
    write_recording(home, RECORDING, builder)
    assert tiles_of(opened())["Tasks"] == "4"
    app = opened(section="part")
    assert tiles_of(app)["Tasks"] == "1"
    app.selectbox(key="section").select("All sections").run()
    assert "section" not in app.query_params
    assert tiles_of(app)["Tasks"] == "4"


def test_another_recording_is_opened_from_the_list(home):
    write_recording(home, RECORDING, quicksort())
    write_recording(home, "other-20231114-221320-02000000", program_of("root"))
    app = opened(recording=RECORDING, task="00")
    app.selectbox(key="picked").select("other-20231114-221320-02000000").run()
    assert app.query_params["recording"] == "other-20231114-221320-02000000"
    assert "task" not in app.query_params
    assert tiles_of(app)["Tasks"] == "1"


def test_the_task_of_the_address_is_described(home):
    path = write_recording(home, RECORDING, quicksort(sections=False))
    trace = load(path)
    grandchild = trace.rows.parent.tolist().index(1)
    app = opened(task=trace.key_of(grandchild))
    assert f"quick_sort({int(trace.rows.size[grandchild]):,})" in html_of(app)
    sizes = [f"{int(trace.rows.size[row]):,}" for row in (0, 1)]
    assert labels_of(app, "crumb-") == ["driver ›", *(f"quick_sort({size}) ›" for size in sizes)]


def test_a_step_of_the_breadcrumbs_leads_to_the_ancestor(home):
    path = write_recording(home, RECORDING, quicksort(sections=False))
    trace = load(path)
    grandchild = trace.key_of(trace.rows.parent.tolist().index(1))
    app = opened(task=grandchild)
    app.button(key="crumb-2").click().run()
    assert app.query_params["task"] == trace.key_of(1)
    app.button(key="child-0").click().run()
    assert app.query_params["task"] == grandchild
    app.button(key="unselect").click().run()
    assert "task" not in app.query_params


@pytest.mark.parametrize("task", ["abcdefabcdefabcd", "nonsense", "<b>"])
def test_a_task_that_is_not_there_is_said_to_be_missing(home, task):
    write_recording(home, RECORDING, quicksort())
    app = opened(task=task)
    assert any(f"no task {task}" in text.value for text in app.text)


def test_an_error_shows_as_the_program_raised_it(home):
    builder = RecordingBuilder()
    builder.run(builder.submit("broken"), 1, 2, state=State.FAILED, error="ValueError: <b>no</b> `code` $x$")
    builder.close(3)
    path = write_recording(home, RECORDING, builder)
    app = opened(task=load(path).key_of(0))
    assert app.code[0].value == "ValueError: <b>no</b> `code` $x$"


def test_names_are_text_and_never_markup(home):
    path = write_recording(home, RECORDING, _hostile(), name=HOSTILE)
    app = opened(task=load(path).key_of(0))
    assert html.escape(HOSTILE) in html_of(app)
    assert "<script" not in html_of(app)
    assert all("](" not in one.label for one in app.button)


def _hostile() -> RecordingBuilder:
    builder = RecordingBuilder()
    root = builder.start(builder.submit(HOSTILE), 1)
    builder.note(root, "note", HOSTILE)
    builder.run(builder.submit(HOSTILE, root, 2), 3, 4)
    builder.end(root, 5)
    builder.close(6)
    return builder


def test_the_rows_of_the_timeline_are_chosen_at_a_switch_and_kept_in_the_address(home):
    write_recording(home, RECORDING, quicksort())
    app = opened()
    app.button_group(key="view").set_value("task").run()
    assert app.query_params["view"] == "task"


def test_a_demonstration_shows_its_table_and_both_curves(home):
    write_recording(home, RECORDING, demonstration())
    app = opened()
    table = app.dataframe[0].value
    assert table["Array size"].tolist() == [200_000, 4_000_000, 8_000_000]
    assert table["Sequential"].tolist() == pytest.approx([0.24, 4.8, 9.6])
    assert table["Distributed"].tolist() == [0.121, 1.224, 2.045]
    assert charts_of(app) == ["tree", "timeline", "concurrency", "curves"]


def test_a_cut_journal_is_shown_with_a_warning(home):
    path = write_recording(home, RECORDING, quicksort())
    path.write_bytes(path.read_bytes()[:-20])
    app = opened()
    assert "The journal was cut" in app.error[0].value
    assert tiles_of(app)["Tasks"] == "55"


def test_a_program_that_waits_for_itself_is_announced_with_its_tasks_as_buttons(home):
    builder = RecordingBuilder()
    root = builder.start(builder.submit("<b>root</b>", begin=1), 2)
    builder.get(None, [root], 2)
    builder.get(root, [builder.submit("child", root, 3)], 4)
    journal = LiveJournal(home, RECORDING)
    journal.epoch_ns -= 60 * 10**9
    journal.write(builder)
    app = opened()
    assert "Tasks wait and none of them starts: nothing has moved for" in html_of(app)
    assert "child needs 1 CPU: by the record there is room" in html_of(app)
    assert labels_of(app, "stuck-0") == ["driver ›", "<b>root</b> ›", "child"]
    app.button(key="stuck-0-2").click().run()
    assert app.query_params["task"] == trace_key(home, "child")
    journal.close()


def trace_key(home, name):
    trace = load(next(home.glob("*.nestviz")))
    return next(trace.key_of(row) for row in range(trace.count) if trace.name_of(row) == name)


# Recordings


def test_the_recordings_page_lists_what_there_is(home):
    write_recording(home, RECORDING, quicksort(), name="mine")
    table = opened("recordings").dataframe[0].value
    assert table["Name"].tolist() == ["mine"]
    assert table["State"].tolist() == ["complete"]
    assert table["Tasks"].tolist() == [55]


def test_the_recordings_page_says_what_to_do_when_it_is_empty():
    assert [head.value for head in opened("recordings").subheader] == ["Recordings", "No recordings yet"]



def test_the_page_says_where_its_facts_come_from_and_can_ask_ray_while_the_recording_is_made(home):
    builder = RecordingBuilder()
    builder.start(builder.submit("root"), 1)
    journal = LiveJournal(home, RECORDING)
    journal.write(builder)
    app = opened()
    (button,) = [button for button in app.button if button.label == "Read Ray's own record now"]
    button.click().run()
    assert [toast.value for toast in app.toast] == ["No collector on this machine writes this recording any more."]
    journal.close()


def test_a_finished_recording_offers_no_reading_of_ray_s_record(home):
    write_recording(home, RECORDING, quicksort())
    assert "Read Ray's own record now" not in [button.label for button in opened().button]


def test_the_insight_page_says_what_limits_the_program_and_draws_what_would_change_it(home):
    write_recording(home, RECORDING, quicksort())
    app = opened("insight")
    assert list(tiles_of(app)) == ["Makespan", "Work", "Span", "Burdened span", "Parallelism", "Speedup"]
    assert "faster" in html_of(app)
    assert charts_of(app)[:2] == ["phases", "cpus"]
    assert app.dataframe[0].value["Share of the makespan"].sum() <= 1.0001


def test_the_insight_page_has_a_word_for_nothing_and_for_a_program_without_calls(home):
    assert opened("insight").subheader[0].value == "Nothing recorded yet"
    journal = LiveJournal(home, RECORDING)
    journal.write(RecordingBuilder())
    assert "no task yet" in opened("insight").text[0].value
    journal.close()


def test_names_are_text_on_the_insight_page(home):
    builder = RecordingBuilder()
    task = builder.run(builder.submit(HOSTILE, size=5), 1, 50)
    builder.get(None, [task], 1, 50)
    builder.close(60)
    write_recording(home, RECORDING, builder)
    app = opened("insight")
    assert "<script>" not in html_of(app)
