"""What a diagnosis is, how sure it is, and what a pattern in the table must be able to do."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from nestviz.trace.model import Ints

if TYPE_CHECKING:
    from nestviz.analysis.diagnoses.facts import Facts

__all__ = ["RAY_DOCS", "RAY_PATTERNS", "Confidence", "Diagnosis", "Finding", "Pattern"]

RAY_DOCS = "https://docs.ray.io/en/latest/ray-core"
RAY_PATTERNS = f"{RAY_DOCS}/patterns"


class Confidence(enum.Enum):
    """How far the recording bears a diagnosis out."""

    SURE = "sure"
    """It was counted or measured."""
    LIKELY = "likely"
    """The pattern is there; only the program knows whether it has a reason for it."""
    POSSIBLE = "possible"
    """The recording fits it, and would also fit something harmless."""
    NOT_ENOUGH_DATA = "not enough data"
    """The harm was measured; which of several causes it has cannot be told from what was recorded."""


@dataclass(frozen=True, eq=False)
class Finding:
    """What a pattern has found: the rows that show it, in any order, and the nanoseconds of makespan that could be won at most."""

    title: str
    rows: Ints
    won_ns: float
    confidence: Confidence
    advice: str


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """One thing that could be better. Texts hold names as the program spells them, unescaped.

    `rows` are row numbers of the trace in ascending order, each once; `seconds` of makespan could be won, at most all of it.
    """

    id: str
    title: str
    seconds: float
    rows: Ints
    confidence: Confidence
    advice: str
    url: str = ""
    """Ray's own page about the pattern; empty where there is none."""

    @property
    def tasks(self) -> int:
        """How many rows show it."""
        return len(self.rows)


class Pattern(ABC):
    """One row of the table of diagnoses."""

    id: ClassVar[str]
    looks_for: ClassVar[str]
    url: ClassVar[str] = ""

    @abstractmethod
    def findings(self, facts: Facts) -> Iterator[Finding]:
        """What there is to say of the trace behind the facts: nothing when all is well."""
