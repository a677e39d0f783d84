"""Functions that carry data inside them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import RAY_PATTERNS, Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.events import Phase
from nestviz.wording import counted, data_size

__all__ = ["ClosureCapturesData"]

_LARGE_BYTES = 1 << 20


class ClosureCapturesData(Pattern):
    """The function itself, as pickled by Ray at its first call, is larger than any program text."""

    id = "closure-captures-data"
    looks_for = "functions that are more than 1 MiB when they are pickled, since they name a large object from around them"
    url = f"{RAY_PATTERNS}/closure-capture-large-objects.html"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per function."""
        exports = facts.trace.exports
        heavy = exports.size_bytes >= _LARGE_BYTES
        rows, size = exports.row[heavy].astype(np.int64), exports.size_bytes[heavy]
        for name, calls in facts.functions(rows, 1):
            carried = size[np.searchsorted(rows, calls)]
            users = np.flatnonzero(facts.started & (facts.rows.name == facts.rows.name[calls[0]]))
            workers = counted(len(np.unique(facts.rows.process[users])), "worker")
            submit = facts.phases[Phase.SUBMIT][calls]
            yield Finding(
                title=f"{name} carries {data_size(int(carried.max()))} inside the function itself",
                rows=calls,
                won_ns=facts.saved_ns(submit, facts.begin[calls], facts.begin[calls] + submit),
                confidence=Confidence.SURE,
                advice=f"Give {name} the large object as an argument, by a ref from ray.put: what is inside the function was pickled "
                f"with the first call and loaded by {workers}.",
            )
