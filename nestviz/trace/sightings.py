"""Ray's own record as columns: every observation of every reading, numbered by attempt and merged to one row per attempt."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nestviz.events import NO_ATTEMPT, NO_STATE, EventKind, RowKind
from nestviz.trace.drafts import Drafts, pick, pick_ids
from nestviz.trace.joins import id_keys, lookup
from nestviz.trace.model import UNKNOWN, Ids, Ints
from nestviz.trace.store import Records, RecordStore
from nestviz.trace.texts import Texts

__all__ = ["Sightings", "merged_sightings", "seen_workers"]

Keys = NDArray[np.uint64]

_SAME_NS = 1_000_000_000
"""Executions of one task that begin further apart than this are different attempts, whatever clocks there are."""


@dataclass(frozen=True)
class Sightings:
    """Columns of equal length, ordered by reading and number. Times are Unix ns, 0 where Ray does not tell."""

    key: Keys  # of the task's id
    task_id: Ids
    attempt: Ints  # UNKNOWN when not told
    name: Ints
    state: Ints  # UNKNOWN when not told
    submitted: Ints
    fetch_begin: Ints
    fetch_end: Ints
    begin: Ints  # function entry
    end: Ints  # function exit
    given_up: Ints  # when Ray wrote it off, or noted its end
    store_begin: Ints
    store_end: Ints
    error: Ints
    parent_id: Ids
    has_parent: NDArray[np.bool_]
    process: Ints  # UNKNOWN when its worker is not told

    def __len__(self) -> int:
        return len(self.key)

    def take(self, which: Ints) -> Sightings:
        """The sightings at those places."""
        return Sightings(*(getattr(self, f.name)[which] for f in fields(self)))


def merged_sightings(store: RecordStore, texts: Texts, drafts: Drafts, processes: dict[str, int]) -> Sightings:
    """One sighting per attempt. `processes` leads from a worker's id to the number of its process."""
    seen = _gathered(store, texts, processes)
    attempt = _numbered(seen, drafts)
    order = np.lexsort((np.arange(len(seen)), attempt, seen.key))
    seen, attempt = seen.take(order), attempt[order]
    is_first = np.ones(len(seen), np.bool_)
    is_first[1:] = (seen.key[1:] != seen.key[:-1]) | (attempt[1:] != attempt[:-1])
    groups = np.flatnonzero(is_first)

    def highest(values: Ints) -> Ints:
        result: Ints = np.maximum.reduceat(values, groups)
        return result

    def last(is_known: NDArray[np.bool_]) -> Ints:
        """Per group the place of the last sighting that knows, -1 when none does."""
        return highest(np.where(is_known, np.arange(len(seen)), -1))

    parent = last(seen.has_parent)
    return Sightings(
        key=seen.key[groups],
        task_id=seen.task_id[groups],
        attempt=attempt[groups],
        name=pick(seen.name, last(seen.name > 0), 0),
        state=highest(seen.state),
        submitted=highest(seen.submitted),
        fetch_begin=highest(seen.fetch_begin),
        fetch_end=highest(seen.fetch_end),
        begin=highest(seen.begin),
        end=np.where(highest(seen.end) > 0, highest(seen.end), highest(seen.given_up)),
        given_up=highest(seen.given_up),
        store_begin=highest(seen.store_begin),
        store_end=highest(seen.store_end),
        error=pick(seen.error, last(seen.error >= 0), UNKNOWN),
        parent_id=pick_ids(seen.parent_id, parent),
        has_parent=parent >= 0,
        process=pick(seen.process, last(seen.process >= 0), UNKNOWN),
    )


def seen_workers(store: RecordStore, texts: Texts) -> dict[str, tuple[str, int]]:
    """Node id and pid of every worker that Ray names, by its id; what one reading leaves out another may tell."""
    found: dict[str, tuple[str, int]] = {}
    records = store.of(EventKind.RAY_WORKER)
    columns = (texts.of(records), texts.of(records, "size"), records.raw["a"])
    for worker, node, pid in zip(*(column.tolist() for column in columns), strict=True):
        known_node, known_pid = found.get(texts.table[worker], ("", 0))
        found[texts.table[worker]] = (max(texts.table[node], known_node), max(pid, known_pid))
    found.pop("", None)
    return found


def _gathered(store: RecordStore, texts: Texts, processes: dict[str, int]) -> Sightings:
    tasks = store.of(EventKind.RAY_TASK)
    key = tasks.key("scope")
    fetches, stores, parents, ends = (
        store.of(kind) for kind in (EventKind.RAY_FETCH, EventKind.RAY_STORE, EventKind.RAY_PARENT, EventKind.RAY_END)
    )
    fetch, stored, parent, ended = (lookup(records.key("scope"), key) for records in (fetches, stores, parents, ends))
    code = pick(texts.of(ends), ended, 0)
    attempt, state = tasks.raw["aux"].astype(np.int64), tasks.raw["flags"].astype(np.int64)
    return Sightings(
        key=id_keys(tasks.raw["id"]),
        task_id=tasks.raw["id"],
        attempt=np.where(attempt == NO_ATTEMPT, UNKNOWN, attempt),
        name=texts.of(tasks),
        state=np.where(state == NO_STATE, UNKNOWN, state),
        submitted=tasks.raw["size"].astype(np.int64),
        fetch_begin=pick(fetches.raw["a"], fetch, 0),
        fetch_end=pick(fetches.raw["b"], fetch, 0),
        begin=tasks.raw["a"].astype(np.int64),
        end=tasks.raw["b"].astype(np.int64),
        given_up=pick(ends.raw["a"], ended, 0),
        store_begin=pick(stores.raw["a"], stored, 0),
        store_end=pick(stores.raw["b"], stored, 0),
        error=np.where(code > 0, code, UNKNOWN),
        parent_id=pick_ids(parents.raw["id"], parent),
        has_parent=parent >= 0,
        process=_processes(store, texts, tasks, processes),
    )


def _processes(store: RecordStore, texts: Texts, tasks: Records, processes: dict[str, int]) -> Ints:
    workers = store.of(EventKind.RAY_WORKER)
    numbers = np.array([processes.get(texts.table[code], UNKNOWN) for code in texts.of(workers).tolist()], np.int64)
    return pick(numbers, lookup(workers.key("block"), tasks.key("block")), UNKNOWN)


def _numbered(seen: Sightings, drafts: Drafts) -> Ints:
    """The attempt of each sighting. `ray.timeline()` tells none: there it is that of the known attempt which began next to it.

    One that none began next to is the attempt after the last one known to have begun before it.
    """
    known = np.flatnonzero((drafts.kind == RowKind.TASK) & (drafts.start != UNKNOWN))
    told = np.flatnonzero((seen.attempt != UNKNOWN) & (seen.begin > 0))
    asked = np.flatnonzero(seen.attempt == UNKNOWN)
    key = np.concatenate([id_keys(drafts.task_id[known]), seen.key[told], seen.key[asked]])
    time = np.concatenate([drafts.start[known], seen.begin[told], seen.begin[asked]])
    attempt = np.concatenate([drafts.attempt[known], seen.attempt[told], np.full(len(asked), UNKNOWN, np.int64)])
    order = np.lexsort((attempt == UNKNOWN, time, key))
    key, time, attempt = key[order], time[order], attempt[order]
    place = np.arange(len(order))
    before = np.maximum.accumulate(np.where(attempt != UNKNOWN, place, -1))
    after = np.minimum.accumulate(np.where(attempt != UNKNOWN, place, len(order))[::-1])[::-1]
    back = _distance(key, time, before)
    forth = _distance(key, time, np.where(after == len(order), -1, after))
    nearest = np.where(back <= forth, before, after)
    is_near = np.minimum(back, forth) <= _SAME_NS
    base = np.where(back < np.iinfo(np.int64).max, pick(attempt, before, UNKNOWN), UNKNOWN)
    found = np.where(is_near, pick(attempt, np.where(is_near, nearest, -1), 0), base + 1 + _ranks(key, time, ~is_near))
    result: Ints = seen.attempt.copy()
    is_asked = order >= len(known) + len(told)
    result[asked[order[is_asked] - len(known) - len(told)]] = found[is_asked]
    return result


def _distance(key: Keys, time: Ints, other: Ints) -> Ints:
    """Time to the entry at `other`; the largest number when it is none or another task's."""
    same = (other >= 0) & (key[other] == key)
    distance: Ints = np.full(len(key), np.iinfo(np.int64).max, np.int64)
    distance[same] = np.abs(time - time[other])[same]
    return distance


def _ranks(key: Keys, time: Ints, counts: NDArray[np.bool_]) -> Ints:
    """For entries ordered by key and time: how many different times that count the same key has before each."""
    is_new = counts.copy()
    is_new[1:] &= (key[1:] != key[:-1]) | (time[1:] != time[:-1]) | ~counts[:-1]
    total = np.cumsum(is_new)
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    before = np.repeat(total[starts] - is_new[starts], np.diff(np.append(starts, len(key))))
    ranks: Ints = total - before - 1
    return ranks
