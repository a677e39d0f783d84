"""The task tree: parents above children, time as area, state as colour, and what is folded away as squares that say so."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from nestviz.analysis.totals import last_attempts, phases_of
from nestviz.events import RowKind, State
from nestviz.figures.frame import Json, frame
from nestviz.figures.palette import Palette, Theme, palette_of, phase_label, state_label, state_sign
from nestviz.layout.tree import TreeLayout, TreeNode, place_tree
from nestviz.trace.model import UNKNOWN, Ints, Trace
from nestviz.trace.phases import life_of
from nestviz.wording import count, duration, label, plotly_text

__all__ = ["tree"]

_TOP, _SIDE, _BOTTOM = 74, 8, 8
_LETTER_PX, _LINE_PX, _RAISED_PX, _NAME_LETTERS, _MANY = 6.2, 13.0, 7.0, 24, 130
_SMALLEST_PX, _LARGEST_PX, _SIGN_PX, _ROOT_PX = 9.0, 26.0, 14.0, 11.0
_TIGHT_LEVEL_PX, _LEVEL_PX, _SLOT_PX = 17.0, (26.0, 66.0), (18.0, 150.0)
_BAR_PX, _BAR_HEIGHT_PX, _BAR_DROP_PX, _SHORTEST_PX = 26.0, 4, 5, 2.5
_INTERLEAVED = 1.5
_WANTED_LEVEL_PX, _HEIGHTS_PX = 28, (300, 440)
_CURVE = np.linspace(0, 1, 9)
_FINE_CURVE = np.linspace(0, 1, 40)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Drawing:
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


def tree(
    trace: Trace,
    *,
    theme: Theme = "light",
    selected: str = "",
    opened: Collection[str] = (),
    budget: int = 200,
    height: int = 0,
    width: int = 800,
    critical: Collection[int] = (),
) -> go.Figure:
    """The tree of all tasks in at most `budget` nodes, for a figure of `width` by `height` pixels (0: as the depth needs).

    `selected` and `opened` are keys of rows (`Trace.key_of`), drawn with all above them; `critical` are the rows of the critical
    path. Nodes carry their row's key as customdata; a folded one that of the first task in it.
    """
    colours = palette_of(theme)
    row = trace.row_of(selected) if selected else -1
    height = height or int(np.clip(_TOP + _BOTTOM + _WANTED_LEVEL_PX * (trace.rows.depth.max(initial=0) + 1), *_HEIGHTS_PX))
    plot_width, plot_height = float(width - 2 * _SIDE), float(height - _TOP - _BOTTOM)
    found = [opened_row for opened_row in map(trace.row_of, opened) if opened_row >= 0]
    is_small = np.count_nonzero(trace.is_task) < budget and trace.rows.depth.max(initial=0) <= plot_height / _TIGHT_LEVEL_PX
    levels, across = max(int(plot_height / _LEVEL_PX[0]) - 1, 2), plot_width / _SLOT_PX[0] * _INTERLEAVED
    if is_small:
        layout = place_tree(trace, budget=budget, selected=row, opened=found)
    else:
        layout = place_tree(trace, budget=budget, selected=row, opened=found, levels=levels, across=across)
    drawing = _draw(trace, layout, colours, plot_width, plot_height, row, frozenset(critical))
    data = [
        *_edges(drawing), *_selection(drawing), *_roots(drawing), *_tasks(drawing), *_folded(drawing), *_mixtures(drawing),
        *_labels(drawing),
    ]  # fmt: skip
    figure_layout = frame(theme, "Task tree", _subtitle(trace, layout), height=height, left=_SIDE, bottom=_BOTTOM, top=_TOP)
    figure_layout |= {
        "xaxis": {"range": [0, plot_width], "visible": False},
        "yaxis": {"range": [plot_height, 0], "visible": False},
        "dragmode": "pan",
        "uirevision": trace.info.recording,
        "margin": {"l": _SIDE, "r": _SIDE, "t": _TOP, "b": _BOTTOM, "pad": 0},
    }
    figure = go.Figure({"data": data, "layout": figure_layout}, _validate=False)
    hover = {"bgcolor": colours.background, "bordercolor": colours.quiet_text, "font_color": colours.text}
    return figure.update_layout(legend_itemsizing="constant", hoverlabel=hover)


def _subtitle(trace: Trace, layout: TreeLayout) -> str:
    tasks = len(last_attempts(trace.rows)) if (trace.rows.attempt > 0).any() else layout.seen
    said = f"{count(tasks)} task{'s' * (tasks != 1)} at {duration(trace.end_ns - trace.begin_ns)}"
    if layout.folded:
        said += f" · {count(layout.folded)} folded away"
    return f"{said} · area ~ run time · click a task to follow it in every picture"


def _draw(
    trace: Trace, layout: TreeLayout, colours: Palette, width: float, height: float, selected: int, critical: frozenset[int]
) -> _Drawing:
    """Pixels for slots and levels: spread over the plot, but never so far that few nodes look lost."""
    nodes = layout.nodes
    slot = min(width / max(layout.width, 1), _SLOT_PX[1])
    used = slot * layout.width
    x = (width - used) / 2 + np.array([node.x for node in nodes]) * used
    head, foot = 16.0, 26.0
    step = min((height - head - foot) / max(layout.depth, 1), _LEVEL_PX[1])
    spare = height - head - foot - step * layout.depth
    y = head + min(spare / 3, 24) + np.array([node.y for node in nodes]) * step
    _, _, start, end = life_of(trace.rows, trace.now_ns)
    run = end - start
    size = _sizes(nodes, run, trace, np.clip(step * 0.62, _SMALLEST_PX, _LARGEST_PX))
    return _Drawing(trace, layout, colours, width, height, x, y, _apart(nodes, x, size), slot, run, selected, critical)


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
    found: Floats = np.where(is_task, size, _ROOT_PX)
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


def _curves(drawing: _Drawing, places: list[int], at: Floats) -> tuple[Floats, Floats]:
    """Points of the edges above some nodes, one row per edge: cubics that leave and arrive vertically."""
    parents = [drawing.layout.nodes[place].parent for place in places]
    x0, y0, x1, y1 = (v[:, None] for v in (drawing.x[parents], drawing.y[parents], drawing.x[places], drawing.y[places]))
    return x0 + (x1 - x0) * at**2 * (3 - 2 * at), y0 + (y1 - y0) * (1.5 * at * (1 - at) + at**3)


def _edges(drawing: _Drawing) -> list[Json]:
    nodes = drawing.layout.nodes
    below = [place for place, node in enumerate(nodes) if node.parent >= 0]
    critical = [place for place in below if _is_critical(drawing, nodes[place])]
    quiet = sorted(set(below) - set(critical))
    return [
        *_line(drawing, quiet, {"width": 1.2, "color": drawing.colours.edge}),
        *_line(drawing, critical, {"width": 2.4, "color": drawing.colours.path}, "critical path"),
    ]


def _is_critical(drawing: _Drawing, node: TreeNode) -> bool:
    return node.row in drawing.critical and (drawing.layout.nodes[node.parent].row == drawing.trace.rows.parent[node.row])


def _line(drawing: _Drawing, places: list[int], line: Json, name: str = "") -> list[Json]:
    if not places:
        return []
    x, y = _curves(drawing, places, _CURVE)
    return [
        {
            "type": "scatter", "mode": "lines", "x": _broken(x), "y": _broken(y), "line": line, "hoverinfo": "skip",
            "name": name, "showlegend": bool(name), "legendrank": 1,
        }
    ]  # fmt: skip


def _broken(values: Floats) -> list[float | None]:
    """The rows of an array one after the other, with a gap after each."""
    found: list[float | None] = []
    for row in np.round(values, 1).tolist():
        found += row
        found.append(None)
    return found


def _selection(drawing: _Drawing) -> list[Json]:
    places = [place for place, node in enumerate(drawing.layout.nodes) if node.row == drawing.selected and drawing.selected >= 0]
    if not places:
        return []
    is_square = [drawing.layout.nodes[place].is_folded or not drawing.trace.is_task[drawing.selected] for place in places]
    ring = {
        "size": (drawing.size[places] + 9).tolist(), "color": "rgba(0,0,0,0)",
        "symbol": ["square" if square else "circle" for square in is_square],
        "line": {"width": 2, "color": drawing.colours.selection},
    }  # fmt: skip
    return [_points(drawing, places, ring, hoverinfo="skip", showlegend=False)]


def _points(drawing: _Drawing, places: list[int], marker: Json, **more: object) -> Json:
    return {
        "type": "scatter", "mode": "markers", "x": np.round(drawing.x[places], 1).tolist(),
        "y": np.round(drawing.y[places], 1).tolist(), "marker": {"opacity": 1, **marker}, "cliponaxis": False, **more,
    }  # fmt: skip


def _keys(drawing: _Drawing, places: list[int]) -> list[str]:
    return [drawing.trace.key_of(drawing.layout.nodes[place].row) for place in places]


def _roots(drawing: _Drawing) -> list[Json]:
    places = [place for place, node in enumerate(drawing.layout.nodes) if node.parent < 0]
    if not places:
        return []
    marker = {
        "symbol": "square", "size": _ROOT_PX, "color": drawing.colours.background,
        "line": {"width": 2, "color": drawing.colours.quiet_text},
    }  # fmt: skip
    hover = [f"<b>{plotly_text(_name(drawing, place), 120)}</b>" for place in places]
    return [
        _points(drawing, places, marker, customdata=_keys(drawing, places), hovertext=hover, hoverinfo="text", showlegend=False)
    ]


def _tasks(drawing: _Drawing) -> list[Json]:
    """One trace per state, so that the legend says what is there, and one of signs in the legend for retries."""
    rows, nodes = drawing.trace.rows, drawing.layout.nodes
    tasks = [place for place, node in enumerate(nodes) if not node.is_folded and drawing.trace.is_task[node.row]]
    hovers = _hovers(drawing)
    found = []
    for state in State:
        places = [place for place in tasks if rows.state[nodes[place].row] == state]
        if places:
            found.append(_state(drawing, places, state, [hovers[place] for place in places]))
    if any(rows.attempt[nodes[place].row] > 0 for place in tasks):
        ring = {"size": 9, "color": drawing.colours.background, "line": {"width": 2.5, "color": drawing.colours.retried}}
        found.append({"type": "scatter", "mode": "markers", "x": [None], "y": [None], "marker": ring, "name": "retried ↻"})
    return found


def _state(drawing: _Drawing, places: list[int], state: State, hover: list[str]) -> Json:
    colours = drawing.colours
    sign = state_sign(state)
    is_retry = [bool(drawing.trace.rows.attempt[drawing.layout.nodes[place].row] > 0) for place in places]
    outline = colours.outline_of_state(state)
    marker: Json = {
        "size": np.round(drawing.size[places], 1).tolist(), "color": colours.states[state],
        "line": {
            "width": [2.5 if retry else 1 for retry in is_retry],
            "color": [colours.retried if retry else outline for retry in is_retry],
        },
    }  # fmt: skip
    trace = _points(
        drawing, places, marker, customdata=_keys(drawing, places), hovertext=hover, hoverinfo="text",
        name=f"{state_label(state)} {sign}".rstrip(), legendrank=10 + int(state),
    )  # fmt: skip
    if sign or any(is_retry):
        trace |= {
            "mode": "markers+text", "text": [sign or "↻" * retry for retry in is_retry], "textposition": "middle center",
            "textfont": {"size": np.clip(drawing.size[places] * 0.62, 6, 12).tolist(), "color": "#FFFFFF"},
        }  # fmt: skip
    return trace


def _name(drawing: _Drawing, place: int, limit: int = 80) -> str:
    """What a node is called, not yet escaped; a name that is too long loses its end, never its size."""
    trace, node = drawing.trace, drawing.layout.nodes[place]
    if node.parent < 0:
        return "unknown parent" if trace.rows.kind[node.row] == RowKind.UNKNOWN_PARENT else "driver"
    name = trace.name_of(node.row)
    return label(name if len(name) <= limit else name[: limit - 1] + "…", int(trace.rows.size[node.row]))


def _amount(node: TreeNode) -> str:
    said = f"{count(node.count)} task{'s' * (node.count != 1)} · {duration(node.compute_ns)}"
    return f"{said} · {count(node.failed)} failed" if node.failed else said


def _hovers(drawing: _Drawing) -> dict[int, str]:
    """What is said over every task: its name, state and id, how long it ran, its phases, and where."""
    trace, rows = drawing.trace, drawing.trace.rows
    phases = phases_of(trace)
    found = {}
    for place, node in enumerate(drawing.layout.nodes):
        row = node.row
        if node.is_folded or not trace.is_task[row]:
            continue
        attempt = f" · attempt {int(rows.attempt[row]) + 1}" if rows.attempt[row] > 0 else ""
        lines = [f"<b>{plotly_text(_name(drawing, place), 120)}</b>", state_label(State(int(rows.state[row]))) + attempt]
        if rows.start[row] != UNKNOWN:
            lines[-1] += f" · ran {duration(int(drawing.run[row]))}"
        lines += [f"{phase_label(phase)} {duration(int(values[row]))}" for phase, values in phases.items() if values[row] > 0]
        if rows.process[row] >= 0:
            lines.append(f"worker pid {trace.processes[rows.process[row]].pid}")
        if rows.error[row] >= 0:
            lines.append(plotly_text(trace.texts[rows.error[row]], 100))
        found[place] = "<br>".join([*lines, f"id {trace.key_of(row)[:16]}"])
    return found


def _folded(drawing: _Drawing) -> list[Json]:
    places = [place for place, node in enumerate(drawing.layout.nodes) if node.is_folded]
    if not places:
        return []
    marker = {
        "symbol": "square", "size": drawing.size[places].tolist(), "color": drawing.colours.grid,
        "line": {"width": 1.2, "color": drawing.colours.quiet_text},
    }  # fmt: skip
    hover = [_folded_hover(drawing, place) for place in places]
    return [
        _points(
            drawing, places, marker, customdata=_keys(drawing, places), hovertext=hover, hoverinfo="text", name="folded away",
            legendrank=30,
        )
    ]  # fmt: skip


def _folded_hover(drawing: _Drawing, place: int) -> str:
    trace, node = drawing.trace, drawing.layout.nodes[place]
    states = [f"{count(number)} {state_label(State(state))}" for state, number in enumerate(node.states) if number]
    if node.retried:
        states.append(f"{count(node.retried)} retried")
    first = plotly_text(label(trace.name_of(node.row), int(trace.rows.size[node.row])))
    return "<br>".join([f"<b>{_amount(node)}</b>", f"from {first} on", *states, "click to unfold"])


def _mixtures(drawing: _Drawing) -> list[Json]:
    """Below every folded node a bar of the states in it, in which one task among thousands is still a mark."""
    x: dict[int, list[float | None]] = {}
    y: dict[int, list[float | None]] = {}
    for place, node in enumerate(drawing.layout.nodes):
        if not node.is_folded:
            continue
        length = _bar_px(drawing)
        at, down = drawing.x[place] - length / 2, drawing.y[place] + drawing.size[place] / 2 + _BAR_DROP_PX
        for state, share in _shares(node.states, length).items():
            x.setdefault(state, []).extend([round(float(at), 1), round(float(at) + share, 1), None])
            y.setdefault(state, []).extend([round(float(down), 1)] * 2 + [None])
            at += share
    return [
        {
            "type": "scatter", "mode": "lines", "x": x[state], "y": y[state], "hoverinfo": "skip", "showlegend": False,
            "line": {"width": _BAR_HEIGHT_PX, "color": drawing.colours.states[State(state)]},
        }
        for state in sorted(x)
    ]  # fmt: skip


def _bar_px(drawing: _Drawing) -> float:
    return float(np.clip(drawing.slot * 2 - 6, 12, _BAR_PX))


def _shares(states: tuple[int, ...], length: float) -> dict[int, float]:
    """Lengths of a bar's pieces: the shortest stay visible, the longest gives what they need."""
    total = max(sum(states), 1)
    found = {state: max(length * number / total, _SHORTEST_PX) for state, number in enumerate(states) if number}
    if found:
        longest = max(found, key=lambda state: found[state])
        found[longest] -= sum(found.values()) - length
    return found


def _labels(drawing: _Drawing) -> list[Json]:
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


def _wishes(drawing: _Drawing, place: int) -> list[tuple[str, str]]:
    """Texts and sides to try for a node's label, best first: away from the parent, where no edge leaves."""
    nodes = drawing.layout.nodes
    node = nodes[place]
    is_left = node.parent >= 0 and drawing.x[place] < drawing.x[node.parent] - 1
    beside = ["left", "right"] if is_left else ["right", "left"]
    if not node.is_folded:
        is_leaf = place + 1 == len(nodes) or nodes[place + 1].parent != place
        sides = [beside[0], "below", beside[1]] if is_leaf else [*beside, "above right", "above left"]
        wishes = [(_name(drawing, place, _NAME_LETTERS), side) for side in sides]
        names, size = drawing.trace.rows.name, int(drawing.trace.rows.size[node.row])
        if len(nodes) <= _MANY and size >= 0 and node.parent >= 0 and names[node.row] == names[nodes[node.parent].row]:
            wishes += [(count(size), side) for side in sides]  # the same function as above it: the size says enough
        return wishes
    failed = f" · {count(node.failed)} failed" if node.failed else ""
    return [
        *((_amount(node), side) for side in (*beside, "below")),
        *((f"{count(node.count)} tasks{failed}", side) for side in ("below", *beside)),
        *((text, "below") for text in (f"{count(node.count)} tasks", count(node.count))),
    ]


def _texts(drawing: _Drawing, texts: list[tuple[int, str, float, float]], colour: str) -> list[Json]:
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

    def __init__(self, drawing: _Drawing) -> None:
        self.drawing = drawing
        nodes = drawing.layout.nodes
        half = drawing.size / 2 + np.array([5.5 if node.row == drawing.selected else 1.5 for node in nodes])
        bar = np.array([_BAR_DROP_PX + _BAR_HEIGHT_PX if node.is_folded else 0.0 for node in nodes])
        wide = np.array([max(h, _bar_px(drawing) / 2 + 1) if node.is_folded else h for node, h in zip(nodes, half, strict=True)])
        markers = np.column_stack([drawing.x - wide, drawing.y - half, drawing.x + wide, drawing.y + half + bar])
        self.boxes: Floats = np.vstack([markers, np.full((len(nodes), 4), -1e6)])
        self.taken = len(nodes)
        below = sorted((place for place, node in enumerate(nodes) if node.parent >= 0), key=lambda place: nodes[place].y)
        self.edge_x, self.edge_y = _curves(drawing, below, _FINE_CURVE)
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
