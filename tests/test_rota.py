"""Which relay is asked when: the rule of the flush interval, and what delays a turn."""

from __future__ import annotations

import pytest

from nestviz.collector.rota import CALLS_PER_SECOND, MAX_UNDER_WAY, ROUND_SECONDS, Rota, interval_seconds


def rota_of(*nodes, now=0.0):
    rota = Rota()
    rota.see(nodes, now)
    return rota


def test_few_nodes_are_asked_each_round_and_many_share_the_calls_of_a_second():
    assert [interval_seconds(n) for n in (1, 3, 20)] == [ROUND_SECONDS] * 3
    assert interval_seconds(1_000) == pytest.approx(1_000 / CALLS_PER_SECOND)


def test_new_nodes_and_those_that_left_are_told():
    rota = rota_of("a", "b")
    assert rota.see(["b", "c"], 1.0) == (["c"], ["a"])
    assert sorted(rota.nodes) == ["b", "c"]


def test_a_node_is_asked_again_after_the_interval_but_never_before_it_has_answered():
    rota = rota_of("a", "b")
    assert rota.ask(0.0) == ["a", "b"]
    rota.answered("a", 0.02)
    assert rota.ask(0.05) == []
    assert rota.ask(0.2) == ["a"]
    rota.answered("b", 0.25)
    assert rota.ask(0.25) == ["b"]


def test_a_node_with_more_to_say_is_asked_at_once():
    rota = rota_of("a")
    rota.ask(0.0)
    rota.answered("a", 0.01, has_more=True)
    assert rota.ask(0.01) == ["a"]


def test_calls_under_way_are_limited_and_the_longest_waiting_come_first():
    nodes = [f"{n:03}" for n in range(MAX_UNDER_WAY + 5)]
    rota = rota_of(*nodes)
    assert rota.ask(0.0) == nodes[:MAX_UNDER_WAY]
    assert rota.ask(9.0) == []
    rota.answered("000", 9.0)
    assert rota.ask(9.0) == [nodes[MAX_UNDER_WAY]]


def test_a_node_whose_calls_fail_is_asked_later_and_later_and_given_up_in_a_hurry():
    rota = rota_of("a")
    pauses = []
    now = 0.0
    for _ in range(9):
        assert rota.ask(now) == ["a"]
        rota.answered("a", now, has_failed=True)
        pauses.append(rota._turns["a"].next_s - now)
        now = rota._turns["a"].next_s
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert rota.are_failing(["a"])
    rota.hurry(["a"], now - 30)
    assert rota.ask(now - 30) == []
    assert rota.ask(now) == ["a"]
    rota.answered("a", now)
    assert not rota.are_failing(["a"])


def test_in_a_hurry_a_node_is_asked_before_its_turn():
    rota = rota_of("a")
    rota.ask(0.0)
    rota.answered("a", 0.01)
    rota.hurry(["a", "unknown"], 0.02)
    assert rota.ask(0.02) == ["a"]
    assert not rota.are_failing(["a"])
    assert rota.are_failing(["unknown"])


def test_the_next_turn_is_never_further_away_than_the_interval():
    rota = rota_of("a")
    assert rota.soon(0.0) == 0
    rota.ask(0.0)
    assert rota.soon(0.0) == ROUND_SECONDS
