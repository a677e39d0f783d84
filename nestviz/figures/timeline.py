"""The Gantt timeline: what every worker process, or every task, did when."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from nestviz.events import Phase, RowKind, State
from nestviz.figures.frame import LEGEND_ROW_PX, Json, axis, frame, legend_rows, side_px, time_axis
from nestviz.figures.palette import Palette, Theme, palette_of, phase_label, state_sign
from nestviz.layout.lanes import LaneOrder, Mode, task_lanes, worker_lanes
from nestviz.layout.timeline import Marks, TimelineLayout, place_timeline
from nestviz.layout.window import Window, window_of
from nestviz.trace.model import UNKNOWN, Trace
from nestviz.wording import clock_time, count, duration, label, plotly_text

__all__ = ["timeline"]

_MAX_WORKERS, _MAX_TASKS = 60, 80
_BAR, _THIN_FROM, _THIN_TO = 0.62, 0.36, 0.47
_LETTER_PX, _SMALL_LETTER_PX = 6.4, 5.7
_TOP, _BOTTOM = 78, 44
_LANE_PX = {"worker": 20, "task": 18}
_MIN_HEIGHT = 240
_MAX_INDENT, _INDENT_PX = 8, 9
_MAX_HEADING = 40


def timeline(
    trace: Trace,
    *,
    theme: Theme = "light",
    mode: Mode = "worker",
    window: tuple[float, float] | None = None,
    selected: str = "",
    budget: int = 1_000,
    width: int = 1_000,
    critical: Sequence[int] = (),
) -> go.Figure:
    """Lanes of bars over time; each bar is split into its phases, queue time is the thin bar before it.

    `window` is in seconds since the trace's begin, `selected` a key of a row (`Trace.key_of`), `budget` the most marks, `width` the
    figure's in pixels. `critical` are rows whose names stand out in task mode. Bars carry their row's key as customdata.
    """
    row = trace.row_of(selected) if selected else -1
    order = task_lanes(trace, _MAX_TASKS, [row, *critical]) if mode == "task" else worker_lanes(trace, _MAX_WORKERS)
    left = side_px(mode)
    view = window_of(trace, window, max(width - left - 16, 100))
    layout = place_timeline(trace, order, view, budget=budget)
    colours = palette_of(theme)
    data = [*_bars(trace, layout, colours), *_ends(trace, order, view, colours), *_selection(trace, order, row, colours)]
    names = [str(piece["name"]) for piece in data if piece.get("showlegend", True)]
    top = _TOP + LEGEND_ROW_PX * (legend_rows(names, width - left) - 1)
    height = max(_MIN_HEIGHT, top + _BOTTOM + _LANE_PX[mode] * len(order.lanes))
    figure_layout = frame(theme, *_title(trace, layout, mode), height=height, left=left, bottom=_BOTTOM, top=top)
    figure_layout["xaxis"] = time_axis(trace, theme, window, "seconds since the first task")
    figure_layout["yaxis"] = _lane_axis(theme, order, mode)
    if mode == "task":
        figure_layout["annotations"] = _task_names(order, colours, frozenset({row, *critical}))
    else:
        figure_layout["annotations"], figure_layout["shapes"] = _headings(order, colours)
    figure_layout["uirevision"] = trace.info.recording
    figure_layout["dragmode"] = "zoom"
    return go.Figure({"data": data, "layout": figure_layout})


def _title(trace: Trace, layout: TimelineLayout, mode: Mode) -> tuple[str, str]:
    order = layout.order
    if mode == "task":
        hidden = f" · {count(order.hidden)} short-lived tasks left out" if order.hidden else ""
        return "Timeline by task", f"one row per task in the order of calls · thin = waiting to run{hidden}"
    workers = len(set(trace.rows.process[trace.is_task & (trace.rows.process != UNKNOWN)].tolist()))
    folded = f" · {count(layout.folded)} short stretches drawn as columns" if layout.folded else ""
    nodes = f" of {count(len(trace.nodes))} nodes" if len(trace.nodes) > 1 else ""
    where = f"{count(workers)} worker processes on {trace.info.cpus:g} CPUs{nodes}"
    return "Timeline by worker process", f"{where} · pale = waits for its children · thin = waits to run{folded}"


def _lane_axis(theme: Theme, order: LaneOrder, mode: Mode) -> Json:
    """Names of workers stand at the axis; names of tasks are indented, which ticks cannot be."""
    names = ["" if lane.is_heading else lane.name for lane in order.lanes] if mode == "worker" else []
    return axis(
        theme,
        range=[len(order.lanes) - 0.4, -0.6],
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=names,
        showgrid=False,
        fixedrange=True,
    )


def _task_names(order: LaneOrder, colours: Palette, bold: frozenset[int]) -> list[Json]:
    """The names of the rows in task mode, indented by depth as far as there is room."""
    left = side_px("task")
    names: list[Json] = []
    for number, lane in enumerate(order.lanes):
        indent = min(lane.indent, _MAX_INDENT) * _INDENT_PX
        room = int((left - indent - 18) / _SMALL_LETTER_PX)
        text = ("▾ " if lane.is_parent else "· ") + plotly_text(lane.name, max(room, 8))
        names.append(
            {
                "xref": "paper", "x": 0, "xshift": indent - left + 6, "xanchor": "left", "y": number, "yanchor": "middle",
                "text": f"<b>{text}</b>" if lane.row in bold else text, "showarrow": False, "align": "left",
                "font": {"size": 11, "color": colours.text if lane.row in bold else colours.quiet_text},
            }
        )
    return names


def _headings(order: LaneOrder, colours: Palette) -> tuple[list[Json], list[Json]]:
    """The nodes' names, each in the lane above its processes' lanes, and a line from there to the right."""
    left = side_px("worker")
    names: list[Json] = []
    lines: list[Json] = []
    for number, lane in enumerate(order.lanes):
        if not lane.is_heading:
            continue
        text = plotly_text(lane.name, _MAX_HEADING)
        names.append(
            {
                "xref": "paper", "x": 0, "xshift": 4 - left, "xanchor": "left", "y": number, "yanchor": "middle", "text": text,
                "showarrow": False, "align": "left", "font": {"size": 11, "color": colours.quiet_text}, "bgcolor": colours.background,
            }
        )
        lines.append(
            {
                "type": "line", "layer": "below", "xref": "paper", "x0": 0, "x1": 1, "y0": number, "y1": number,
                "line": {"width": 1, "color": colours.grid},
            }
        )
    return names, lines


def _bars(trace: Trace, layout: TimelineLayout, colours: Palette) -> list[Json]:
    traces = []
    labels = _labels(trace, layout)
    for phase in Phase:
        for marks, is_thin in ((layout.bars, False), (layout.thin, True)):
            which = np.flatnonzero(marks.phase == phase)
            if len(which):
                traces.append(_bar_trace(trace, marks, which, phase, colours, labels if not is_thin else {}, is_thin=is_thin))
    return traces


def _bar_trace(
    trace: Trace, marks: Marks, which: np.ndarray, phase: Phase, colours: Palette, labels: dict[int, str], *, is_thin: bool
) -> Json:
    begin = (marks.begin[which] - trace.begin_ns) / 1e9
    length = (marks.end[which] - marks.begin[which]) / 1e9
    low, high = marks.low[which], marks.high[which]
    if is_thin:
        top, size = _THIN_FROM + low * (_THIN_TO - _THIN_FROM), (high - low) * (_THIN_TO - _THIN_FROM)
    else:
        top, size = (low - 0.5) * _BAR, (high - low) * _BAR
    rows = marks.row[which].tolist()
    outline = colours.outlines.get(phase, colours.phases[phase])
    has_text = any(index in labels for index in which.tolist())
    bar: Json = {
        "type": "bar", "orientation": "h", "name": phase_label(phase), "legendgroup": phase.name, "legendrank": int(phase),
        "y": np.round(marks.lane[which] + top + size / 2, 4).tolist(),
        "width": np.round(size, 4).tolist(),
        "base": np.round(begin, 7).tolist(),
        "x": np.round(length, 8).tolist(),
        "marker": {"color": colours.phases[phase], "line": {"width": 0 if phase not in colours.outlines else 0.6, "color": outline}},
        "customdata": [trace.key_of(row) if row >= 0 else None for row in rows],
        "hovertext": [_hover(trace, row, phase, marks, index) for row, index in zip(rows, which.tolist(), strict=True)],
        "hoverinfo": "text",
    }  # fmt: skip
    if has_text:
        bar |= {
            "text": [labels.get(index, "") for index in which.tolist()], "textposition": "inside", "insidetextanchor": "start",
            "textangle": 0, "constraintext": "none", "cliponaxis": True,
            "insidetextfont": {"size": 11, "color": colours.on_compute if phase == Phase.COMPUTE else colours.on_blocked},
        }  # fmt: skip
    return bar


def _hover(trace: Trace, row: int, phase: Phase, marks: Marks, index: int) -> str:
    length = int(marks.end[index] - marks.begin[index])
    if row < 0:
        share = float(marks.high[index] - marks.low[index])
        return f"many short tasks<br>{phase_label(phase)} {share:.0%} of {duration(length)}"
    rows = trace.rows
    process = int(rows.process[row])
    where = plotly_text(trace.nodes.said(process))
    who = f" · pid {trace.processes[process].pid}{f' · {where}' if where else ''}" if process >= 0 else ""
    name = plotly_text(label(trace.name_of(row), int(rows.size[row])))
    at = duration(max(int(marks.begin[index]) - trace.begin_ns, 0))
    return f"<b>{name}</b><br>{phase_label(phase)} {duration(length)}, from {at} on{who}<br>{clock_time(int(marks.begin[index]))}"


def _labels(trace: Trace, layout: TimelineLayout) -> dict[int, str]:
    """Names that fit, on each row's longest bar that has room; in task mode the axis names the rows."""
    if any(lane.row >= 0 for lane in layout.order.lanes):
        return {}
    bars, best = layout.bars, dict[int, tuple[int, int]]()
    for index in np.flatnonzero(np.isin(bars.phase, [Phase.COMPUTE, Phase.BLOCKED]) & (bars.row >= 0)).tolist():
        row, length = int(bars.row[index]), int(bars.end[index] - bars.begin[index])
        if bars.phase[index] == Phase.COMPUTE:
            length *= 3  # a name reads best on the dark part
        if length > best.get(row, (0, -1))[0]:
            best[row] = (length, index)
    found = {}
    for row, (_, index) in best.items():
        if trace.rows.kind[row] != RowKind.TASK:
            continue
        text = label(trace.name_of(row), int(trace.rows.size[row]))
        if (bars.end[index] - bars.begin[index]) / layout.window.pixel_ns > len(text) * _LETTER_PX + 6:
            found[index] = "\u2002" + plotly_text(text)
    return found


def _ends(trace: Trace, order: LaneOrder, view: Window, colours: Palette) -> list[Json]:
    """Signs at the ends of failed, lost and cancelled attempts, and at the starts of retries: never folded into columns."""
    rows = trace.rows
    shown = (order.lane_of_row >= 0) & trace.is_task
    traces = []
    for state in (State.FAILED, State.LOST, State.CANCELLED):
        which = np.flatnonzero(shown & (rows.state == state))
        traces += _signs(trace, order, which, rows.end[which], view, state_sign(state), colours.states[state], state.name.lower())
    which = np.flatnonzero(shown & (rows.attempt > 0))
    traces += _signs(trace, order, which, rows.start[which], view, "↻", colours.retried, "retried")
    return traces


def _signs(
    trace: Trace, order: LaneOrder, rows: np.ndarray, at: np.ndarray, view: Window, sign: str, colour: str, name: str
) -> list[Json]:
    inside = (at >= view.begin_ns) & (at <= view.end_ns)
    rows, at = rows[inside], at[inside]
    if not len(rows):
        return []
    return [
        {
            "type": "scatter", "mode": "markers+text", "name": name, "x": np.round((at - trace.begin_ns) / 1e9, 7).tolist(),
            "y": order.lane_of_row[rows].tolist(), "text": [sign] * len(rows), "textposition": "middle center",
            "textfont": {"size": 9, "color": "#FFFFFF"}, "cliponaxis": False,
            "marker": {"size": 14, "color": colour, "line": {"width": 1, "color": "#FFFFFF"}},
            "customdata": [trace.key_of(row) for row in rows.tolist()],
            "hovertext": [_sign_hover(trace, row, name) for row in rows.tolist()], "hoverinfo": "text",
        }
    ]  # fmt: skip


def _sign_hover(trace: Trace, row: int, name: str) -> str:
    error = int(trace.rows.error[row])
    text = f"<br>{plotly_text(trace.texts[error], 120)}" if error >= 0 else ""
    return f"<b>{plotly_text(label(trace.name_of(row), int(trace.rows.size[row])))}</b><br>{name}{text}"


def _selection(trace: Trace, order: LaneOrder, row: int, colours: Palette) -> list[Json]:
    """A frame around the selected row, and lines from the call to the start: its own, and its children's."""
    if row < 0 or order.lane_of_row[row] < 0:
        return []
    rows = trace.rows
    family = [row, *np.flatnonzero((rows.parent == row) & trace.is_task)[:200].tolist()]
    x: list[float | None] = []
    y: list[float | None] = []
    for child in family:
        parent = int(rows.parent[child])
        if parent >= 0 and order.lane_of_row[parent] >= 0 and order.lane_of_row[child] >= 0 and rows.submit_begin[child] != UNKNOWN:
            started = int(rows.start[child]) if rows.start[child] != UNKNOWN else int(rows.submit_end[child])
            moments = ((int(m) - trace.begin_ns) / 1e9 for m in (rows.submit_begin[child], started))
            x += [*moments, None]
            y += [int(order.lane_of_row[parent]), int(order.lane_of_row[child]), None]
    start = int(rows.start[row]) if rows.start[row] != UNKNOWN else int(rows.submit_begin[row])
    end = int(rows.end[row]) if rows.end[row] != UNKNOWN else trace.now_ns
    low, high = (start - trace.begin_ns) / 1e9, (end - trace.begin_ns) / 1e9
    lane, half = int(order.lane_of_row[row]), _BAR / 2 + 0.04
    calls: Json = {
        "type": "scatter", "mode": "lines", "x": x, "y": y, "line": {"width": 1, "color": colours.path, "dash": "dot"},
        "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip
    border: Json = {
        "type": "scatter", "mode": "lines", "x": [low, high, high, low, low],
        "y": [lane - half, lane - half, lane + half, lane + half, lane - half],
        "line": {"width": 2, "color": colours.selection}, "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip
    return [calls, border]
