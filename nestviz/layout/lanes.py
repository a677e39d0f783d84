"""Lanes of the timeline: one per worker process by node in order of first use, or one per task in the order of calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nestviz.events import RowKind, State
from nestviz.trace.model import UNKNOWN, Ints, Trace
from nestviz.trace.phases import life_of
from nestviz.wording import count, label

__all__ = ["Lane", "LaneOrder", "Mode", "task_lanes", "worker_lanes"]

Mode = Literal["worker", "task"]


@dataclass(frozen=True)
class Lane:
    """One lane: its name, how far it is indented, and the row it stands for in task mode (-1 in worker mode).

    In a shared lane the tasks of several processes lie over each other. A heading names the node of the lanes below and stays empty.
    """

    name: str
    indent: int = 0
    row: int = -1
    is_parent: bool = False
    is_shared: bool = False
    is_heading: bool = False


@dataclass(frozen=True)
class LaneOrder:
    """The lanes from top to bottom and each row's lane (-1: not shown). `hidden` tasks have no lane of their own."""

    lanes: tuple[Lane, ...]
    lane_of_row: Ints
    hidden: int


def worker_lanes(trace: Trace, most: int) -> LaneOrder:
    """The driver, then the worker processes in order of their first task; tasks that have not started share the last lane.

    Of several nodes each has a heading, and below it its processes; their numbers tell the order of first use over all nodes. Beyond
    `most` processes those used last share a lane.
    """
    rows, nodes = trace.rows, trace.nodes
    started = np.flatnonzero(trace.is_task & (rows.start != UNKNOWN))
    order = started[np.argsort(rows.start[started], kind="stable")]
    processes, first = np.unique(rows.process[order], return_index=True)
    processes = processes[np.argsort(first, kind="stable")]
    own = processes[:most]
    node_of = nodes.of_process[own]
    lanes: list[Lane] = []
    lane_of = np.zeros(len(trace.processes), np.int64)
    for node in sorted({0, *node_of.tolist()}):
        if len(nodes) > 1:
            lanes.append(Lane(nodes.names[node], is_heading=True))
        if node == 0:
            driver = len(lanes)
            lanes.append(Lane("driver"))
        for number in np.flatnonzero(node_of == node).tolist():
            lane_of[own[number]] = len(lanes)
            lanes.append(Lane(f"worker {number + 1}"))
    waiting = np.flatnonzero(trace.is_task & (rows.start == UNKNOWN))
    if len(nodes) > 1 and (len(processes) > most or len(waiting)):
        lanes.append(Lane("", is_heading=True))  # what follows is of no node
    lane_of[processes[most:]] = len(lanes)
    if len(processes) > most:
        lanes.append(Lane(f"{count(len(processes) - most)} more", is_shared=True))
    lane_of_row = np.full(len(rows), -1, np.int64)
    lane_of_row[rows.kind == RowKind.DRIVER] = driver
    lane_of_row[started] = lane_of[rows.process[started]]
    if len(waiting):
        lane_of_row[waiting] = len(lanes)
        lanes.append(Lane(f"{count(len(waiting))} queued"))
    return LaneOrder(tuple(lanes), lane_of_row, 0)


def task_lanes(trace: Trace, most: int, keep: Sequence[int] = ()) -> LaneOrder:
    """One lane per task attempt in the order of calls, children below their parent.

    Of more than `most` attempts those stay that lived longest, failed, or are in `keep`, with all above them.
    """
    rows = trace.rows
    tasks = np.flatnonzero(trace.is_task)
    shown = _chosen(trace, tasks, most, keep)
    children: dict[int, list[int]] = {}
    for row in shown:
        children.setdefault(int(rows.parent[row]), []).append(row)
    lanes: list[Lane] = []
    lane_of_row = np.full(len(rows), -1, np.int64)
    roots = [row for row in range(trace.count, len(rows)) if row in children]
    stack = [(row, 0) for root in reversed(roots) for row in reversed(children[root])]
    while stack:
        row, indent = stack.pop()
        lane_of_row[row] = len(lanes)
        below = children.get(row, [])
        lanes.append(Lane(label(trace.name_of(row), int(rows.size[row])), indent, row, bool(below)))
        stack += [(child, indent + 1) for child in reversed(below)]
    return LaneOrder(tuple(lanes), lane_of_row, len(tasks) - len(lanes))


def _chosen(trace: Trace, tasks: Ints, most: int, keep: Sequence[int]) -> list[int]:
    if len(tasks) <= most:
        return [int(row) for row in tasks]
    rows = trace.rows
    begin, _, _, end = life_of(rows, trace.now_ns)
    failed = np.isin(rows.state[tasks], [State.FAILED, State.LOST])
    order = tasks[np.lexsort((begin[tasks] - end[tasks], ~failed))]
    chosen: set[int] = set()
    for row in [*(r for r in keep if r >= 0 and trace.is_task[r]), *order[: 4 * most].tolist()]:
        line: list[int] = []
        above = int(row)
        while above >= 0 and trace.is_task[above] and above not in chosen and len(line) <= most:
            line.append(above)
            above = int(rows.parent[above])
        if len(chosen) + len(line) <= most:
            chosen.update(line)
    return sorted(chosen)
