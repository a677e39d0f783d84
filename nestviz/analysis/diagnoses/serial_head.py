"""One task that works while all others wait for it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nestviz.analysis.diagnoses.diagnosis import Confidence, Finding, Pattern
from nestviz.analysis.diagnoses.facts import Facts
from nestviz.events import Phase, RowKind
from nestviz.trace.model import Ints
from nestviz.wording import duration, label

__all__ = ["SerialHead"]

_SHARE = 0.2  # of the makespan


class SerialHead(Pattern):
    """Amdahl's law, measured: what a task with several children, or the driver, computes while nothing else runs or could run."""

    id = "serial-head"
    looks_for = "a task with children, or the driver, that computes alone for more than a fifth of the makespan"

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """One per task: at most four can be that long."""
        if facts.cpus < 2 or np.count_nonzero(facts.final) < 3:  # noqa: PLR2004 - else there is nobody to wait, or nowhere to run
            return
        alone = _alone_ns(facts)
        heads = np.flatnonzero(alone > _SHARE * facts.makespan_ns)
        for row in heads.tolist():
            alone_ns, share = float(alone[row]), alone[row] / facts.makespan_ns
            limit = facts.makespan_ns / alone_ns
            name = label(facts.trace.name_of(row), int(facts.rows.size[row]))
            part = _block_of(facts, row)
            yield Finding(
                title=f"{f'{part} in ' if part else ''}{name} runs alone for {duration(int(alone_ns))}, {share:.0%} of the time",
                rows=np.array([row]),
                won_ns=alone_ns * (1 - 1 / facts.cpus),
                confidence=Confidence.SURE,
                advice=f"Nothing else can run meanwhile, so that no number of CPUs makes this more than {limit:.1f}× faster. "
                f"Divide that part among tasks too, make it shorter, or let the first children start before it is done.",
            )


def _alone_ns(facts: Facts) -> Ints:
    """Per row with several children how long it computed with no other task running or able to run.

    Of a driver that nestviz did not see, nobody knows whether it computed or waited.
    """
    segments, trace = facts.trace.segments, facts.trace
    may = (trace.rows.children >= 2) & (facts.phases[Phase.COMPUTE] > _SHARE * facts.makespan_ns)  # noqa: PLR2004
    may &= (trace.rows.kind == RowKind.TASK) | facts.is_captured
    own = np.flatnonzero((segments.phase == Phase.COMPUTE) & may[segments.row])
    row, begin, end = segments.row[own], segments.begin[own], segments.end[own]
    is_driver = trace.rows.kind[row] == RowKind.DRIVER
    begin, end = np.clip(begin, trace.begin_ns, trace.end_ns), np.clip(end, trace.begin_ns, trace.end_ns)
    alone = np.where(is_driver, facts.load.idle.within(begin, end), facts.load.alone.within(begin, end))
    return np.bincount(row, weights=alone, minlength=len(trace.rows)).astype(np.int64)


def _block_of(facts: Facts, row: int) -> str:
    """The name of the span block of that task in which it was alone for more than half of that time; empty when there is none."""
    table = facts.rows
    blocks = np.flatnonzero((table.kind == RowKind.SPAN) & (table.parent == row))
    sections = {section.begin_ns for section in facts.trace.sections}
    blocks = np.array([block for block in blocks.tolist() if int(table.start[block]) not in sections], np.int64)
    if not len(blocks):
        return ""
    total = facts.load.idle if table.kind[row] == RowKind.DRIVER else facts.load.alone
    stop = np.where(table.end[blocks] < 0, facts.trace.now_ns, table.end[blocks])
    inside = total.within(table.start[blocks], stop)
    longest = int(np.argmax(inside))
    whole = float(total.within(facts.start[[row]], facts.end[[row]])[0])
    return facts.trace.name_of(int(blocks[longest])) if inside[longest] > whole / 2 else ""
