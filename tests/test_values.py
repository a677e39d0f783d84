"""Which large values capture recognises when they are sent again, or sent on after a get."""

from __future__ import annotations

import numpy as np
import pytest

from nestviz.capture import values

LARGE = 200_000


@pytest.fixture(autouse=True)
def nothing_known():
    values._known.clear()


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.arange(LARGE),
        lambda: np.arange(LARGE, dtype=np.float32).reshape(-1, 10),
        lambda: bytes(range(256)) * 1_000,
        lambda: "words " * LARGE,
    ],
)
def test_buffers_and_strings_are_known_by_what_is_in_them(make):
    values.sent(1, make())
    assert values.is_known(1, make()) == (True, False)


def test_lists_are_known_by_their_elements():
    numbers = list(range(1_000, 1_000 + LARGE))
    values.got(1, numbers, is_one=True)
    assert values.is_known(1, numbers[:]) == (False, True)
    assert values.is_known(1, [number + LARGE for number in numbers]) == (False, False)


def test_parts_of_a_whole_are_different_values():
    whole = np.arange(4 * LARGE)
    parts = np.split(whole, 4)
    values.sent(1, parts[0])
    assert [values.is_known(1, part)[0] for part in parts] == [True, False, False, False]


def test_what_another_task_of_the_same_process_did_does_not_count():
    values.sent(1, np.arange(LARGE))
    assert values.is_known(2, np.arange(LARGE)) == (False, False)


def test_each_of_several_results_is_known():
    results = [np.full(LARGE, i) for i in range(3)]
    values.got(1, results, is_one=False)
    assert [values.is_known(1, result)[1] for result in results] == [True] * 3


@pytest.mark.parametrize(
    "value", [7, None, {"a": 1}, "short", b"short", np.arange(10), [1] * 100, np.arange(2 * LARGE)[::2], object()]
)
def test_small_values_and_other_kinds_are_never_known(value):
    values.sent(1, value)
    assert values.is_known(1, value) == (False, False)


def test_memory_is_bounded():
    for i in range(1_000):
        values.sent(1, np.full(LARGE // 8, i))
    assert len(values._known) == 256
