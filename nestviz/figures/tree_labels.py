"""Where names fit into the task tree: between markers, edges, the borders and each other."""

from __future__ import annotations

import unicodedata

import numpy as np

from nestviz.figures.frame import Json
from nestviz.figures.tree_drawing import BAR_DROP_PX, BAR_HEIGHT_PX, Drawing, Floats, amount_of, bar_px, curves, name_of
from nestviz.wording import count, plotly_text

__all__ = ["label_traces"]

_LETTER_PX, _LINE_PX, _RAISED_PX, _NAME_LETTERS, _MANY = 6.2, 13.0, 7.0, 24, 130
_FINE_CURVE = np.linspace(0, 1, 40)


def label_traces(drawing: Drawing) -> list[Json]:
    """Names where they fit, the most important first: roots, the selected task, critical and folded ones, then by run time."""
    nodes = drawing.layout.nodes

    def rank(place: int) -> tuple[bool, bool, bool, bool, float]:
        node = nodes[place]
        is_other = node.row != drawing.selected
        return (node.parent >= 0, is_other, node.row not in drawing.critical, not node.is_folded, -float(drawing.run[node.row]))

    room = _Room(drawing)
    texts: list[tuple[int, str, float, float]] = []
    for place in sorted(range(len(nodes)), key=rank):
        spots = ((text, room.take(place, text, side)) for text, side in _wishes(drawing, place))
        first = next(((place, text, *spot) for text, spot in spots if spot), None)
        texts += [first] if first else []
    quiet = [text for text in texts if nodes[text[0]].is_folded or nodes[text[0]].parent < 0]
    names = [text for text in texts if text not in quiet]
    return [*_texts(drawing, quiet, drawing.colours.quiet_text), *_texts(drawing, names, drawing.colours.text)]


def _wishes(drawing: Drawing, place: int) -> list[tuple[str, str]]:
    """Texts and sides to try for a node's label, best first: away from the parent, where no edge leaves."""
    nodes = drawing.layout.nodes
    node = nodes[place]
    is_left = node.parent >= 0 and drawing.x[place] < drawing.x[node.parent] - 1
    beside = ["left", "right"] if is_left else ["right", "left"]
    if not node.is_folded:
        is_leaf = place + 1 == len(nodes) or nodes[place + 1].parent != place
        sides = [beside[0], "below", beside[1]] if is_leaf else [*beside, "above right", "above left"]
        wishes = [(name_of(drawing, place, _NAME_LETTERS), side) for side in sides]
        names, size = drawing.trace.rows.name, int(drawing.trace.rows.size[node.row])
        if len(nodes) <= _MANY and size >= 0 and node.parent >= 0 and names[node.row] == names[nodes[node.parent].row]:
            wishes += [(count(size), side) for side in sides]  # the same function as above it: the size says enough
        return wishes
    failed = f" · {count(node.failed)} failed" if node.failed else ""
    return [
        *((amount_of(node), side) for side in (*beside, "below")),
        *((f"{count(node.count)} tasks{failed}", side) for side in ("below", *beside)),
        *((text, "below") for text in (f"{count(node.count)} tasks", count(node.count))),
    ]


def _texts(drawing: Drawing, texts: list[tuple[int, str, float, float]], colour: str) -> list[Json]:
    if not texts:
        return []
    bold = [drawing.layout.nodes[place].row == drawing.selected for place, *_ in texts]
    escaped = [plotly_text(text) for _, text, *_ in texts]
    return [
        {
            "type": "scatter", "mode": "text", "x": [round(x, 1) for *_, x, _ in texts], "y": [round(y, 1) for *_, y in texts],
            "text": [f"<b>{text}</b>" if is_bold else text for text, is_bold in zip(escaped, bold, strict=True)],
            "textposition": "middle center", "hoverinfo": "skip", "showlegend": False, "cliponaxis": False,
            "textfont": {"size": 11, "color": colour},
        }
    ]  # fmt: skip


class _Room:
    """The space that is left for labels: between markers, bars, edges, the borders and the labels before."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        nodes = drawing.layout.nodes
        half = drawing.size / 2 + np.array([5.5 if node.row == drawing.selected else 1.5 for node in nodes])
        bar = np.array([BAR_DROP_PX + BAR_HEIGHT_PX if node.is_folded else 0.0 for node in nodes])
        wide = np.array([max(h, bar_px(drawing) / 2 + 1) if node.is_folded else h for node, h in zip(nodes, half, strict=True)])
        markers = np.column_stack([drawing.x - wide, drawing.y - half, drawing.x + wide, drawing.y + half + bar])
        self.boxes: Floats = np.vstack([markers, np.full((len(nodes), 4), -1e6)])
        self.taken = len(nodes)
        below = sorted((place for place, node in enumerate(nodes) if node.parent >= 0), key=lambda place: nodes[place].y)
        self.edge_x, self.edge_y = curves(drawing, below, _FINE_CURVE)
        self.first = np.searchsorted([nodes[place].y for place in below], np.arange(drawing.layout.depth + 5))

    def take(self, place: int, text: str, side: str) -> tuple[float, float] | None:
        """The middle of the label at that side of a node, which is then occupied; None when it does not fit."""
        x, y, wide = float(self.drawing.x[place]), float(self.drawing.y[place]), _text_px(text) / 2
        half_x, half_y = (self.boxes[place, 2] - self.boxes[place, 0]) / 2, self.boxes[place, 3] - y
        if side == "below":
            x, y = min(max(x, wide), self.drawing.width - wide), y + half_y + _LINE_PX / 2
        else:
            x += (half_x + 3 + wide) * (-1 if side.endswith("left") else 1)
            y -= _RAISED_PX if side.startswith("above") else 0.0
        box = (x - wide, y - _LINE_PX / 2, x + wide, y + _LINE_PX / 2)
        if box[0] < 0 or box[1] < 0 or box[2] > self.drawing.width or box[3] > self.drawing.height:
            return None
        b = self.boxes[: self.taken]
        if ((b[:, 0] < box[2] + 2) & (b[:, 2] > box[0] - 2) & (b[:, 1] < box[3]) & (b[:, 3] > box[1])).any():
            return None
        level = self.drawing.layout.nodes[place].y
        near = slice(self.first[level], self.first[level + 3])
        ex, ey = self.edge_x[near], self.edge_y[near]
        if ((ex > box[0] - 1) & (ex < box[2] + 1) & (ey > box[1] + 1) & (ey < box[3] - 1)).any():
            return None
        self.boxes[self.taken] = box
        self.taken += 1
        return x, y


def _text_px(text: str) -> float:
    """How wide a text is drawn at 11 px; letters of Asian scripts are twice as wide as Latin ones."""
    return sum(_LETTER_PX * (1 + (unicodedata.east_asian_width(letter) in "WF")) for letter in text)
