"""The recorded program as a script for the simulator: what every task did between its own stretches of work, in order.

A task's actions are to submit a call and to wait for results. What it waited for is taken as recorded, also for `ray.wait`, which
might return others on other CPUs; waits of one task follow one another, also where threads made them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nestviz.analysis.costs import Costs
from nestviz.analysis.links import Joins, Links, links_of
from nestviz.analysis.lives import Lives
from nestviz.analysis.slots import cpus_of, is_actor_row
from nestviz.analysis.totals import compute_of
from nestviz.trace.joins import id_keys
from nestviz.trace.model import Ints, Trace

__all__ = ["NOT_IN_PLACE", "Script", "script_of"]

NOT_IN_PLACE = -1
"""In `in_place`: the row is a task of its own."""


@dataclass(frozen=True)
class Script:
    """Plain lists, because the simulator reads them one at a time. Times in nanoseconds.

    The actions of row r are those from `first[r]` to `first[r + 1]`: `own[i]` is the work before it, `child[i]` the row that it
    submits, or -1 for a wait; then `awaited[waits[i]]` are the rows waited for. `rest[r]` is the work after the last one.
    `arguments[r]` are the rows whose results it takes. `pool[r]` is 0 for the CPUs, of which it needs `need[r]`, or the number of an
    actor; `pools[n]` is how many calls of actor n ran at once. `begins` are the rows that nothing submits, and when they begin.
    """

    first: list[int]
    own: list[int]
    child: list[int]
    waits: list[int]
    awaited: list[list[int]]
    rest: list[int]
    arguments: dict[int, list[int]]
    submit: list[int]
    depth: list[int]
    delay: list[int]
    hold: list[int]
    need: list[float]
    pool: list[int]
    pools: list[int]
    begins: list[tuple[int, int]]
    is_task: list[bool]


def script_of(trace: Trace, costs: Costs, in_place: Ints | None = None) -> Script:
    """The script of a trace. `in_place` per row: NOT_IN_PLACE, or the row whose task does its work too, which may be itself."""
    links = links_of(trace)
    place = np.full(len(trace.rows), NOT_IN_PLACE, np.int64) if in_place is None else in_place
    stands_for = np.where(place == NOT_IN_PLACE, np.arange(len(place)), place)
    is_gone = stands_for != np.arange(len(place))
    joins = links.joins
    is_argument = joins.begin < links.start[joins.waiter]
    calls = np.flatnonzero((links.origin >= 0) & ~is_gone)
    calls = calls[(place[links.origin[calls]] == NOT_IN_PLACE) | (trace.rows.attempt[calls] > 0)]
    waits = np.flatnonzero(_is_first_of_wait(joins) & ~is_argument & (place[joins.waiter] == NOT_IN_PLACE) & ~joins.is_open)
    first, own, rest, action = _work_between(trace, costs, links, place, calls, waits)
    is_call = action < len(calls)
    pool, pools = _pools(trace, links)
    tops = np.flatnonzero((links.origin < 0) & ~is_gone & (links.end > links.begin))
    return Script(
        first=first.tolist(),
        own=own.tolist(),
        child=np.where(is_call, np.concatenate([calls, np.full(len(waits), -1)])[action], -1).tolist(),
        waits=np.where(is_call, -1, action - len(calls)).tolist(),
        awaited=_awaited(joins, waits, stands_for),
        rest=rest.tolist(),
        arguments=_arguments(joins, np.flatnonzero(is_argument & ~joins.is_open & ~is_gone[joins.waiter]), stands_for),
        submit=(np.zeros(len(place), np.int64) if costs.is_free else links.handed - links.begin).tolist(),
        depth=trace.rows.depth.tolist(),
        delay=costs.delay_ns.tolist(),
        hold=costs.hold_ns.tolist(),
        need=cpus_of(trace).tolist(),
        pool=pool.tolist(),
        pools=pools,
        begins=[(top, max(int(links.begin[top]) - trace.begin_ns, 0)) for top in tops.tolist()],
        is_task=trace.is_task.tolist(),
    )


def _work_between(
    trace: Trace, costs: Costs, links: Links, place: Ints, calls: Ints, waits: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """The rows' first actions, the work before each action, each row's work after its last one, and which action each is.

    Actions are numbered as in `calls`, then `waits`; here they are in order of row and time. A call comes before a wait.
    """
    joins = links.joins
    row = np.concatenate([links.origin[calls], joins.waiter[waits]])
    rank = np.repeat([0, 1], [len(calls), len(waits)])
    lives = Lives(trace, links, row, np.concatenate([links.begin[calls], joins.begin[waits]]), rank)
    counts = trace.is_task | (not costs.is_free)
    so_far, total = lives.measured(costs.active, counts)
    total = _with_work_in_place(trace, place, total)
    so_far = np.where(place[lives.row] == NOT_IN_PLACE, so_far, total[lives.row])
    first = np.concatenate([[0], np.cumsum(np.bincount(lives.row, minlength=len(place)))])
    is_first = np.diff(lives.row, prepend=-1) != 0
    own = np.where(is_first, so_far, np.diff(so_far, prepend=0))
    rest: Ints = total.copy()
    lasts = np.flatnonzero(np.append(is_first[1:], np.ones(min(len(own), 1), np.bool_)))
    rest[lives.row[lasts]] -= so_far[lasts]
    return first, own, rest, lives.order


def _is_first_of_wait(joins: Joins) -> NDArray[np.bool_]:
    same = [np.diff(column, prepend=-1) == 0 for column in (joins.waiter, joins.begin, joins.end)]
    is_first: NDArray[np.bool_] = ~(same[0] & same[1] & same[2])
    return is_first


def _awaited(joins: Joins, waits: Ints, stands_for: Ints) -> list[list[int]]:
    firsts = np.append(np.flatnonzero(_is_first_of_wait(joins)), len(joins.waiter))
    ends = firsts[np.searchsorted(firsts, waits, side="right")]
    rows = stands_for[joins.awaited].tolist()
    return [rows[low:high] for low, high in zip(waits.tolist(), ends.tolist(), strict=True)]


def _arguments(joins: Joins, which: Ints, stands_for: Ints) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for waiter, awaited in zip(joins.waiter[which].tolist(), stands_for[joins.awaited[which]].tolist(), strict=True):
        found.setdefault(waiter, []).append(awaited)
    return found


def _with_work_in_place(trace: Trace, place: Ints, total: Ints) -> Ints:
    """What is done in place costs its compute alone, all of it in the task that does it."""
    inside = np.flatnonzero(place != NOT_IN_PLACE)
    work: Ints = total.copy()
    work[inside] = 0
    np.add.at(work, place[inside], compute_of(trace)[inside])
    return work


def _pools(trace: Trace, links: Links) -> tuple[Ints, list[int]]:
    """Per row the number of its actor, 0 for none; and how many calls of each actor ran at once in the recording."""
    pool = np.zeros(len(trace.rows), np.int64)
    rows = np.flatnonzero(is_actor_row(trace) & (trace.rows.start >= 0))
    if not len(rows):
        return pool, [0]
    ids = trace.rows.task_id[rows].copy()
    np.ascontiguousarray(ids).view(np.uint64).reshape(-1, 3)[:, 0] = 0
    _, number = np.unique(id_keys(ids), return_inverse=True)
    pool[rows] = number + 1
    pools = [0]
    for actor in range(1, int(pool.max()) + 1):
        mine = np.flatnonzero(pool == actor)
        moments = np.concatenate([links.end[mine], links.start[mine]])
        change = np.repeat([-1, 1], len(mine))[np.argsort(moments, kind="stable")]
        pools.append(max(int(np.cumsum(change).max()), 1))
    return pool, pools
