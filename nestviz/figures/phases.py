"""Where the time of each function's tasks went: a bar per function, stacked by phase."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from nestviz.analysis.breakdown import Breakdown
from nestviz.events import Phase
from nestviz.figures.frame import Json, axis, frame
from nestviz.figures.palette import Theme, palette_of, phase_label
from nestviz.wording import count, duration, plotly_text

__all__ = ["phases"]

_MOST_BARS = 10
_BAR_PX = 30
_NAME_CHARACTERS = 24


def phases(functions: Sequence[Breakdown], *, theme: Theme = "light") -> go.Figure:
    """Bars in the order given, the first on top; those beyond the first ten are left out, and the subtitle says so.

    Lengths are seconds of tasks' lives: what several tasks spend at once counts for each.
    """
    colours = palette_of(theme)
    shown = functions[:_MOST_BARS]
    places = list(range(len(shown)))
    data: list[Json] = [
        {
            "type": "bar", "orientation": "h", "name": phase_label(phase), "y": places,
            "x": [one.phases_ns[phase] / 1e9 for one in shown],
            "marker": {"color": colours.phases[phase], "line": {"width": 0}}, "width": 0.62,
            "hovertext": [_said(one, phase) for one in shown], "hoverinfo": "text",
        }
        for phase in Phase if any(one.phases_ns[phase] for one in shown)
    ]  # fmt: skip
    left_out = len(functions) - len(shown)
    more = f" · {count(left_out)} more functions with less are not drawn" if left_out else ""
    layout = frame(
        theme,
        "Where the time of the tasks went",
        f"seconds of tasks' lives by function and phase{more}",
        height=118 + _BAR_PX * max(len(shown), 1),
        left=170,
        bottom=40,
    )
    layout["barmode"] = "stack"
    layout["xaxis"] = axis(theme, ticksuffix=" s", rangemode="tozero", fixedrange=True)
    layout["yaxis"] = axis(
        theme,
        tickvals=places,
        ticktext=[plotly_text(one.name, _NAME_CHARACTERS) for one in shown],
        range=[len(shown) - 0.5, -0.5],
        showgrid=False,
        ticklabelstandoff=6,
        fixedrange=True,
    )
    return go.Figure({"data": data, "layout": layout})


def _said(one: Breakdown, phase: Phase) -> str:
    time = one.phases_ns[phase]
    return (
        f"<b>{plotly_text(one.name)}</b> · {count(one.tasks)} tasks<br>"
        f"{phase_label(phase)}: {duration(time)}, {time / max(one.life_ns, 1):.1%} of their lives"
    )
