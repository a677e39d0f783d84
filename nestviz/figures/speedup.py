"""The two curves of a demonstration: how long the sequential and the distributed program take at each size."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from nestviz.events import Phase, State
from nestviz.figures.frame import Json, axis, frame
from nestviz.figures.palette import Theme, palette_of
from nestviz.wording import count

__all__ = ["speedup_curves"]


def speedup_curves(
    sizes: Sequence[int],
    sequential_s: Sequence[float | None],
    distributed_s: Sequence[float | None],
    *,
    theme: Theme = "light",
    height: int = 260,
) -> go.Figure:
    """Seconds over size, both axes from zero. None leaves a gap."""
    colours = palette_of(theme)
    curves = (
        ("sequential", sequential_s, colours.states[State.FINISHED], "circle"),
        ("distributed", distributed_s, colours.phases[Phase.COMPUTE], "diamond"),
    )
    data: list[Json] = [
        {
            "type": "scatter", "mode": "lines+markers", "name": name, "x": list(sizes), "y": list(seconds),
            "line": {"color": colour, "width": 2}, "marker": {"size": 9, "symbol": symbol, "color": colour},
            "hovertext": [f"{name}, {count(size)}: {_said(s)}" for size, s in zip(sizes, seconds, strict=True)],
            "hoverinfo": "text",
        }
        for name, seconds, colour, symbol in curves
    ]  # fmt: skip
    layout = frame(
        theme, "Sequential against distributed", "seconds over the size · lower is faster", height=height, left=56, bottom=44
    )
    layout["xaxis"] = axis(theme, rangemode="tozero", title={"text": "size", "font": {"size": 12}}, tickformat="~s", fixedrange=True)
    layout["yaxis"] = axis(theme, rangemode="tozero", ticksuffix=" s", fixedrange=True)
    return go.Figure({"data": data, "layout": layout})


def _said(seconds: float | None) -> str:
    return "not run" if seconds is None else f"{seconds:.3f} s"
