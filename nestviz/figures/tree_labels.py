"""Where names fit into the tree: beside or below their nodes, never over another name or node, never cut at the border."""

from __future__ import annotations

from dataclasses import dataclass

from nestviz.events import State
from nestviz.layout.tree import TreeLayout, TreeNode
from nestviz.trace.model import Trace
from nestviz.wording import count, duration, label, plotly_text

__all__ = ["Label", "Plane", "labels_of"]

_LETTER_PX = 6.0
_HEIGHT_PX = 13
_GAP_PX = 4
_MOST = 90


@dataclass(frozen=True)
class Plane:
    """The plot in pixels."""

    width_px: int
    height_px: int
    levels: int

    @property
    def level_px(self) -> float:
        """From one level to the next."""
        return self.height_px / max(self.levels, 1)


@dataclass(frozen=True)
class Label:
    """A text at a node: shifts are pixels from it, up and right positive. `text` is Plotly text."""

    text: str
    x: float
    y: int
    shift_x: float
    shift_y: float
    anchor: str
    is_quiet: bool


@dataclass(frozen=True)
class _Box:
    left: float
    right: float
    top: float
    bottom: float

    def touches(self, other: _Box) -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom


def labels_of(trace: Trace, layout: TreeLayout, plane: Plane, sizes: tuple[float, ...]) -> list[Label]:
    """Labels in order of importance: roots, what is folded and failed, then by time."""
    taken = [_node_box(node, plane, size) for node, size in zip(layout.nodes, sizes, strict=True)]
    order = sorted(range(len(layout.nodes)), key=lambda i: _rank(trace, layout.nodes[i]))
    parents = {node.parent for node in layout.nodes}
    labels: list[Label] = []
    for i in order[: 3 * _MOST]:
        node = layout.nodes[i]
        text = _text(trace, node)
        width = len(text) * _LETTER_PX
        for shift_x, shift_y, anchor in _places(node, sizes[i], layout, is_leaf=i not in parents):
            box = _text_box(node, plane, shift_x, shift_y, anchor, width)
            inside = box.left >= -8 and box.right <= plane.width_px + 8  # noqa: PLR2004 - half of the margin
            if inside and not any(box.touches(other) for j, other in enumerate(taken) if j != i):
                taken.append(box)
                labels.append(Label(plotly_text(text), node.x, node.y, shift_x, shift_y, anchor, node.is_folded))
                break
        if len(labels) >= _MOST:
            break
    return labels


def _rank(trace: Trace, node: TreeNode) -> tuple[bool, bool, int]:
    return (bool(trace.is_task[node.row]), not (node.is_folded or node.states[State.FAILED] > 0), -node.compute_ns - (1 << 40) // (1 + node.y))


def _text(trace: Trace, node: TreeNode) -> str:
    if node.is_folded:
        failed = node.states[State.FAILED]
        return f"{count(node.count)} tasks · {duration(node.compute_ns)}" + (f" · {count(failed)} failed" if failed else "")
    name = trace.name_of(node.row)
    text = label(name if len(name) <= 28 else name[:27] + "…", int(trace.rows.size[node.row]))  # noqa: PLR2004 - as much as reads at a glance
    return text if trace.is_task[node.row] else name


def _places(node: TreeNode, size: float, layout: TreeLayout, *, is_leaf: bool) -> list[tuple[float, float, str]]:
    """Shifts to try: on the side that looks away from the parent, then the other, then below a leaf."""
    beside = size / 2 + _GAP_PX
    right, left = (beside, 0.0, "left"), (-beside, 0.0, "right")
    below = (0.0, -(size / 2 + _HEIGHT_PX / 2 + 2 + (10 if node.is_folded else 0)), "center")
    looks_left = node.parent >= 0 and node.x < layout.nodes[node.parent].x
    sides = [left, right] if looks_left else [right, left]
    return [*sides, below] if not is_leaf else [below, *sides]


def _node_box(node: TreeNode, plane: Plane, size: float) -> _Box:
    x, y = node.x * plane.width_px, node.y * plane.level_px
    half = size / 2 + 1
    return _Box(x - half, x + half, y - half, y + half)


def _text_box(node: TreeNode, plane: Plane, shift_x: float, shift_y: float, anchor: str, width: float) -> _Box:
    x, y = node.x * plane.width_px + shift_x, node.y * plane.level_px - shift_y
    left = {"left": x, "right": x - width, "center": x - width / 2}[anchor]
    return _Box(left, left + width, y - _HEIGHT_PX / 2, y + _HEIGHT_PX / 2)
