"""Large arguments passed by value: the data travels instead of the work."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.events import Phase
from nestviz.wording import count, counted, data_size, duration

__all__ = ["LargeArgument"]

_INLINE_BYTES = 100 * 1024  # Ray sends smaller arguments along with the call; larger ones go through the object store


class LargeArgument(Pattern):
    """Calls whose arguments are beyond Ray's inline limit, where handing them over and fetching them takes noticeable time."""

    id = "large-argument"
    looks_for = "calls that carry more than 100 KiB by value, where serializing and fetching that takes a noticeable part of the time"
    url = f"{RAY_PATTERNS}/pass-large-arg-by-value.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        size = facts.rows.argument_bytes
        for name, rows in facts.functions(np.flatnonzero(facts.final & (size >= _INLINE_BYTES)), 1):
            moving = facts.phases[Phase.SUBMIT][rows] + facts.phases[Phase.FETCH][rows]
            won_ns = facts.saved_ns(moving, facts.begin[rows], facts.begin[rows] + moving)
            if facts.is_worth(won_ns):
                levels = len(np.unique(facts.rows.depth[rows]))
                again = f", the same data again on each of {count(levels)} levels" if levels > 2 else ""  # noqa: PLR2004
                yield Finding(
                    title=f"{counted(len(rows), 'call')} of {name} carried {data_size(int(size[rows].sum()))} as arguments",
                    rows=rows,
                    won_ns=won_ns,
                    confidence=Confidence.LIKELY,
                    advice=f"Handing that over took {duration(int(moving.sum()))}{again}. Pass {name} a ref (ray.put the value once), "
                    "or a description of the part to work on, and let it read or make its data itself.",
                )
