"""How numbers and names are said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nestviz.wording import count, counted, data_size, duration, label, plotly_text, printable, ratio, without_escapes


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (0, "0 µs"),
        (850, "0.85 µs"),
        (12_345, "12.3 µs"),
        (999_499, "999 µs"),
        (999_500, "1 ms"),
        (12_345_678, "12.3 ms"),
        (1_500_000_000, "1.5 s"),
        (119_000_000_000, "119 s"),
        (150_000_000_000, "2.5 min"),
        (-1, "unknown"),
    ],
)
def test_times_are_said_in_the_unit_that_fits(ns, said):
    assert duration(ns) == said


def test_counts_labels_and_ratios():
    assert (count(4_000_000), label("sort", 4096), label("sort", -1), ratio(2.606)) == ("4,000,000", "sort(4,096)", "sort", "2.61×")


def test_a_name_is_plain_text_in_a_picture():
    assert plotly_text("<b>x</b> &\n<a href='y'>") == "&lt;b&gt;x&lt;/b&gt; &amp; &lt;a href='y'&gt;"
    assert plotly_text("abcdef", 4) == "abc…"


def test_a_terminal_finds_nothing_to_obey():
    assert printable("a\x1b[31mb\u202ec\x07 d") == "a\\x1b[31mb\\u202ec\\x07 d"


def test_colours_and_titles_of_a_program_s_output_are_left_out():
    assert without_escapes("\x1b[33m(raylet)\x1b[0m \x1b]0;title\x07warning\n") == "(raylet) warning\n"


@given(st.text())
def test_whatever_a_name_holds_no_markup_and_no_escape_is_left(name):
    assert "<" not in plotly_text(name)
    assert printable(name).isprintable()


@pytest.mark.parametrize(
    ("size", "said"), [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (1_951_234, "1.95 MB"), (3 * 10**9, "3 GB"), (-1, "unknown")]
)
def test_data_has_three_digits_and_the_unit_that_fits(size, said):
    assert data_size(size) == said


def test_one_is_not_many():
    assert [counted(number, "task") for number in (0, 1, 4_637)] == ["0 tasks", "1 task", "4,637 tasks"]
