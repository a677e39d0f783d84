"""The first half of the join: one draft row per attempt, per call that nobody has started yet, and per span block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nestviz.events import SHIFT_MASK, TENTATIVE, UNKNOWN_SHIFT, EventKind, RowKind, State
from nestviz.trace.joins import id_keys, lookup
from nestviz.trace.model import UNKNOWN, Ids, Ints
from nestviz.trace.store import Records, RecordStore
from nestviz.trace.texts import Texts

__all__ = ["NO_KEY", "Drafts", "concatenated", "draft_rows", "order_of", "pick", "pick_ids"]

NO_KEY = -1


@dataclass(frozen=True)
class Drafts:
    """Columns of equal length. A key is a process's number and one of its attempts or blocks, or NO_KEY."""

    kind: Ints
    task_id: Ids  # zeros for blocks
    process: Ints  # the process it runs in, -1 before it started
    attempt_key: Ints
    block_key: Ints
    parent_key: Ints  # the attempt (or process) that submitted it or opened it
    origin_id: Ids  # the parent's id where the child has brought it along, else zeros
    has_origin: NDArray[np.bool_]
    origin_block: Ints  # the block of that parent's process in which the call was made, 0 for none
    in_block_key: Ints  # the block in which it was submitted or opened
    attempt: Ints
    name: Ints
    state: Ints
    submit_begin: Ints
    submit_end: Ints
    start: Ints
    end: Ints
    size: Ints
    argument_bytes: Ints
    error: Ints
    is_section: NDArray[np.bool_]
    number: Ints  # of the record that made it known first: settles the order of what has the same time

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, order: Ints) -> Drafts:
        """The drafts in another order."""
        return Drafts(*(getattr(self, f.name)[order] for f in fields(self)))


def draft_rows(store: RecordStore, texts: Texts, clock_ns: int) -> Drafts:
    """All drafts in order of submission; where that is unknown, of their start. Times become Unix ns."""
    starts, submits = store.of(EventKind.START), store.of(EventKind.SUBMIT)
    parts = [
        _attempts(store, texts, starts, submits, clock_ns),
        _pending(texts, starts, submits, clock_ns, id_keys(store.of(EventKind.RAY_TASK).raw["id"])),
        _blocks(store, texts, clock_ns),
    ]
    drafts = concatenated(parts)
    return drafts.take(order_of(drafts))


def concatenated(parts: Sequence[Drafts]) -> Drafts:
    """All drafts of the parts, one part after the other."""
    return Drafts(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Drafts)))


def order_of(drafts: Drafts) -> Ints:
    """The order of submission; where that is unknown, of their start."""
    moment = np.where(drafts.submit_begin == UNKNOWN, drafts.start, drafts.submit_begin)
    return np.lexsort((drafts.attempt, drafts.number, drafts.parent_key, moment))


def _attempts(store: RecordStore, texts: Texts, starts: Records, submits: Records, clock_ns: int) -> Drafts:
    ends, origins = store.of(EventKind.END), store.of(EventKind.ORIGIN)
    key = starts.key("scope")
    end_at = lookup(ends.key("scope"), key)
    submit_at = lookup(id_keys(submits.raw["id"]), id_keys(starts.raw["id"]))
    origin_at = lookup(origins.key("scope"), key)
    has_origin = (origin_at >= 0) & (submit_at < 0)
    begin = np.where(has_origin, pick(origins.raw["a"], origin_at, 0) + clock_ns, UNKNOWN)
    size = starts.raw["size"]
    return Drafts(
        kind=np.full(len(key), RowKind.TASK, np.int64),
        task_id=starts.raw["id"],
        process=starts.process,
        attempt_key=key,
        block_key=np.full(len(key), NO_KEY, np.int64),
        parent_key=pick(submits.key("scope"), submit_at, NO_KEY),
        origin_id=pick_ids(origins.raw["id"], np.where(has_origin, origin_at, -1)),
        has_origin=has_origin,
        origin_block=np.where(has_origin, pick(origins.raw["block"].astype(np.int64), origin_at, 0), 0),
        in_block_key=_block_key(submits, submit_at),
        attempt=_attempt_numbers(starts),
        name=np.where(submit_at >= 0, pick(texts.of(submits), submit_at, 0), texts.of(starts)),
        state=pick(ends.raw["flags"].astype(np.int64), end_at, State.RUNNING),
        submit_begin=np.where(has_origin, begin, pick(submits.raw["a"] + clock_ns, submit_at, UNKNOWN)),
        submit_end=np.where(has_origin, begin, pick(submits.raw["b"] + clock_ns, submit_at, UNKNOWN)),
        start=starts.raw["a"] + clock_ns,
        end=pick(ends.raw["a"] + clock_ns, end_at, UNKNOWN),
        size=np.where(size >= 0, size, pick(submits.raw["size"], submit_at, UNKNOWN)),
        argument_bytes=pick(_argument_bytes(submits), submit_at, UNKNOWN),
        error=_error_numbers(texts, ends, end_at),
        is_section=np.zeros(len(key), np.bool_),
        number=np.where(submit_at >= 0, pick(submits.number, submit_at, 0), starts.number),
    )


def _pending(texts: Texts, starts: Records, submits: Records, clock_ns: int, seen_by_ray: NDArray[np.uint64]) -> Drafts:
    keys = id_keys(submits.raw["id"])
    is_known = lookup(id_keys(starts.raw["id"]), keys) >= 0
    is_sure = ((submits.raw["flags"] & TENTATIVE) == 0) | np.isin(keys, seen_by_ray)
    submits = submits.take(~is_known & is_sure)
    count = len(submits)
    nothing = np.full(count, UNKNOWN, np.int64)
    return Drafts(
        kind=np.full(count, RowKind.TASK, np.int64),
        task_id=submits.raw["id"],
        process=nothing,
        attempt_key=np.full(count, NO_KEY, np.int64),
        block_key=np.full(count, NO_KEY, np.int64),
        parent_key=submits.key("scope"),
        origin_id=np.zeros(count, "V24"),
        has_origin=np.zeros(count, np.bool_),
        origin_block=np.zeros(count, np.int64),
        in_block_key=_block_key(submits, np.arange(count)),
        attempt=np.zeros(count, np.int64),
        name=texts.of(submits),
        state=np.full(count, State.SUBMITTED, np.int64),
        submit_begin=submits.raw["a"] + clock_ns,
        submit_end=submits.raw["b"] + clock_ns,
        start=nothing,
        end=nothing,
        size=submits.raw["size"].astype(np.int64),
        argument_bytes=_argument_bytes(submits),
        error=nothing,
        is_section=np.zeros(count, np.bool_),
        number=submits.number,
    )


def _blocks(store: RecordStore, texts: Texts, clock_ns: int) -> Drafts:
    begins, ends = store.of(EventKind.SPAN_BEGIN), store.of(EventKind.SPAN_END)
    key = begins.key("block")
    end_at = lookup(ends.key("block"), key)
    has_failed = pick(ends.raw["flags"].astype(np.int64), end_at, 0) > 0
    count = len(key)
    outer = begins.raw["b"].astype(np.int64)
    return Drafts(
        kind=np.full(count, RowKind.SPAN, np.int64),
        task_id=np.zeros(count, "V24"),
        process=begins.process,
        attempt_key=np.full(count, NO_KEY, np.int64),
        block_key=key,
        parent_key=begins.key("scope"),
        origin_id=np.zeros(count, "V24"),
        has_origin=np.zeros(count, np.bool_),
        origin_block=np.zeros(count, np.int64),
        in_block_key=np.where(outer > 0, (begins.process << 32) | outer, NO_KEY),
        attempt=np.zeros(count, np.int64),
        name=texts.of(begins),
        state=np.where(end_at < 0, State.RUNNING, np.where(has_failed, State.FAILED, State.FINISHED)).astype(np.int64),
        submit_begin=np.full(count, UNKNOWN, np.int64),
        submit_end=np.full(count, UNKNOWN, np.int64),
        start=begins.raw["a"] + clock_ns,
        end=pick(ends.raw["b"] + clock_ns, end_at, UNKNOWN),
        size=np.full(count, UNKNOWN, np.int64),
        argument_bytes=np.full(count, UNKNOWN, np.int64),
        error=np.full(count, UNKNOWN, np.int64),
        is_section=(begins.raw["flags"] & 1) > 0,
        number=begins.number,
    )


def _argument_bytes(submits: Records) -> Ints:
    shift = (submits.raw["flags"] & SHIFT_MASK).astype(np.int64)
    known = np.where(shift == UNKNOWN_SHIFT, 0, shift)
    return np.where(shift == UNKNOWN_SHIFT, UNKNOWN, submits.raw["aux"].astype(np.int64) << known)


def _attempt_numbers(starts: Records) -> Ints:
    """Attempts as Ray numbers them; where it gives a number twice (restarted actors), all of the task's in order of their start."""
    given: Ints = starts.raw["aux"].astype(np.int64)
    keys = id_keys(starts.raw["id"])
    order = np.lexsort((given, keys))
    is_same = keys[order][1:] == keys[order][:-1]
    is_twice = is_same & (given[order][1:] == given[order][:-1])
    if not is_twice.any():
        return given
    order = np.lexsort((starts.raw["a"], keys))
    begins = np.concatenate([[True], keys[order][1:] != keys[order][:-1]])
    place = np.arange(len(order))
    rank = np.empty(len(order), np.int64)
    rank[order] = place - np.maximum.accumulate(np.where(begins, place, 0))
    twice = np.unique(keys[np.lexsort((given, keys))][1:][is_twice])
    return np.where(np.isin(keys, twice), rank, given)


def _block_key(submits: Records, at: Ints) -> Ints:
    has_block = pick(submits.raw["block"].astype(np.int64), at, 0) > 0
    return np.where(has_block, pick(submits.key("block"), at, NO_KEY), NO_KEY)


def _error_numbers(texts: Texts, ends: Records, at: Ints) -> Ints:
    has_error = pick(ends.raw["code"].astype(np.int64), at, 0) > 0
    return np.where(has_error, pick(texts.of(ends), at, 0), UNKNOWN)


def pick(values: NDArray[np.int64], at: Ints, missing: int) -> Ints:
    """`values[at]`, and `missing` where `at` is negative."""
    if not len(values):
        return np.full(len(at), missing, np.int64)
    picked: Ints = np.where(at >= 0, values[at], missing).astype(np.int64)
    return picked


def pick_ids(values: Ids, at: Ints) -> Ids:
    """`values[at]`, and zeros where `at` is negative."""
    picked = np.zeros(len(at), "V24")
    known = at >= 0
    picked[known] = values[at[known]]
    return picked
