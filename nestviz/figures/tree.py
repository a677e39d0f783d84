"""The task tree: parents above children, area for time, colour for state, one shape for tasks and another for what is folded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from nestviz.analysis.totals import phases_of
from nestviz.events import Phase, RowKind, State
from nestviz.figures.frame import Json, frame
from nestviz.figures.palette import Palette, Theme, palette_of, state_label, state_sign
from nestviz.figures.tree_labels import Label, Plane, labels_of
from nestviz.layout.tree import TreeLayout, TreeNode, place_tree
from nestviz.trace.model import UNKNOWN, Ints, Trace
from nestviz.wording import clock_time, count, duration, label, plotly_text

__all__ = ["tree"]

_TOP, _BOTTOM, _SIDE = 82, 20, 16
_LEVEL_PX = 46
_MIN_HEIGHT, _MAX_HEIGHT = 260, 640
_SMALL, _LARGE = 8.0, 24.0
_CURVE = np.linspace(0.0, 1.0, 9)
_MIX_PX = 34


@dataclass(frozen=True)
class _Scene:
    """Everything that the traces of one figure are made of."""

    trace: Trace
    layout: TreeLayout
    plane: Plane
    colours: Palette
    sizes: tuple[float, ...]
    phases: Mapping[Phase, Ints]


def tree(
    trace: Trace,
    *,
    theme: Theme = "light",
    selected: str = "",
    opened: Collection[str] = (),
    budget: int = 120,
    height: int = 0,
    width: int = 840,
    critical: Collection[int] = (),
) -> go.Figure:
    """The tree with at most `budget` nodes.

    `selected` and `opened` are keys (`Trace.key_of`), `critical` rows whose edges are drawn thick; `height` and `width` are in pixels
    (height 0: as the tree needs). Every node carries its row's key as customdata, a folded one that of its first task.
    """
    row = trace.row_of(selected) if selected else -1
    layout = place_tree(trace, budget=budget, selected=row, opened=[trace.row_of(key) for key in opened])
    height = height or int(np.clip(_TOP + _BOTTOM + _LEVEL_PX * layout.levels, _MIN_HEIGHT, _MAX_HEIGHT))
    plane = Plane(width - 2 * _SIDE, height - _TOP - _BOTTOM, layout.levels)
    scene = _Scene(trace, layout, plane, palette_of(theme), _sizes(trace, layout), phases_of(trace))
    figure_layout = frame(theme, "Task tree", _subtitle(trace, layout), height=height, left=_SIDE, bottom=_BOTTOM, top=_TOP)
    figure_layout["margin"] = {"l": _SIDE, "r": _SIDE, "t": _TOP, "b": _BOTTOM}
    figure_layout["xaxis"] = {"range": [0, 1], "visible": False, "fixedrange": False}
    figure_layout["yaxis"] = {"range": [layout.levels - 0.45, -0.55], "visible": False, "fixedrange": False}
    figure_layout["dragmode"] = "pan"
    figure_layout["uirevision"] = trace.info.recording
    figure_layout["annotations"] = [_annotation(mark, scene.colours) for mark in labels_of(trace, layout, plane, scene.sizes)]
    data = [
        *_edges(scene, frozenset(critical)),
        *_ring(scene, row),
        *(item for state in State for item in _tasks(scene, state)),
        *_retried(scene),
        *_folded(scene),
        *_roots(scene),
    ]
    return go.Figure({"data": data, "layout": figure_layout})


def _subtitle(trace: Trace, layout: TreeLayout) -> str:
    at = duration(max(trace.end_ns - trace.begin_ns, 0))
    folded = f" · {count(layout.folded)} folded away, click to open" if layout.folded else ""
    noun = "task" if layout.seen == 1 else "tasks"
    return f"{count(layout.seen)} {noun} at {at} · area ~ run time · click a task to follow it{folded}"


def _sizes(trace: Trace, layout: TreeLayout) -> tuple[float, ...]:
    """Diameters in pixels: area follows the time from start to end; smaller where there are many."""
    rows = trace.rows
    lives = []
    for node in layout.nodes:
        start, end = int(rows.start[node.row]), int(rows.end[node.row])
        lives.append(0 if start == UNKNOWN else (end if end != UNKNOWN else trace.now_ns) - start)
    is_task = [bool(trace.is_task[node.row]) for node in layout.nodes]
    longest = max((life for life, task in zip(lives, is_task, strict=True) if task), default=1) or 1
    largest = float(np.clip(_LARGE - len(lives) / 12, 12, _LARGE))
    return tuple(
        13.0 if node.is_folded else 11.0 if not task else _SMALL + (largest - _SMALL) * (life / longest) ** 0.5
        for node, life, task in zip(layout.nodes, lives, is_task, strict=True)
    )


def _edges(scene: _Scene, critical: frozenset[int]) -> list[Json]:
    nodes = scene.layout.nodes
    ease = _CURVE * _CURVE * (3 - 2 * _CURVE)
    lines: dict[bool, tuple[list[float | None], list[float | None]]] = {False: ([], []), True: ([], [])}
    for node in nodes:
        if node.parent < 0:
            continue
        parent = nodes[node.parent]
        x, y = lines[node.row in critical and not node.is_folded]
        x += [*np.round(parent.x + (node.x - parent.x) * ease, 4).tolist(), None]
        y += [*np.round(parent.y + (node.y - parent.y) * _CURVE, 3).tolist(), None]
    looks = {False: (1.2, scene.colours.edge), True: (2.6, scene.colours.path)}
    names = {False: "calls", True: "critical path"}
    return [
        {
            "type": "scatter", "mode": "lines", "x": x, "y": y, "line": {"width": looks[is_critical][0], "color": looks[is_critical][1]},
            "hoverinfo": "skip", "showlegend": is_critical, "name": names[is_critical],
        }
        for is_critical, (x, y) in lines.items()
        if x
    ]  # fmt: skip


def _tasks(scene: _Scene, state: State) -> list[Json]:
    trace = scene.trace
    which = [
        i for i, node in enumerate(scene.layout.nodes)
        if not node.is_folded and trace.is_task[node.row] and trace.rows.state[node.row] == state
    ]  # fmt: skip
    if not which:
        return []
    sign = state_sign(state)
    nodes = [scene.layout.nodes[i] for i in which]
    edge = scene.colours.outline_of_state(state)
    return [
        {
            "type": "scatter", "mode": "markers+text" if sign else "markers", "name": state_label(state),
            "x": [round(node.x, 4) for node in nodes], "y": [node.y for node in nodes],
            "marker": {
                "size": [round(max(scene.sizes[i], 13.0 if sign else 0.0), 1) for i in which], "color": scene.colours.states[state],
                "opacity": 1, "line": {"width": 1.2, "color": edge},
            },
            "text": [sign] * len(nodes) if sign else None, "textfont": {"size": 9, "color": "#FFFFFF"},
            "customdata": [trace.key_of(node.row) for node in nodes],
            "hovertext": [_hover(trace, node.row, scene.phases) for node in nodes], "hoverinfo": "text", "cliponaxis": False,
        }
    ]  # fmt: skip


def _retried(scene: _Scene) -> list[Json]:
    trace = scene.trace
    which = [i for i, node in enumerate(scene.layout.nodes) if not node.is_folded and trace.rows.attempt[node.row] > 0]
    if not which:
        return []
    return [
        {
            "type": "scatter", "mode": "markers+text", "name": "retried", "x": [round(scene.layout.nodes[i].x, 4) for i in which],
            "y": [scene.layout.nodes[i].y for i in which], "text": ["↻"] * len(which), "textposition": "top center",
            "textfont": {"size": 12, "color": scene.colours.retried}, "hoverinfo": "skip", "cliponaxis": False,
            "marker": {
                "size": [round(scene.sizes[i] + 5, 1) for i in which], "symbol": "circle-open", "color": scene.colours.retried,
                "line": {"width": 2},
            },
        }
    ]  # fmt: skip


def _folded(scene: _Scene) -> list[Json]:
    """Folded subtrees: a square, and under it a small bar with the mixture of states, so that one failure stays one mark."""
    trace, plane = scene.trace, scene.plane
    nodes = [node for node in scene.layout.nodes if node.is_folded]
    if not nodes:
        return []
    squares: Json = {
        "type": "scatter", "mode": "markers+text", "name": "folded tasks", "x": [round(n.x, 4) for n in nodes], "y": [n.y for n in nodes],
        "marker": {
            "size": 15, "symbol": "square", "color": scene.colours.grid, "line": {"width": 1.2, "color": scene.colours.quiet_text},
        },
        "text": ["+"] * len(nodes), "textfont": {"size": 12, "color": scene.colours.text},
        "customdata": [trace.key_of(n.row) for n in nodes],
        "hovertext": [_folded_hover(trace, n) for n in nodes], "hoverinfo": "text", "cliponaxis": False,
    }  # fmt: skip
    mixtures = []
    for state in State:
        x: list[float | None] = []
        y: list[float | None] = []
        for node in nodes:
            whole = sum(node.states)
            if node.states[state]:
                before = sum(node.states[:state]) / whole
                left = node.x + (before - 0.5) * _MIX_PX / plane.width_px
                right = left + max(node.states[state] / whole * _MIX_PX, 1.5) / plane.width_px
                level = node.y + 13 / plane.level_px
                x += [round(left, 5), round(right, 5), None]
                y += [round(level, 3), round(level, 3), None]
        if x:
            mixtures.append(
                {
                    "type": "scatter", "mode": "lines", "x": x, "y": y, "line": {"width": 5, "color": scene.colours.states[state]},
                    "hoverinfo": "skip", "showlegend": False, "name": state_label(state), "cliponaxis": False,
                }  # fmt: skip
            )
    return [squares, *mixtures]


def _roots(scene: _Scene) -> list[Json]:
    trace = scene.trace
    nodes = [node for node in scene.layout.nodes if not trace.is_task[node.row]]
    return [
        {
            "type": "scatter", "mode": "markers", "name": "driver", "x": [round(n.x, 4) for n in nodes], "y": [n.y for n in nodes],
            "marker": {"size": 12, "symbol": "diamond", "color": scene.colours.quiet_text, "line": {"width": 0}},
            "customdata": [trace.key_of(n.row) if trace.rows.kind[n.row] == RowKind.DRIVER else None for n in nodes],
            "hovertext": [_hover(trace, n.row, scene.phases) for n in nodes], "hoverinfo": "text", "showlegend": False, "cliponaxis": False,
        }
    ]  # fmt: skip


def _ring(scene: _Scene, row: int) -> list[Json]:
    for i, node in enumerate(scene.layout.nodes):
        if node.row == row and row >= 0:
            return [
                {
                    "type": "scatter", "mode": "markers", "x": [round(node.x, 4)], "y": [node.y], "hoverinfo": "skip", "showlegend": False,
                    "name": "selected", "cliponaxis": False,
                    "marker": {"size": scene.sizes[i] + 11, "symbol": "circle-open", "color": scene.colours.selection, "line": {"width": 2}},
                }
            ]  # fmt: skip
    return []


def _annotation(mark: Label, colours: Palette) -> Json:
    return {
        "x": round(mark.x, 4), "y": mark.y, "xshift": round(mark.shift_x, 1), "yshift": round(mark.shift_y, 1), "xanchor": mark.anchor,
        "text": mark.text, "showarrow": False, "font": {"size": 11, "color": colours.quiet_text if mark.is_quiet else colours.text},
    }  # fmt: skip


def _hover(trace: Trace, row: int, phases: Mapping[Phase, Ints]) -> str:
    rows = trace.rows
    name = plotly_text(label(trace.name_of(row), int(rows.size[row])))
    if not trace.is_task[row]:
        return f"<b>{name}</b><br>{count(int(rows.children[row]))} calls"
    state = state_label(State(int(rows.state[row])))
    lines = [f"<b>{name}</b>", f"{state}{f' · attempt {int(rows.attempt[row]) + 1}' if rows.attempt[row] else ''}"]
    begin, end = int(rows.start[row]), int(rows.end[row])
    if begin != UNKNOWN:
        lines.append(f"ran {duration((end if end != UNKNOWN else trace.now_ns) - begin)}, from {clock_time(begin)} on")
    shown = [(phase, int(values[row])) for phase, values in phases.items()]
    lines += [f"{phase.name.lower()} {duration(time)}" for phase, time in shown if time > 0]
    process = int(rows.process[row])
    if process >= 0:
        lines.append(f"worker pid {trace.processes[process].pid}")
    if rows.error[row] >= 0:
        lines.append(plotly_text(trace.texts[int(rows.error[row])], 120))
    lines.append(f"id {trace.key_of(row)}")
    return "<br>".join(lines)


def _folded_hover(trace: Trace, node: TreeNode) -> str:
    name = plotly_text(label(trace.name_of(node.row), int(trace.rows.size[node.row])))
    states = ", ".join(f"{count(n)} {state_label(State(i))}" for i, n in enumerate(node.states) if n)
    retried = f"<br>{count(node.retried)} retried" if node.retried else ""
    return f"<b>{count(node.count)} tasks</b> from {name} on<br>{states}{retried}<br>{duration(node.compute_ns)} computing<br>click to open"
