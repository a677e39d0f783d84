"""The task tree in pixels: where each node's marker stands, how large it is, and how edges run between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nestviz.events import RowKind, State
from nestviz.figures.palette import Palette
from nestviz.layout.tree import TreeLayout, TreeNode
from nestviz.trace.model import Ints, Trace
from nestviz.trace.phases import life_of
from nestviz.wording import count, duration, label

__all__ = ["BAR_DROP_PX", "BAR_HEIGHT_PX", "ROOT_PX", "Drawing", "Floats", "amount_of", "bar_px", "curves", "draw_tree", "name_of"]

BAR_HEIGHT_PX, BAR_DROP_PX = 4, 5
_BAR_PX = 26.0
_SMALLEST_PX, _LARGEST_PX, _SIGN_PX, ROOT_PX = 9.0, 26.0, 14.0, 11.0
_MOST_LEVEL_PX, _MOST_SLOT_PX = 66.0, 150.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drawing:
    """A layout in pixels of the plot (y downwards), with what all parts of the picture need."""

    trace: Trace
    layout: TreeLayout
    colours: Palette
    width: float
    height: float
    x: Floats
    y: Floats
    size: Floats
    slot: float
    run: Ints
    selected: int
    critical: frozenset[int]


def draw_tree(
    trace: Trace, layout: TreeLayout, colours: Palette, width: float, height: float, selected: int, critical: frozenset[int]
) -> Drawing:
    """Pixels for slots and levels: spread over the plot, but never so far that few nodes look lost."""
    nodes = layout.nodes
    slot = min(width / max(layout.width, 1), _MOST_SLOT_PX)
    used = slot * layout.width
    x = (width - used) / 2 + np.array([node.x for node in nodes]) * used
    head, foot = 16.0, 26.0
    step = min((height - head - foot) / max(layout.depth, 1), _MOST_LEVEL_PX)
    spare = height - head - foot - step * layout.depth
    y = head + min(spare / 3, 24) + np.array([node.y for node in nodes]) * step
    _, _, start, end = life_of(trace.rows, trace.now_ns)
    run = end - start
    size = _sizes(nodes, run, trace, np.clip(step * 0.62, _SMALLEST_PX, _LARGEST_PX))
    return Drawing(trace, layout, colours, width, height, x, y, _apart(nodes, x, size), slot, run, selected, critical)


def _sizes(nodes: tuple[TreeNode, ...], run: Ints, trace: Trace, largest: float) -> Floats:
    """Diameters whose areas are as the run times, as far as the smallest that can be seen and clicked allows it."""
    rows = np.array([node.row for node in nodes], np.int64)
    is_task = trace.is_task[rows]
    is_folded = np.array([node.is_folded for node in nodes], np.bool_)
    longest = max(int(run[rows[is_task & ~is_folded]].max(initial=0)), 1)
    size = np.maximum(largest * np.sqrt(run[rows] / longest), _SMALLEST_PX)
    has_sign = np.isin(trace.rows.state[rows], [State.FAILED, State.CANCELLED, State.LOST]) | (trace.rows.attempt[rows] > 0)
    size = np.where(has_sign, np.maximum(size, min(_SIGN_PX, max(largest, 11.0))), size)
    size = np.where(is_folded, np.clip(largest * 0.75, 10, 15), size)
    found: Floats = np.where(is_task, size, ROOT_PX)
    return found


def _apart(nodes: tuple[TreeNode, ...], x: Floats, size: Floats) -> Floats:
    """The same diameters, smaller where neighbours on one level would touch."""
    size = size.copy()
    last: dict[int, int] = {}
    for place in np.argsort(x, kind="stable").tolist():
        before = last.get(nodes[place].y, -1)
        room = max(x[place] - x[before] - 2, 4.0) if before >= 0 else np.inf
        if before >= 0 and size[place] + size[before] > 2 * room:
            size[place], size[before] = min(size[place], room), min(size[before], room)
        last[nodes[place].y] = place
    return size


def curves(drawing: Drawing, places: list[int], at: Floats) -> tuple[Floats, Floats]:
    """Points of the edges above some nodes, one row per edge: cubics that leave and arrive vertically."""
    parents = [drawing.layout.nodes[place].parent for place in places]
    x0, y0, x1, y1 = (v[:, None] for v in (drawing.x[parents], drawing.y[parents], drawing.x[places], drawing.y[places]))
    return x0 + (x1 - x0) * at**2 * (3 - 2 * at), y0 + (y1 - y0) * (1.5 * at * (1 - at) + at**3)


def name_of(drawing: Drawing, place: int, limit: int = 80) -> str:
    """What a node is called, not yet escaped; a name that is too long loses its end, never its size."""
    trace, node = drawing.trace, drawing.layout.nodes[place]
    if node.parent < 0:
        return "unknown parent" if trace.rows.kind[node.row] == RowKind.UNKNOWN_PARENT else "driver"
    name = trace.name_of(node.row)
    return label(name if len(name) <= limit else name[: limit - 1] + "…", int(trace.rows.size[node.row]))


def amount_of(node: TreeNode) -> str:
    """What a folded node stands for: "4,637 tasks · 12.3 s · 11 failed"."""
    said = f"{count(node.count)} task{'s' * (node.count != 1)} · {duration(node.compute_ns)}"
    return f"{said} · {count(node.failed)} failed" if node.failed else said


def bar_px(drawing: Drawing) -> float:
    """How long the bar with a folded node's mixture of states is."""
    return float(np.clip(drawing.slot * 2 - 6, 12, _BAR_PX))
