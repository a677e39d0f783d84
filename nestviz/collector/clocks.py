"""How far another machine's monotonic counter is from ours, learnt from round trips.

Cristian's algorithm (F. Cristian, "Probabilistic clock synchronization", Distributed Computing 3, 1989): whoever asks for the other
counter knows that it was read between the question and the answer, so the middle is wrong by half the round trip at the most,
however unequal the two ways are. Of many answers the best counts. As in NTP (RFC 5905, "PHI") an answer's error grows with its age,
because two counters may drift apart.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

__all__ = ["MAX_DRIFT", "Clock", "Offset", "RoundTrip", "offset_from", "refined"]

MAX_DRIFT = 15e-6
"""Seconds per second by which two disciplined counters may drift apart: NTP's own tolerance."""

_KEPT = 64


@dataclass(frozen=True)
class RoundTrip:
    """One question for the other counter: ours before and after, in nanoseconds, and what it said in between."""

    sent_ns: int
    there_ns: int
    back_ns: int


@dataclass(frozen=True)
class Offset:
    """What to add to the other counter to get ours, in nanoseconds, and by how much that may be wrong, either way."""

    ns: int
    error_ns: int


def offset_from(trip: RoundTrip, now_ns: int) -> Offset:
    """What one round trip says of the offset at `now_ns` (our counter)."""
    whole = trip.back_ns - trip.sent_ns
    age = max(now_ns - trip.sent_ns, 0)
    return Offset(trip.sent_ns + whole // 2 - trip.there_ns, (whole + 1) // 2 + int(age * MAX_DRIFT) + 1)


def refined(known: Offset | None, new: Offset) -> Offset:
    """`known`, unless `new` is at least twice as sharp, or the two contradict each other because the counters have drifted."""
    if known is None or 2 * new.error_ns <= known.error_ns or abs(new.ns - known.ns) > new.error_ns + known.error_ns:
        return new
    return known


class Clock:
    """The other counter as far as we know it: the last round trips, and the offset worth noting down."""

    def __init__(self) -> None:
        self._trips: deque[RoundTrip] = deque(maxlen=_KEPT)
        self.offset: Offset | None = None

    def learn(self, trip: RoundTrip) -> None:
        """One more answer."""
        self._trips.append(trip)
        best = min((offset_from(known, trip.back_ns) for known in self._trips), key=lambda offset: offset.error_ns)
        self.offset = refined(self.offset, best)
