"""What the simulator predicts: the makespan over the number of CPUs between its bounds, and over the threshold."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from nestviz.analysis.what_if import CpuPoint, Thresholds
from nestviz.events import Phase, State
from nestviz.figures.frame import Json, axis, frame
from nestviz.figures.palette import Palette, Theme, palette_of
from nestviz.wording import count, duration, plotly_text

__all__ = ["cpu_curve", "threshold_curve"]

_NS = 1e9


def cpu_curve(
    curve: Sequence[CpuPoint], cpus: float, makespan_ns: int, *, theme: Theme = "light", height: int = 280
) -> go.Figure:
    """Seconds over CPUs, one step per doubling, with what was measured: `makespan_ns` on `cpus`."""
    colours = palette_of(theme)
    numbers = [point.cpus for point in curve]
    burdened = [point.burdened_bound_ns for point in curve]
    data = [
        _line("burdened bound", numbers, burdened, colours.quiet_text, dash="dot"),
        _line("no schedule is faster", numbers, [point.lower_bound_ns for point in curve], colours.quiet_text, dash="dash"),
        _line("predicted", numbers, [point.makespan_ns for point in curve], colours.phases[Phase.COMPUTE]),
        _mark("measured", cpus, makespan_ns, colours, f"measured on {cpus:g} CPUs: {duration(makespan_ns)}"),
    ]
    layout = _layout(theme, "On other numbers of CPUs", "seconds, simulated from this recording · lower is faster", height)
    ticks = {"tickvals": numbers, "ticktext": [str(number) for number in numbers]}
    layout["xaxis"] = axis(theme, type="log", fixedrange=True, title=_title("CPUs"), **ticks)
    return go.Figure({"data": data, "layout": layout})


def threshold_curve(found: Thresholds, *, theme: Theme = "light", height: int = 280) -> go.Figure:
    """Seconds over the size at or below which calls run in place; the program as it is, is a dashed line, the best size a mark."""
    colours = palette_of(theme)
    points = [point for point in found.points if point.size >= 0]
    sizes, times = [point.size for point in points], [point.makespan_ns for point in points]
    data = [_line("predicted", sizes, times, colours.phases[Phase.COMPUTE])]
    if points:
        as_it_is = found.points[0].makespan_ns
        data.append(_line("as it is", [sizes[0], sizes[-1]], [as_it_is, as_it_is], colours.quiet_text, dash="dash"))
    if found.best is not None and found.best.size >= 0:
        said = f"best: up to {count(found.best.size)} in place, {duration(found.best.makespan_ns)}, {count(found.best.tasks)} tasks"
        data.append(_mark("best", found.best.size, found.best.makespan_ns, colours, said))
    layout = _layout(
        theme,
        f"With small calls of {plotly_text(found.name, 40)} done in place" if found.name else "With small calls done in place",
        "seconds over the size up to which a call does its work itself, simulated",
        height,
    )
    layout["xaxis"] = axis(theme, type="log", dtick="D2", tickformat="~s", fixedrange=True, title=_title("size"))
    return go.Figure({"data": data, "layout": layout})


def _layout(theme: Theme, title: str, subtitle: str, height: int) -> Json:
    layout = frame(theme, title, subtitle, height=height, left=56, bottom=46)
    layout["yaxis"] = axis(theme, rangemode="tozero", ticksuffix=" s", fixedrange=True)
    return layout


def _title(text: str) -> Json:
    return {"text": text, "font": {"size": 12}}


def _line(name: str, x: Sequence[int], times: Sequence[int], colour: str, dash: str = "solid") -> Json:
    is_main = dash == "solid"
    return {
        "type": "scatter", "mode": "lines+markers" if is_main else "lines", "name": name, "x": list(x),
        "y": [time / _NS for time in times], "line": {"color": colour, "width": 2 if is_main else 1.5, "dash": dash},
        "marker": {"size": 7, "color": colour}, "hoverinfo": "text",
        "hovertext": [f"{name}, {count(at)}: {duration(time)}" for at, time in zip(x, times, strict=True)],
    }  # fmt: skip


def _mark(name: str, x: float, time: int, colours: Palette, said: str) -> Json:
    return {
        "type": "scatter", "mode": "markers", "name": name, "x": [x], "y": [time / _NS],
        "marker": {"size": 11, "symbol": "diamond", "color": colours.states[State.FINISHED]},
        "hovertext": [said], "hoverinfo": "text",
    }  # fmt: skip
