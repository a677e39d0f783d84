"""What all figures have in common: fonts, grid, title with a subtitle, a legend right above the plot."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from nestviz.figures.palette import Theme, palette_of
from nestviz.trace.model import Trace

__all__ = ["FONT", "LEGEND_ROW_PX", "SIDE_PX", "Json", "axis", "frame", "legend_rows", "side_px", "time_axis"]

FONT = "Source Sans, Source Sans Pro, DejaVu Sans, sans-serif"
SIDE_PX = {"worker": 92, "task": 224}
"""Pixels left of the plot for the lanes' names: the same for all pictures on one time axis."""

LEGEND_ROW_PX = 19
_SYMBOL_PX, _LETTER_PX = 44, 4.9

Json = dict[str, object]
"""A piece of a Plotly figure."""


def side_px(mode: str) -> int:
    """The left margin for a mode of the timeline."""
    return SIDE_PX["task" if mode == "task" else "worker"]


def frame(theme: Theme, title: str, subtitle: str, *, height: int, left: int, bottom: int = 36, top: int = 78) -> Json:
    """A layout without axes. `title` and `subtitle` are Plotly text: whoever puts a name into them escapes it."""
    colours = palette_of(theme)
    return {
        "height": height,
        "margin": {"l": left, "r": 16, "t": top, "b": bottom, "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": colours.text},
        "title": {
            "text": f"<b>{title}</b><br><span style='font-size:12px;color:{colours.quiet_text}'>{subtitle}</span>",
            "x": 0, "xref": "container", "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top",
            "pad": {"t": 20, "l": 4}, "font": {"size": 16},
        },
        "legend": {
            "orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom", "yref": "paper",
            "font": {"size": 12}, "itemclick": False, "itemdoubleclick": False, "traceorder": "normal",
        },
        "hoverlabel": {
            "align": "left", "bgcolor": colours.background, "bordercolor": colours.quiet_text,
            "font": {"family": FONT, "size": 12, "color": colours.text},
        },
        "hovermode": "closest",
        "showlegend": True,
        "barmode": "overlay",
        "bargap": 0,
    }


def legend_rows(names: Iterable[str], width: float) -> int:
    """How many rows Plotly makes of a legend's names on a plot of so many pixels: one, or a grid as wide as the longest name."""
    widths = [_SYMBOL_PX + _LETTER_PX * len(name) for name in names]
    if sum(widths) <= width:
        return 1
    return ceil(len(widths) / max(int(width / max(widths)), 1))


def axis(theme: Theme, **more: object) -> Json:
    """A quiet axis."""
    colours = palette_of(theme)
    return {
        "gridcolor": colours.grid, "zeroline": False, "showline": False, "ticks": "", "color": colours.quiet_text,
        "tickfont": {"size": 12}, "automargin": False, **more,
    }  # fmt: skip


def time_axis(trace: Trace, theme: Theme, window: tuple[float, float] | None, title: str = "") -> Json:
    """Seconds since the first task, over the window or the whole trace."""
    whole = max((trace.end_ns - trace.begin_ns) / 1e9, 1e-6)
    low, high = window or (0.0, whole)
    return axis(
        theme,
        range=[low, high],
        tickformat="~g",
        title={"text": title, "font": {"size": 12}, "standoff": 6},
        uirevision=trace.info.recording,
    )
