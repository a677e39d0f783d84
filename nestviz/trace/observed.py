"""Joining what Ray's own record says of attempts to the drafts that capture made: fetch and store, ends, and tasks it missed.

Ray's record may be read several times and through two sources, so it says most things more than once: observations of one attempt
are merged first, and merging takes the same however often and in whatever order they come. Capture is believed before Ray.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nestviz.events import EventKind, RowKind, State
from nestviz.trace.drafts import NO_KEY, Drafts, concatenated, order_of, pick, pick_ids
from nestviz.trace.joins import id_keys, lookup
from nestviz.trace.model import UNKNOWN, Ints
from nestviz.trace.sightings import Sightings, merged_sightings
from nestviz.trace.store import RecordStore
from nestviz.trace.texts import Texts

__all__ = ["Joined", "join_record"]

Mask = NDArray[np.bool_]

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Joined:
    """The drafts in order with what Ray adds to them. `fetch` and `store` are ns per draft, UNKNOWN where Ray tells nothing."""

    drafts: Drafts
    fetch: Ints
    store: Ints


def join_record(store: RecordStore, texts: Texts, drafts: Drafts, processes: dict[str, int]) -> Joined:
    """Join Ray's record to the drafts. `processes` leads from a worker's id to the number of its process."""
    nothing = np.full(len(drafts), UNKNOWN, np.int64)
    if not len(store.of(EventKind.RAY_TASK)):
        return Joined(drafts, nothing, nothing)
    seen = merged_sightings(store, texts, drafts, processes)
    at = np.where(drafts.attempt_key == NO_KEY, -1, lookup(_attempt_keys(seen.key, seen.attempt), _draft_keys(drafts)))
    captured = _completed(drafts, seen, at)
    tasks = np.flatnonzero(drafts.kind == RowKind.TASK)
    template = lookup(id_keys(drafts.task_id[tasks]), seen.key)
    template = pick(tasks, template, -1)
    is_missed = np.ones(len(seen), np.bool_)
    is_missed[at[at >= 0]] = False
    is_missed &= (template < 0) | (seen.begin > 0) | (seen.state >= State.FINISHED)
    which = np.flatnonzero(is_missed)
    made = _made(captured, seen.take(which), template[which])
    is_pending = (drafts.kind == RowKind.TASK) & (drafts.attempt_key == NO_KEY)
    stays = ~(is_pending & np.isin(id_keys(drafts.task_id), seen.key[which]))
    kept = np.flatnonzero(stays)
    joined = concatenated([captured.take(kept), made])
    source = np.concatenate([at[kept], which])
    order = order_of(joined)
    joined, source = joined.take(order), source[order]
    return Joined(joined, _fetch(joined, seen, source), _store(joined, seen, source))


def _attempt_keys(key: NDArray[np.uint64], attempt: Ints) -> NDArray[np.uint64]:
    keys: NDArray[np.uint64] = key + (attempt + 1).astype(np.uint64) * _MIX
    return keys


def _draft_keys(drafts: Drafts) -> NDArray[np.uint64]:
    return _attempt_keys(id_keys(drafts.task_id), drafts.attempt)


def _completed(drafts: Drafts, seen: Sightings, at: Ints) -> Drafts:
    """Drafts with what capture left open: the end of what could not report it, the submission and the parent of what had none."""
    ended = pick(seen.end, at, 0)
    fills = (at >= 0) & (drafts.end == UNKNOWN) & (ended > 0) & (pick(seen.state, at, UNKNOWN) >= State.FINISHED)
    submitted = pick(seen.submitted, at, 0)
    is_unsubmitted = (drafts.submit_begin == UNKNOWN) & (submitted > 0)
    is_orphan = (drafts.parent_key == NO_KEY) & ~drafts.has_origin & (pick(seen.has_parent.astype(np.int64), at, 0) > 0)
    origin_id = drafts.origin_id.copy()
    origin_id[is_orphan] = pick_ids(seen.parent_id, at)[is_orphan]
    return replace(
        drafts,
        end=np.where(fills, np.maximum(ended, drafts.start), drafts.end),
        state=np.where(fills, pick(seen.state, at, 0), drafts.state),
        error=np.where(fills, pick(seen.error, at, UNKNOWN), drafts.error),
        submit_begin=np.where(is_unsubmitted, submitted, drafts.submit_begin),
        submit_end=np.where(is_unsubmitted, submitted, drafts.submit_end),
        origin_id=origin_id,
        has_origin=drafts.has_origin | is_orphan,
    )


def _made(drafts: Drafts, seen: Sightings, template: Ints) -> Drafts:
    """Drafts of attempts that capture has not seen start. What it knows of the same task's call comes from the draft `template`."""
    count = len(seen)
    has_call = template >= 0
    submitted = np.where(seen.submitted > 0, seen.submitted, UNKNOWN)
    brings_parent = ~has_call & seen.has_parent
    origin_id = pick_ids(drafts.origin_id, template)
    origin_id[brings_parent] = seen.parent_id[brings_parent]
    seems = np.where(seen.end > 0, State.FINISHED, np.where(seen.begin > 0, State.RUNNING, State.SUBMITTED))
    state = np.where(seen.state == UNKNOWN, seems, seen.state)
    return Drafts(
        kind=np.full(count, RowKind.TASK, np.int64),
        task_id=seen.task_id,
        process=seen.process,
        attempt_key=np.full(count, NO_KEY, np.int64),
        block_key=np.full(count, NO_KEY, np.int64),
        parent_key=pick(drafts.parent_key, template, NO_KEY),
        origin_id=origin_id,
        has_origin=(pick(drafts.has_origin.astype(np.int64), template, 0) > 0) | brings_parent,
        origin_block=pick(drafts.origin_block, template, 0),
        in_block_key=pick(drafts.in_block_key, template, NO_KEY),
        attempt=seen.attempt,
        name=np.where(has_call, pick(drafts.name, template, 0), seen.name),
        state=state,
        submit_begin=np.where(has_call, pick(drafts.submit_begin, template, UNKNOWN), submitted),
        submit_end=np.where(has_call, pick(drafts.submit_end, template, UNKNOWN), submitted),
        start=np.where(seen.begin > 0, seen.begin, UNKNOWN),
        end=np.where((state >= State.FINISHED) & (seen.end > 0), np.maximum(seen.end, seen.begin), UNKNOWN),
        size=pick(drafts.size, template, UNKNOWN),
        argument_bytes=pick(drafts.argument_bytes, template, UNKNOWN),
        error=seen.error,
        is_section=np.zeros(count, np.bool_),
        number=np.where(has_call, pick(drafts.number, template, 0), np.arange(count)),
    )


def _fetch(drafts: Drafts, seen: Sightings, at: Ints) -> Ints:
    """How long the arguments were fetched before the function was entered."""
    begin = pick(seen.fetch_begin, at, 0)
    return np.where((begin > 0) & (drafts.start != UNKNOWN), np.maximum(pick(seen.fetch_end, at, 0) - begin, 0), UNKNOWN)


def _store(drafts: Drafts, seen: Sightings, at: Ints) -> Ints:
    """How long results were stored after the function's exit. Ray runs a dynamic generator while it stores: that is no storing."""
    begin, end = pick(seen.store_begin, at, 0), pick(seen.store_end, at, 0)
    is_known = (begin > 0) & (drafts.end != UNKNOWN)
    return np.where(is_known, np.maximum(end - np.maximum(begin, drafts.end), 0), UNKNOWN)
