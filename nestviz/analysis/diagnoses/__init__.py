"""Diagnoses: what could be better in a program, with the rows that show it, the seconds it is worth, and what to do."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Diagnosis, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.analysis.diagnoses.table import PATTERNS
from nestviz.errors import UsageError
from nestviz.trace.model import Trace

__all__ = ["PATTERNS", "VARIABLE", "Confidence", "Diagnosis", "Pattern", "diagnose", "ids_of"]


VARIABLE = "NESTVIZ_IGNORE"
"""The environment variable that switches diagnoses off, read by those who show them."""


def diagnose(trace: Trace, ignored: Collection[str] = ()) -> tuple[Diagnosis, ...]:
    """All that is to be said of a trace, or of a section of it, most seconds first; nothing of the patterns in `ignored`."""
    if not np.any(trace.is_task):
        return ()
    facts = Facts(trace)
    found = [
        _diagnosis(pattern, finding, facts)
        for pattern in PATTERNS.values()
        if pattern.id not in ignored
        for finding in pattern.findings(facts)
    ]
    return tuple(sorted(found, key=lambda one: -one.seconds))


def ids_of(text: str) -> frozenset[str]:
    """The ids in a list with commas, as `--ignore` and the environment have it; UsageError for one that no pattern has."""
    ids = frozenset(part.strip() for part in text.split(",") if part.strip())
    unknown = sorted(ids - PATTERNS.keys())
    if unknown:
        raise UsageError(f"there is no diagnosis {unknown[0]!r}; there are {', '.join(PATTERNS)}")
    return ids


def _diagnosis(pattern: Pattern, finding: Finding, facts: Facts) -> Diagnosis:
    return Diagnosis(
        id=pattern.id,
        title=finding.title,
        seconds=min(max(finding.won_ns, 0), facts.makespan_ns) / 1e9,
        rows=facts.distinct(finding.rows),
        confidence=finding.confidence,
        advice=finding.advice,
        url=pattern.url,
    )
