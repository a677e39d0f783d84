"""The task tree: parents above children, time as area, state as colour, and what is folded away as squares that say so."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import plotly.graph_objects as go

from nestviz.analysis.totals import last_attempts, phases_of
from nestviz.events import State
from nestviz.figures.frame import Json, frame
from nestviz.figures.palette import Theme, palette_of, phase_label, state_label, state_sign
from nestviz.figures.tree_drawing import (
    BAR_DROP_PX,
    BAR_HEIGHT_PX,
    ROOT_PX,
    Drawing,
    Floats,
    amount_of,
    bar_px,
    curves,
    draw_tree,
    name_of,
)
from nestviz.figures.tree_labels import label_traces
from nestviz.layout.tree import TreeLayout, TreeNode, place_tree
from nestviz.trace.model import UNKNOWN, Trace
from nestviz.wording import count, duration, label, plotly_text

__all__ = ["tree"]

_TOP, _SIDE, _BOTTOM = 74, 8, 8
_TIGHT_LEVEL_PX, _LEVEL_PX, _SLOT_PX = 17.0, 26.0, 18.0
_SHORTEST_PX = 2.5
_INTERLEAVED = 1.5
_WANTED_LEVEL_PX, _HEIGHTS_PX = 28, (300, 440)
_CURVE = np.linspace(0, 1, 9)


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
    levels, across = max(int(plot_height / _LEVEL_PX) - 1, 2), plot_width / _SLOT_PX * _INTERLEAVED
    if is_small:
        layout = place_tree(trace, budget=budget, selected=row, opened=found)
    else:
        layout = place_tree(trace, budget=budget, selected=row, opened=found, levels=levels, across=across)
    drawing = draw_tree(trace, layout, colours, plot_width, plot_height, row, frozenset(critical))
    data = [
        *_edges(drawing), *_selection(drawing), *_roots(drawing), *_tasks(drawing), *_folded(drawing), *_mixtures(drawing),
        *label_traces(drawing),
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
    tries = f" in {count(layout.seen)} attempts" if layout.seen != tasks else ""
    said = f"{count(tasks)} task{'s' * (tasks != 1)}{tries} at {duration(trace.end_ns - trace.begin_ns)}"
    if layout.folded:
        said += f" · {count(layout.folded)} folded away"
    return f"{said} · area ~ run time · click a task to follow it in every picture"


def _edges(drawing: Drawing) -> list[Json]:
    nodes = drawing.layout.nodes
    below = [place for place, node in enumerate(nodes) if node.parent >= 0]
    critical = [place for place in below if _is_critical(drawing, nodes[place])]
    quiet = sorted(set(below) - set(critical))
    return [
        *_line(drawing, quiet, {"width": 1.2, "color": drawing.colours.edge}),
        *_line(drawing, critical, {"width": 2.4, "color": drawing.colours.path}, "critical path"),
    ]


def _is_critical(drawing: Drawing, node: TreeNode) -> bool:
    return node.row in drawing.critical and (drawing.layout.nodes[node.parent].row == drawing.trace.rows.parent[node.row])


def _line(drawing: Drawing, places: list[int], line: Json, name: str = "") -> list[Json]:
    if not places:
        return []
    x, y = curves(drawing, places, _CURVE)
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


def _selection(drawing: Drawing) -> list[Json]:
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


def _points(drawing: Drawing, places: list[int], marker: Json, **more: object) -> Json:
    return {
        "type": "scatter", "mode": "markers", "x": np.round(drawing.x[places], 1).tolist(),
        "y": np.round(drawing.y[places], 1).tolist(), "marker": {"opacity": 1, **marker}, "cliponaxis": False, **more,
    }  # fmt: skip


def _keys(drawing: Drawing, places: list[int]) -> list[str]:
    return [drawing.trace.key_of(drawing.layout.nodes[place].row) for place in places]


def _roots(drawing: Drawing) -> list[Json]:
    places = [place for place, node in enumerate(drawing.layout.nodes) if node.parent < 0]
    if not places:
        return []
    marker = {
        "symbol": "square", "size": ROOT_PX, "color": drawing.colours.background,
        "line": {"width": 2, "color": drawing.colours.quiet_text},
    }  # fmt: skip
    hover = [f"<b>{plotly_text(name_of(drawing, place), 120)}</b>" for place in places]
    return [
        _points(drawing, places, marker, customdata=_keys(drawing, places), hovertext=hover, hoverinfo="text", showlegend=False)
    ]


def _tasks(drawing: Drawing) -> list[Json]:
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


def _state(drawing: Drawing, places: list[int], state: State, hover: list[str]) -> Json:
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
            "textfont": {"size": np.clip(drawing.size[places] * 0.62, 6, 12).tolist(), "color": colours.background},
        }  # fmt: skip
    return trace


def _hovers(drawing: Drawing) -> dict[int, str]:
    """What is said over every task: its name, state and id, how long it ran, its phases, and where."""
    trace, rows = drawing.trace, drawing.trace.rows
    phases = phases_of(trace)
    found = {}
    for place, node in enumerate(drawing.layout.nodes):
        row = node.row
        if node.is_folded or not trace.is_task[row]:
            continue
        attempt = f" · attempt {int(rows.attempt[row]) + 1}" if rows.attempt[row] > 0 else ""
        lines = [f"<b>{plotly_text(name_of(drawing, place), 120)}</b>", state_label(State(int(rows.state[row]))) + attempt]
        if rows.start[row] != UNKNOWN:
            lines[-1] += f" · ran {duration(int(drawing.run[row]))}"
        lines += [f"{phase_label(phase)} {duration(int(values[row]))}" for phase, values in phases.items() if values[row] > 0]
        if rows.process[row] >= 0:
            where = plotly_text(trace.nodes.said(int(rows.process[row])))
            lines.append(f"worker pid {trace.processes[rows.process[row]].pid}{f' · {where}' if where else ''}")
        if rows.error[row] >= 0:
            lines.append(plotly_text(trace.texts[rows.error[row]], 100))
        found[place] = "<br>".join([*lines, f"id {trace.key_of(row)[:16]}"])
    return found


def _folded(drawing: Drawing) -> list[Json]:
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


def _folded_hover(drawing: Drawing, place: int) -> str:
    trace, node = drawing.trace, drawing.layout.nodes[place]
    states = [f"{count(number)} {state_label(State(state))}" for state, number in enumerate(node.states) if number]
    if node.retried:
        states.append(f"{count(node.retried)} retried")
    first = plotly_text(label(trace.name_of(node.row), int(trace.rows.size[node.row])))
    return "<br>".join([f"<b>{amount_of(node)}</b>", f"from {first} on", *states, "click to unfold"])


def _mixtures(drawing: Drawing) -> list[Json]:
    """Below every folded node a bar of the states in it, in which one task among thousands is still a mark."""
    x: dict[int, list[float | None]] = {}
    y: dict[int, list[float | None]] = {}
    for place, node in enumerate(drawing.layout.nodes):
        if not node.is_folded:
            continue
        length = bar_px(drawing)
        at, down = drawing.x[place] - length / 2, drawing.y[place] + drawing.size[place] / 2 + BAR_DROP_PX
        for state, share in _shares(node.states, length).items():
            x.setdefault(state, []).extend([round(float(at), 1), round(float(at) + share, 1), None])
            y.setdefault(state, []).extend([round(float(down), 1)] * 2 + [None])
            at += share
    return [
        {
            "type": "scatter", "mode": "lines", "x": x[state], "y": y[state], "hoverinfo": "skip", "showlegend": False,
            "line": {"width": BAR_HEIGHT_PX, "color": drawing.colours.states[State(state)]},
        }
        for state in sorted(x)
    ]  # fmt: skip


def _shares(states: tuple[int, ...], length: float) -> dict[int, float]:
    """Lengths of a bar's pieces: the shortest stay visible, the longest gives what they need."""
    total = max(sum(states), 1)
    found = {state: max(length * number / total, _SHORTEST_PX) for state, number in enumerate(states) if number}
    if found:
        longest = max(found, key=lambda state: found[state])
        found[longest] -= sum(found.values()) - length
    return found
