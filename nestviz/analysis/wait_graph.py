"""Who waits for whom at this moment: rows that only wait, since when, and the chains from them to what has not started.

A row waits when it is inside `ray.get` or `ray.wait`, or polls: its last calls brought nothing, and less than a second passed
between one and the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nestviz.events import RowKind, State
from nestviz.trace.joins import id_keys, lookup
from nestviz.trace.model import UNKNOWN, Ints, Trace, Waits

__all__ = ["NOBODY", "WaitGraph", "last_movement"]

Mask = NDArray[np.bool_]

NOBODY = -1
_POLL_PAUSE_NS = 1_000_000_000
_ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_MIX = np.uint64(0x9E3779B97F4A7C15)


def last_movement(trace: Trace) -> int:
    """The last moment at which the record shows something happen: a call, a start, an end, a result that arrived."""
    rows, waits = trace.rows, trace.waits
    moments = [rows.submit_end, rows.start, rows.end, np.where(_brought_something(waits), waits.end, UNKNOWN)]
    return max(int(column.max(initial=trace.info.begin_ns)) for column in moments)


@dataclass(frozen=True)
class WaitGraph:
    """Edges from what waits to what it waits for: results asked for, arguments, and an actor's own turn."""

    trace: Trace

    @cached_property
    def since(self) -> Ints:
        """Per row since when it only waits; UNKNOWN for those that do not wait now."""
        return _waiting_since(self.trace)

    @cached_property
    def is_alive(self) -> Mask:
        """Attempts (and the driver) that have started and not ended."""
        rows = self.trace.rows
        mask: Mask = (rows.start != UNKNOWN) & (rows.end == UNKNOWN) & (rows.kind != RowKind.SPAN)
        return mask

    @cached_property
    def is_pending(self) -> Mask:
        """Tasks that were submitted and have not started."""
        mask: Mask = self.trace.is_task & (self.trace.rows.state == State.SUBMITTED)
        return mask

    @cached_property
    def actor(self) -> Ints:
        """Per row a number that tells its actor from others, 0 for plain tasks: their ids' actor part begins with ones."""
        words = _id_words(self.trace)
        keys = np.where(self.trace.is_task & (words[:, 1] != _ALL_ONES), (words[:, 1] ^ (words[:, 2] * _MIX)) | np.uint64(1), 0)
        return keys.view(np.int64)

    @cached_property
    def is_creation(self) -> Mask:
        """Rows that create an actor: their own part of the id is all ones."""
        mask: Mask = (self.actor != 0) & (_id_words(self.trace)[:, 0] == _ALL_ONES)
        return mask

    @cached_property
    def requirement(self) -> Ints:
        """Per row the number in `Trace.texts` of what it needs to run, -1 for Ray's default."""
        said = self.trace.requirements
        at = lookup(said.key, id_keys(self.trace.rows.task_id))
        return np.where(at >= 0, np.append(said.text, NOBODY)[at], NOBODY)

    def requirement_of(self, row: int) -> str:
        """What the row needs to run, "" for Ray's default."""
        number = int(self.requirement[row])
        return self.trace.texts[number] if number >= 0 else ""

    @cached_property
    def edges(self) -> tuple[Ints, Ints]:
        """From row, to row; sorted by the first, only to tasks that have not ended."""
        parts = [self._asked_for(), self._arguments(), self._turns()]
        begin = np.concatenate([part[0] for part in parts]).astype(np.int64)
        end = np.concatenate([part[1] for part in parts]).astype(np.int64)
        open_ = (end >= 0) & (self.trace.rows.end[end] == UNKNOWN)
        open_ &= self.trace.is_task[end]
        begin, end = begin[open_], end[open_]
        order = np.argsort(begin, kind="stable")
        return begin[order], end[order]

    def reached_from(self, sources: Ints) -> Ints:
        """Breadth first: per row the row before it on a shortest chain; sources lead to themselves, what is not reached to NOBODY."""
        begin, end = self.edges
        first = np.searchsorted(begin, np.arange(len(self.trace.rows) + 1))
        before = np.full(len(self.trace.rows), NOBODY, np.int64)
        before[sources] = sources
        front = np.asarray(sources, np.int64)
        while len(front):
            lengths = first[front + 1] - first[front]
            source = np.repeat(front, lengths)
            skipped = np.repeat(np.cumsum(lengths) - lengths, lengths)
            target = end[np.repeat(first[front], lengths) + np.arange(len(source)) - skipped]
            fresh = np.flatnonzero(before[target] == NOBODY)
            target, at = np.unique(target[fresh], return_index=True)
            before[target] = source[fresh[at]]
            front = target
        return before

    def _asked_for(self) -> tuple[Ints, Ints]:
        waits = self.trace.waits
        is_current = ~_brought_something(waits) & (self.trace.now_ns - _ends(self.trace) <= _POLL_PAUSE_NS)
        owner = np.repeat(waits.row, np.diff(waits.offset))
        counts = np.repeat(is_current, np.diff(waits.offset)) & self.is_alive[owner]
        return owner[counts].astype(np.int64), waits.refs[counts].astype(np.int64)

    def _arguments(self) -> tuple[Ints, Ints]:
        waiter, on = self.trace.dependencies.row, self.trace.dependencies.on
        counts = self.is_pending[waiter]
        return waiter[counts].astype(np.int64), on[counts].astype(np.int64)

    def _turns(self) -> tuple[Ints, Ints]:
        """A method that has not started waits for its actor's creation, or else for each method that runs."""
        pending = np.flatnonzero(self.is_pending & (self.actor != 0) & ~self.is_creation)
        creations = np.flatnonzero(self.is_creation & (self.trace.rows.end == UNKNOWN))
        made_by = lookup(self.actor[creations], self.actor[pending])
        waits_for_creation = np.flatnonzero(made_by >= 0)
        running = np.flatnonzero(self.is_alive & (self.actor != 0) & ~self.is_creation)
        running = running[np.argsort(self.actor[running], kind="stable")]
        low = np.searchsorted(self.actor[running], self.actor[pending], side="left")
        lengths = np.searchsorted(self.actor[running], self.actor[pending], side="right") - low
        skipped = np.repeat(np.cumsum(lengths) - lengths, lengths)
        busy = running[np.repeat(low, lengths) + np.arange(int(lengths.sum())) - skipped]
        begin = np.concatenate([pending[waits_for_creation], np.repeat(pending, lengths)])
        end = np.concatenate([creations[made_by[waits_for_creation]], busy])
        return begin, end


def _id_words(trace: Trace) -> NDArray[np.uint64]:
    """Ids as three words; the last 16 bytes are the actor's id."""
    return np.ascontiguousarray(trace.rows.task_id).view(np.uint64).reshape(-1, 3)


def _waiting_since(trace: Trace) -> Ints:
    """A run of waits that brought nothing counts from its first one."""
    waits = trace.waits
    since = np.full(len(trace.rows), UNKNOWN, np.int64)
    if not len(waits):
        return since
    order = np.argsort(waits.row, kind="stable")
    row, begin, end = waits.row[order], waits.begin[order], _ends(trace)[order]
    is_barren = ~_brought_something(waits)[order]
    is_first = np.ones(len(row), np.bool_)
    is_first[1:] = (row[1:] != row[:-1]) | ~is_barren[:-1] | (begin[1:] - end[:-1] > _POLL_PAUSE_NS)
    run_begin = begin[np.maximum.accumulate(np.where(is_first, np.arange(len(row)), 0))]
    now = np.flatnonzero(is_barren & (trace.now_ns - end <= _POLL_PAUSE_NS))
    since[row[now]] = run_begin[now]
    return since


def _ends(trace: Trace) -> Ints:
    return np.where(trace.waits.end == UNKNOWN, trace.now_ns, trace.waits.end)


def _brought_something(waits: Waits) -> Mask:
    """Waits that ended with a result, or asked for none."""
    got = np.concatenate([[0], np.cumsum(waits.got)])
    mask: Mask = (waits.end != UNKNOWN) & ((got[waits.offset[1:]] > got[waits.offset[:-1]]) | (waits.asked == 0))
    return mask
