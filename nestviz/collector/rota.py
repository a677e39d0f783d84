"""Which relay is asked when: decided here, free of Ray and of clocks.

The rule: the collector makes at most CALLS_PER_SECOND calls in all, so every node is asked each `nodes / CALLS_PER_SECOND` seconds,
but no more often than each ROUND_SECONDS; never before it has answered the call before; and no more than MAX_UNDER_WAY at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["CALLS_PER_SECOND", "MAX_UNDER_WAY", "ROUND_SECONDS", "Rota", "interval_seconds"]

ROUND_SECONDS = 0.1
CALLS_PER_SECOND = 200
MAX_UNDER_WAY = 32
_LONGEST_PAUSE_SECONDS = 60.0
_GIVEN_UP = 3


def interval_seconds(nodes: int) -> float:
    """How long a node's events may wait in its rings before they are asked for."""
    return max(ROUND_SECONDS, nodes / CALLS_PER_SECOND)


@dataclass
class _Turn:
    """One node: when it may be asked next, whether it owes an answer, and how many calls in a row have failed."""

    next_s: float
    is_under_way: bool = False
    failures: int = 0


class Rota:
    """The nodes in turn; times are seconds of any clock that does not go back."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}
        self.interval_s = ROUND_SECONDS

    @property
    def nodes(self) -> list[str]:
        """The nodes that take part."""
        return list(self._turns)

    def see(self, nodes: Iterable[str], now_s: float) -> tuple[list[str], list[str]]:
        """These nodes are there now: which of them are new, and which have left."""
        there = set(nodes)
        new, left = sorted(there - self._turns.keys()), sorted(self._turns.keys() - there)
        for node in left:
            del self._turns[node]
        self._turns |= {node: _Turn(now_s) for node in new}
        self.interval_s = interval_seconds(len(self._turns))
        return new, left

    def ask(self, now_s: float) -> list[str]:
        """The nodes whose turn it is, longest waiting first; they count as asked."""
        free = MAX_UNDER_WAY - sum(turn.is_under_way for turn in self._turns.values())
        waiting = [(turn.next_s, node) for node, turn in self._turns.items() if not turn.is_under_way and turn.next_s <= now_s]
        chosen = [node for _, node in sorted(waiting)[: max(free, 0)]]
        for node in chosen:
            self._turns[node].next_s = now_s + self.interval_s
            self._turns[node].is_under_way = True
        return chosen

    def answered(self, node: str, now_s: float, *, has_more: bool = False, has_failed: bool = False) -> None:
        """The node's call is over. It is asked at once when it has more, and later and later while its calls fail."""
        turn = self._turns.get(node)
        if turn is None:
            return
        turn.is_under_way = False
        turn.failures = turn.failures + 1 if has_failed else 0
        if has_more:
            turn.next_s = now_s
        elif has_failed:
            turn.next_s = now_s + min(2.0 ** (turn.failures - 1), _LONGEST_PAUSE_SECONDS)

    def are_failing(self, nodes: Iterable[str]) -> bool:
        """Whether there is nothing to be hoped from any of these nodes: their last calls have all failed, or they have left."""
        return all(turn.failures >= _GIVEN_UP for node in nodes if (turn := self._turns.get(node)) is not None)

    def hurry(self, nodes: Iterable[str], now_s: float) -> None:
        """Ask these nodes as soon as they owe no answer, unless their calls fail."""
        for node in nodes:
            turn = self._turns.get(node)
            if turn is not None and not turn.failures:
                turn.next_s = min(turn.next_s, now_s)

    def soon(self, now_s: float) -> float:
        """Seconds until the next turn, at most the interval."""
        return min((max(turn.next_s - now_s, 0.0) for turn in self._turns.values() if not turn.is_under_way), default=self.interval_s)
