"""Two recordings side by side, as values and on the command line."""

from __future__ import annotations

import json

import pytest
from builders import MS, RecordingBuilder, program_of, trace_of
from dashboard_fakes import write_recording

from nestviz.analysis.comparison import Change, compare
from nestviz.cli.main import main
from nestviz.events import Phase


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NESTVIZ_HOME", str(tmp_path))
    write_recording(tmp_path, "before", program_of("sort(half half)", compute=10))
    write_recording(tmp_path, "after", program_of("sort(half half merge)", compute=15))
    write_recording(tmp_path, "empty", RecordingBuilder())
    return tmp_path


def test_totals_and_functions_are_aligned_by_name():
    found = compare(trace_of("sort(half half)", compute=10), trace_of("sort(half half merge)", compute=15))
    assert found.makespan_ns == Change(22 * MS, 32 * MS)
    assert round(found.makespan_ns.growth, 3) == 0.455
    assert found.totals["tasks"] == Change(3, 4)
    assert {one.name: one.life_ns.difference // MS for one in found.functions} == {"merge": 16, "half": 10, "sort": 10}
    assert next(one for one in found.functions if one.name == "merge").tasks == Change(0, 1)
    assert [(name, phase.name, change.difference // MS) for name, phase, change in found.moved] == [
        ("merge", "COMPUTE", 15), ("half", "COMPUTE", 10), ("sort", "COMPUTE", 5), ("sort", "BLOCKED", 5), ("merge", "QUEUE", 1),
    ]  # fmt: skip


def test_a_recording_compared_with_itself_has_not_changed():
    trace = trace_of("root(a b)")
    found = compare(trace, trace)
    assert found.moved == ()
    assert {change.difference for change in found.totals.values()} == {0}


def test_growth_from_nothing_is_without_bound_and_of_nothing_none():
    assert (Change(0, 5).growth, Change(0, 0).growth, Change(4, 3).growth) == (float("inf"), 0.0, -0.25)


def test_the_command_prints_what_got_slower(home, capsys):
    assert main(["compare", "before", "after"]) == 0
    out = capsys.readouterr().out
    assert "makespan 22 ms 32 ms +10 ms +45.5%" in " ".join(out.split())
    assert "merge compute 0 µs 15 ms +15 ms" in " ".join(out.split())
    assert "FASTER" not in out


def test_the_command_fails_with_one_line_when_the_second_is_slower_than_allowed(home, capsys):
    assert main(["compare", "before", "after", "--fail-if-slower", "10%"]) == 1
    assert capsys.readouterr().err == "nestviz: after took 32 ms, 45.5% longer than before (22 ms); 10.0% more would be allowed\n"


@pytest.mark.parametrize("allowed", ["50%", "46", "1e3 %"])
def test_the_command_passes_when_it_is_not(home, capsys, allowed):
    assert main(["compare", "before", "after", "--fail-if-slower", allowed]) == 0
    assert main(["compare", "after", "before", "--fail-if-slower", "0"]) == 0


@pytest.mark.parametrize("argv", [
    ["before"], ["before", "after", "--fail-if-slower", "much"], ["before", "after", "--fail-if-slower=-1%"],
    ["before", "after", *["--section", "x"] * 3],
])  # fmt: skip
def test_wrong_usage_is_status_2(home, capsys, argv):
    assert main(["compare", *argv]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_recording_without_tasks_cannot_be_judged(home, capsys):
    assert main(["compare", "empty", "after", "--fail-if-slower", "10%"]) == 1
    assert capsys.readouterr().err == "nestviz: empty has no tasks: it cannot be said which is slower\n"


def test_an_unknown_recording_is_one_line(home, capsys):
    assert main(["compare", "before", "nope"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_sections_of_one_recording_are_compared(home, capsys):
    builder = RecordingBuilder()
    for number, (name, begin, end) in enumerate((("small", 0, 10), ("large", 20, 60))):
        block = builder.open_block(None, name, begin, section=True)
        builder.run(builder.submit("sort", begin=begin, block=block), begin, end, process=number + 1)
        builder.close_block(None, block, end)
    builder.close(60)
    write_recording(home, "two", builder)
    assert main(["compare", "two", "two", "--section", "small", "--section", "large", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["totals"]["makespan_ns"] == {"a": 10 * MS, "b": 40 * MS, "difference": 30 * MS}
    assert found["slower"] == [{"function": "sort", "phase": "compute", "difference_ns": 30 * MS}]
    assert (found["growth"], found["faster"]) == (3.0, [])
    assert set(found["phases_ns"]) == {phase.name.lower() for phase in Phase}
