"""What the critical path is made of: how much of it each span block and each function took, by phase, the heaviest first."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nestviz.analysis.critical_path import PathSegment
from nestviz.events import Phase, RowKind
from nestviz.trace.model import UNKNOWN, Trace
from nestviz.wording import label

__all__ = ["PathShare", "heaviest_place", "path_shares"]

Stretch = tuple[int, int, str]
"""Begin, end and name of the innermost span block of a row at that time."""


@dataclass(frozen=True)
class PathShare:
    """The stretches of the path in one block ("" for none) of one function's tasks, in one phase.

    `share` is of the whole path. `row` is the task with the most of it, `row_ns` that task's part, `rows` how many tasks there are.
    """

    block: str
    name: str
    phase: Phase
    time_ns: int
    share: float
    row: int
    row_ns: int
    rows: int


def path_shares(trace: Trace, path: Sequence[PathSegment]) -> tuple[PathShare, ...]:
    """The groups of the path, the longest first; their shares add up to 1."""
    blocks = _Blocks(trace)
    times: dict[tuple[str, str, Phase], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for step in path:
        for begin, end, block in blocks.cut(step):
            times[block, trace.name_of(step.row), step.phase][step.row] += end - begin
    whole = max(sum(sum(of_rows.values()) for of_rows in times.values()), 1)
    found = []
    for (block, name, phase), of_rows in times.items():
        row = max(of_rows, key=lambda one: of_rows[one])
        time = sum(of_rows.values())
        found.append(PathShare(block, name, phase, time, time / whole, row, of_rows[row], len(of_rows)))
    return tuple(sorted(found, key=lambda one: (-one.time_ns, one.row, one.phase)))


def heaviest_place(trace: Trace, share: PathShare) -> tuple[str, float]:
    """What to name of a share, and its part of the path: the one task that has half of it or more, else all of its tasks.

    As one says it: "partition in the root", "merge in sort", "sort(4,096)".
    """
    rows = trace.rows
    if 2 * share.row_ns < share.time_ns:
        return (f"{share.block} in {share.name}" if share.block else share.name), share.share
    tops = trace.is_task & (rows.depth == rows.depth[trace.is_task].min(initial=np.iinfo(np.int32).max))
    is_root = bool(tops[share.row]) and int(np.count_nonzero(tops)) == 1
    where = label(share.name, int(rows.size[share.row]))
    if share.block:
        where = f"{share.block} in {'the root' if is_root else where}"
    elif is_root:
        where = f"the root, {where},"
    return where, share.share * share.row_ns / share.time_ns


class _Blocks:
    """The span blocks of a row as stretches of their innermost one, found at the row's first use."""

    def __init__(self, trace: Trace) -> None:
        rows = trace.rows
        self._trace = trace
        spans = np.flatnonzero(rows.kind == RowKind.SPAN)
        self._spans = spans[np.argsort(rows.parent[spans], kind="stable")]
        self._owner = rows.parent[self._spans]
        self._known: dict[int, list[Stretch]] = {}

    def cut(self, step: PathSegment) -> Iterator[Stretch]:
        """The step in pieces, each within one block or none."""
        if step.row not in self._known:
            self._known[step.row] = self._stretches(step.row)
        stretches, now = self._known[step.row], step.begin_ns
        at = max(bisect_right(stretches, now, key=lambda stretch: stretch[0]) - 1, 0)
        while now < step.end_ns and at < len(stretches):
            begin, end, name = stretches[at]
            if begin >= step.end_ns:
                break
            if end > now:
                if begin > now:
                    yield now, begin, ""
                    now = begin
                yield now, min(end, step.end_ns), name
                now = min(end, step.end_ns)
            at += 1
        if now < step.end_ns:
            yield now, step.end_ns, ""

    def _stretches(self, row: int) -> list[Stretch]:
        rows = self._trace.rows
        low, high = np.searchsorted(self._owner, [row, row + 1]).tolist()
        moments = []
        for span in self._spans[low:high].tolist():
            end = int(rows.end[span]) if rows.end[span] != UNKNOWN else self._trace.now_ns
            moments += [(int(rows.start[span]), 1, span), (end, 0, span)]
        moments.sort()
        open_blocks: list[int] = []
        found = []
        before = 0
        for time, is_begin, span in moments:
            if open_blocks and time > before:
                found.append((before, time, self._trace.name_of(open_blocks[-1])))
            before = time
            if is_begin:
                open_blocks.append(span)
            elif span in open_blocks:
                open_blocks.remove(span)
        return found
