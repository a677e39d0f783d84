"""Offsets between counters: the true one always lies within the stated error."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nestviz.collector.clocks import MAX_DRIFT, Clock, Offset, RoundTrip, offset_from, refined

MS = 1_000_000
DAY_NS = 86_400 * 10**9
moments = st.integers(0, 400 * DAY_NS)
delays = st.integers(0, 5_000 * MS)


def trip(sent, there_way, back_way, offset):
    """A round trip with those delays to a counter that lacks `offset` to ours."""
    return RoundTrip(sent, sent + there_way - offset, sent + there_way + back_way)


def test_the_middle_of_the_round_trip_is_the_estimate_and_half_of_it_the_error():
    offset = offset_from(RoundTrip(1_000, 50_000, 3_000), 1_000)
    assert offset == Offset(2_000 - 50_000, 1_001)


@given(moments, delays, delays, st.integers(-400 * DAY_NS, 400 * DAY_NS))
def test_the_true_offset_lies_within_the_error_however_unequal_the_ways(sent, there_way, back_way, true):
    offset = offset_from(trip(sent, there_way, back_way, true), sent)
    assert abs(offset.ns - true) <= offset.error_ns


@given(moments, delays, delays, st.integers(0, DAY_NS), st.floats(-MAX_DRIFT, MAX_DRIFT))
def test_the_error_grows_as_fast_as_counters_may_drift(sent, there_way, back_way, age, drift):
    then, whole = 7 * DAY_NS, there_way + back_way
    offset = offset_from(trip(sent, there_way, back_way, then + round(there_way * drift)), sent + whole + age)
    now = then + round((whole + age) * drift)
    assert abs(offset.ns - now) <= offset.error_ns + 1


@given(st.lists(st.tuples(delays, delays, delays), min_size=1, max_size=100), st.integers(-DAY_NS, DAY_NS))
def test_a_clock_that_does_not_drift_is_known_within_the_error_and_never_worse_than_by_its_last_trip(trips, true):
    clock, now = Clock(), 0
    for pause, there_way, back_way in trips:
        last = trip(now + pause, there_way, back_way, true)
        clock.learn(last)
        assert abs(clock.offset.ns - true) <= clock.offset.error_ns
        assert clock.offset.error_ns <= 2 * offset_from(last, last.back_ns).error_ns
        now = last.back_ns


def test_a_noted_offset_stays_until_a_new_one_is_twice_as_sharp_or_contradicts_it():
    known = Offset(100, 50)
    assert refined(None, known) == known
    assert refined(known, Offset(110, 30)) == known
    assert refined(known, Offset(110, 25)) == Offset(110, 25)
    assert refined(known, Offset(190, 41)) == known
    assert refined(known, Offset(190, 39)) == Offset(190, 39)
