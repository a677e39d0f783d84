"""The second half of the join: parents, driver and unknown-parent rows, ends of what died, durations, depths and counts.

Records are ordered by process and number first, so the order in which they arrived cannot matter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nestviz.events import EventKind, Phase, RowKind, State
from nestviz.trace.alignment import aligned
from nestviz.trace.annotations import gather_notes, said_sizes
from nestviz.trace.attachments import (
    gather_dependencies,
    gather_exports,
    gather_items,
    gather_puts,
    gather_repeats,
    gather_requirements,
)
from nestviz.trace.drafts import NO_KEY, Drafts, draft_rows
from nestviz.trace.joins import id_keys, lookup, roots_and_depths
from nestviz.trace.model import NO_PARENT, UNKNOWN, Ints, RecordingInfo, Rows, Segments, Small, Trace, Waits
from nestviz.trace.observed import join_record
from nestviz.trace.outcomes import with_cancellations, with_failed_arguments, with_outcomes
from nestviz.trace.phases import phase_totals, separate_inner
from nestviz.trace.sections import find_sections
from nestviz.trace.sightings import seen_workers
from nestviz.trace.sources import missing_of, sources_of
from nestviz.trace.store import RecordStore
from nestviz.trace.texts import Texts
from nestviz.trace.waiting import assemble_waits

if TYPE_CHECKING:
    from nestviz.trace.fold import Known

__all__ = ["Owners", "assemble"]

_SCOPE_MASK = 0xFFFFFFFF
_LIVING = (State.RUNNING, State.BLOCKED)


class Owners:
    """From keys of processes' attempts and blocks to row numbers. The driver's row stands behind all drafts, then the unknown's."""

    def __init__(self, drafts: Drafts, known: Known) -> None:
        self._drafts = drafts
        self._driver_processes = np.array([n for n in known.processes if known.process(n).is_driver], np.int64)
        self.driver_row = len(drafts)
        self.nobody = len(drafts) + 1

    def rows_of(self, keys: Ints) -> Ints:
        """Rows of the attempts with those keys; attempt 0 of a driver is the driver's row; the unknown-parent row otherwise."""
        at = lookup(self._drafts.attempt_key, keys)
        is_driver = ((keys & _SCOPE_MASK) == 0) & np.isin(keys >> 32, self._driver_processes)
        at = np.where(keys == NO_KEY, -1, at)
        return np.where(is_driver & (keys >= 0), self.driver_row, np.where(at >= 0, at, self.nobody))

    def block_rows(self, keys: Ints) -> Ints:
        """Rows of the span blocks with those keys, -1 where there is none."""
        return np.where(keys == NO_KEY, -1, lookup(self._drafts.block_key, keys))


def assemble(known: Known, store: RecordStore, info: RecordingInfo, *, now_ns: int, position: int) -> Trace:
    """The trace of all records in the store."""
    clock = known.clock_ns
    store = aligned(store, known.clock_shifts())
    texts = Texts(store)
    known = known.with_workers(seen_workers(store, texts))
    joined = join_record(store, texts, draft_rows(store, texts, clock), known.by_worker)
    drafts = joined.drafts
    latest = max((int(column.max(initial=0)) for column in (drafts.submit_end, drafts.start, drafts.end)), default=0)
    now_ns = max(known.end_ns or now_ns, latest, info.begin_ns)
    owners = Owners(drafts, known)
    drafts = _with_origin_blocks(drafts, owners, known)
    rows = _rows(drafts, owners, known, info, table_size=len(texts.table), now_ns=now_ns)
    rows = replace(rows, fetch=_padded(joined.fetch, rows), store=_padded(joined.store, rows))
    rows = _settle(rows, drafts, known, is_closed=info.state != "live" and not known.is_attached, now_ns=now_ns)
    has_told = _have_told(store, rows, owners)
    rows = with_cancellations(rows, store, clock, has_told)
    items = gather_items(store, rows, owners.rows_of, clock)
    waits = assemble_waits(store, texts, rows, owners.rows_of, clock, items.row)
    dependencies = gather_dependencies(store, rows)
    rows = with_failed_arguments(with_outcomes(rows, waits, has_told), dependencies)
    inner = _inner(store, rows, waits, owners, clock, now_ns)
    waiting = waits.row[waits.end == UNKNOWN]
    is_waiting = np.zeros(len(rows), np.bool_)
    is_waiting[waiting] = True
    block_rows = owners.block_rows(np.concatenate([drafts.in_block_key, [NO_KEY, NO_KEY]]))[: len(rows)]
    sections, section = find_sections(rows, block_rows, drafts.is_section, texts.table)
    rows = replace(
        rows,
        state=np.where(is_waiting & (rows.state == State.RUNNING), State.BLOCKED, rows.state).astype(np.uint8),
        size=said_sizes(store, texts, owners.rows_of, rows.size),
        section=section,
        children=_children(rows, block_rows),
        spawn=_totals(rows, inner, Phase.SPAWN),
        blocked=_totals(rows, inner, Phase.BLOCKED),
        receive=_totals(rows, inner, Phase.RECEIVE),
    )
    return Trace(
        info=info,
        now_ns=now_ns,
        texts=(*texts.table, "driver", "unknown parent"),
        rows=rows,
        waits=waits,
        notes=gather_notes(store, texts, owners, rows),
        processes=tuple(known.process(number) for number in sorted(known.processes)),
        sections=sections,
        inner=inner,
        items=items,
        puts=gather_puts(store, rows, owners.rows_of),
        dependencies=dependencies,
        requirements=gather_requirements(store, texts),
        sources=sources_of(known),
        exports=gather_exports(store, rows),
        repeats=gather_repeats(store, rows),
        missing=missing_of(known, rows, info.state),
        lost_events=sum(known.dropped.values()),
        position=position,
    )


def _rows(drafts: Drafts, owners: Owners, known: Known, info: RecordingInfo, *, table_size: int, now_ns: int) -> Rows:
    """Drafts with parents and ids filled in, the driver's row and, where needed, the unknown parent's behind them."""
    count = len(drafts)
    parent = np.where(drafts.has_origin, _origin_rows(drafts, owners, known), owners.rows_of(drafts.parent_key))
    has_unknown = bool(np.any(parent == owners.nobody))
    extra = 2 if has_unknown else 1
    task_id = np.concatenate([drafts.task_id, np.zeros(extra, "V24")])
    blocks = np.flatnonzero(drafts.kind == RowKind.SPAN)
    task_id[blocks] = _block_ids(drafts.block_key[blocks], known)
    task_id[count] = np.void(known.driver_id)
    block_row = owners.block_rows(drafts.in_block_key)
    block_id = np.zeros(count + extra, "V24")
    inside = np.flatnonzero(block_row >= 0)
    block_id[inside] = task_id[block_row[inside]]
    parent_id = np.zeros(count + extra, "V24")
    parent_id[:count] = task_id[parent]
    numbers = np.array(sorted(known.processes), np.int64)
    at = lookup(numbers, drafts.process)
    driver_at = next((i for i, n in enumerate(numbers) if known.process(int(n)).is_driver), -1)
    parent = np.concatenate([parent, np.full(extra, NO_PARENT)])
    driver_end = known.end_ns or UNKNOWN
    has_driver_ended = bool(known.end_ns) or info.state != "live"
    ended = State.FINISHED if info.state == "complete" else State.LOST

    def longs(values: Ints, driver: int, unknown: int = UNKNOWN) -> Ints:
        return np.concatenate([values, np.array([driver, unknown][:extra], np.int64)])

    def smalls(values: Ints, driver: int, unknown: int = UNKNOWN) -> Small:
        return longs(values, driver, unknown).astype(np.int32)

    unknown_column = np.full(count + extra, UNKNOWN, np.int64)
    kinds = longs(drafts.kind, RowKind.DRIVER, RowKind.UNKNOWN_PARENT).astype(np.uint8)
    return Rows(
        task_id=task_id,
        parent_id=parent_id,
        block_id=block_id,
        parent=parent.astype(np.int32),
        attempt=smalls(drafts.attempt, 0, 0),
        kind=kinds,
        name=smalls(drafts.name, table_size, table_size + 1),
        state=longs(drafts.state, ended if has_driver_ended else State.RUNNING, State.FINISHED).astype(np.uint8),
        submit_begin=longs(drafts.submit_begin, UNKNOWN),
        submit_end=longs(drafts.submit_end, UNKNOWN),
        start=longs(drafts.start, info.begin_ns),
        end=longs(drafts.end, driver_end if known.end_ns else (now_ns if has_driver_ended else UNKNOWN)),
        blocked=unknown_column,
        receive=unknown_column,
        spawn=unknown_column,
        fetch=unknown_column,
        store=unknown_column,
        depth=_depths(parent, kinds),
        children=np.zeros(count + extra, np.int32),
        process=smalls(at, driver_at, UNKNOWN),
        size=longs(drafts.size, UNKNOWN),
        argument_bytes=longs(drafts.argument_bytes, UNKNOWN),
        error=smalls(drafts.error, UNKNOWN, UNKNOWN),
        section=np.full(count + extra, UNKNOWN, np.int32),
    )


def _padded(values: Ints, rows: Rows) -> Ints:
    """A column of drafts with UNKNOWN for the rows behind them."""
    return np.append(values, np.full(len(rows) - len(values), UNKNOWN, np.int64))


def _origin_rows(drafts: Drafts, owners: Owners, known: Known) -> Ints:
    """Parents of tasks that brought their parent's id along: the last attempt of that task, or the driver."""
    is_task = drafts.kind == RowKind.TASK
    keys = np.where(is_task, id_keys(drafts.task_id), np.uint64(0))
    backwards = lookup(keys[::-1], id_keys(drafts.origin_id))
    at = np.where(backwards >= 0, len(drafts) - 1 - backwards, owners.nobody)
    is_driver = drafts.origin_id == np.void(known.driver_id)
    return np.where(is_driver, owners.driver_row, at)


def _with_origin_blocks(drafts: Drafts, owners: Owners, known: Known) -> Drafts:
    """The blocks of calls that brought their parent's id along: they are numbered by the parent's process."""
    if not bool(np.any(drafts.origin_block > 0)):
        return drafts
    parent = _origin_rows(drafts, owners, known)
    driver = next((n for n in known.processes if known.process(n).is_driver), -1)
    process = np.where(parent == owners.driver_row, driver, np.append(drafts.process, [-1, -1])[parent])
    has_block = (drafts.origin_block > 0) & (process >= 0)
    return replace(drafts, in_block_key=np.where(has_block, (process << 32) | drafts.origin_block, drafts.in_block_key))


def _block_ids(keys: Ints, known: Known) -> NDArray[np.void]:
    """Made-up ids of span blocks: the process's identity, then the block's number."""
    ids = np.zeros(len(keys), "V24")
    for i, key in enumerate(keys.tolist()):
        uid = known.uid(key >> 32)
        ids[i] = np.void((key & _SCOPE_MASK).to_bytes(4, "big") + uid[-4:] + uid)  # the first eight bytes are the short key
    return ids


def _depths(parent: Ints, kind: NDArray[np.generic]) -> Small:
    """Tasks between a row and its root, itself included; below the unknown parent as below a driver. Blocks: their owner's."""
    _, depth = roots_and_depths(parent)
    depths: Small = (depth - (kind == RowKind.SPAN)).astype(np.int32)
    return depths


def _have_told(store: RecordStore, rows: Rows, owners: Owners) -> NDArray[np.bool_]:
    """Rows whose own process has reported their end."""
    told = owners.rows_of(store.of(EventKind.END).key("scope"))
    have = np.zeros(len(rows), np.bool_)
    have[told[told < len(rows)]] = True
    return have


def _settle(rows: Rows, drafts: Drafts, known: Known, *, is_closed: bool, now_ns: int) -> Rows:
    """Attempts that can never report their end are lost: their process died, a later attempt began, or the recording is closed."""
    count = len(drafts)
    state, end = rows.state.copy(), rows.end.copy()
    is_open = (end[:count] == UNKNOWN) & (rows.start[:count] != UNKNOWN)
    if known.gone_ns:
        numbers = np.array(sorted(known.gone_ns), np.int64)
        gone = np.array([known.gone_ns[int(n)] for n in numbers], np.int64)
        at = lookup(numbers, drafts.process)
        died = np.flatnonzero(is_open & (at >= 0))
        end[died] = np.maximum(gone[at[died]], rows.start[died])
    retried = np.flatnonzero((rows.attempt[:count] > 0) & (rows.kind[:count] == RowKind.TASK))
    if len(retried):
        keys = id_keys(rows.task_id[:count])
        newest: dict[int, int] = {}
        for i in retried.tolist():
            newest[int(keys[i])] = max(i, newest.get(int(keys[i]), -1), key=lambda r: int(rows.attempt[r]) if r >= 0 else -1)
        for i in np.flatnonzero(is_open & np.isin(keys, keys[retried]) & (end[:count] == UNKNOWN)).tolist():
            later = newest[int(keys[i])]
            if rows.attempt[later] > rows.attempt[i]:
                end[i] = max(int(rows.start[later]), int(rows.start[i]))
    if is_closed:
        rest = np.flatnonzero(is_open & (end[:count] == UNKNOWN))
        end[rest] = np.maximum(now_ns, rows.start[rest])
    lost = np.flatnonzero((rows.end[:count] == UNKNOWN) & (end[:count] != UNKNOWN))
    state[lost] = State.LOST
    return replace(rows, state=state, end=end)


def _inner(store: RecordStore, rows: Rows, waits: Waits, owners: Owners, clock: int, now_ns: int) -> Segments:
    """Spawn, blocked and receive stretches of every row."""
    submits = store.of(EventKind.SUBMIT)
    spawner = owners.rows_of(submits.key("scope"))
    spawner = np.where(spawner >= len(rows), -1, spawner)
    spawner = np.where(spawner == owners.nobody, -1, spawner)
    waiter = waits.row.astype(np.int64)
    end = np.where(waits.end == UNKNOWN, now_ns, waits.end)
    blocked_end = np.where(waits.blocked_end == UNKNOWN, end, waits.blocked_end)
    parts: list[tuple[Ints, Phase, Ints, Ints]] = [
        (spawner, Phase.SPAWN, submits.raw["a"] + clock, submits.raw["b"] + clock),
        (waiter, Phase.BLOCKED, waits.begin, blocked_end),
        (waiter, Phase.RECEIVE, blocked_end, end),
    ]
    return separate_inner(
        rows,
        np.concatenate([p[0] for p in parts]),
        np.concatenate([np.full(len(p[0]), p[1], np.uint8) for p in parts]),
        np.concatenate([p[2] for p in parts]),
        np.concatenate([p[3] for p in parts]),
        now_ns,
    )


def _totals(rows: Rows, inner: Segments, phase: Phase) -> Ints:
    """A phase's time per row; UNKNOWN for what has not started and for blocks."""
    totals = phase_totals(inner, len(rows), phase)
    nothing = (rows.start == UNKNOWN) | (rows.kind == RowKind.SPAN)
    return np.where(nothing, UNKNOWN, totals)


def _children(rows: Rows, block_rows: Ints) -> Small:
    """Tasks that each row submitted, a retried one counted once; for a block those submitted directly inside it."""
    tasks = np.flatnonzero(rows.kind == RowKind.TASK)
    _, first = np.unique(id_keys(rows.task_id[tasks]), return_index=True)
    tasks = tasks[first]
    count = np.bincount(rows.parent[tasks], minlength=len(rows))
    inside = block_rows[tasks]
    count += np.bincount(inside[inside >= 0], minlength=len(rows))
    result: Small = count.astype(np.int32)
    return result
