"""What ran at the same time: tasks computing, waiting and queued over time, the CPU limit, and the worker processes."""

from __future__ import annotations

import plotly.graph_objects as go

from nestviz.analysis.concurrency import Profile, profile_of
from nestviz.events import Phase
from nestviz.figures.frame import Json, axis, frame, side_px, time_axis
from nestviz.figures.palette import Theme, palette_of
from nestviz.layout.window import window_of
from nestviz.trace.model import Ints, Trace

__all__ = ["concurrency"]

_STEPS = 400


def concurrency(
    trace: Trace,
    *,
    theme: Theme = "light",
    window: tuple[float, float] | None = None,
    mode: str = "worker",
    height: int = 240,
    width: int = 1_000,
) -> go.Figure:
    """Counts of tasks over time, stacked, with the number of worker processes as a line.

    `window` is in seconds since the trace's begin; `mode` is that of the timeline above, so that their time axes stand over each
    other; `height` and `width` are in pixels.
    """
    colours = palette_of(theme)
    view = window_of(trace, window, width)
    profile = profile_of(trace).sampled(view.begin_ns, view.end_ns, _STEPS)
    seconds = [round((t - trace.begin_ns) / 1e9, 6) for t in profile.times.tolist()]
    if seconds:
        seconds.append(round((max(view.end_ns, int(profile.times[-1])) - trace.begin_ns) / 1e9, 6))
    data: list[Json] = [
        _area("computing", seconds, profile.computing, colours.phases[Phase.COMPUTE]),
        _area("waiting for children", seconds, profile.blocked, colours.phases[Phase.BLOCKED]),
        _area("queued", seconds, profile.queued, colours.phases[Phase.QUEUE]),
        _line("workers", seconds, profile.workers, colours.path),
    ]
    peak = _peak(profile)
    layout = frame(
        theme,
        "What ran at the same time",
        f"tasks in each state · line: worker processes started so far, {peak} in all",
        height=height,
        left=side_px(mode),
    )
    layout["xaxis"] = time_axis(trace, theme, window)
    highest = max(_highest(profile), peak, trace.info.cpus, 1) * 1.08
    layout["yaxis"] = axis(theme, range=[0, highest], fixedrange=True, nticks=5, tickformat="d")
    layout["hovermode"] = "x unified"
    layout["uirevision"] = trace.info.recording
    layout["dragmode"] = "zoom"
    if trace.info.cpus:
        layout["shapes"] = [_limit(trace.info.cpus, colours.text)]
        layout["annotations"] = [_limit_label(trace.info.cpus, colours.text)]
    return go.Figure({"data": data, "layout": layout}, skip_invalid=False)


def _highest(profile: Profile) -> int:
    total: Ints = profile.computing + profile.blocked + profile.queued
    return int(total.max(initial=0))


def _peak(profile: Profile) -> int:
    return int(profile.workers.max(initial=0))


def _extended(values: Ints) -> list[int]:
    numbers: list[int] = values.tolist()
    return [*numbers, *numbers[-1:]]


def _area(name: str, seconds: list[float], values: Ints, colour: str) -> Json:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": seconds, "y": _extended(values), "stackgroup": "tasks",
        "line": {"width": 0, "shape": "hv", "color": colour}, "fillcolor": colour, "hovertemplate": "%{y}",
    }  # fmt: skip


def _line(name: str, seconds: list[float], values: Ints, colour: str) -> Json:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": seconds, "y": _extended(values),
        "line": {"width": 1.5, "shape": "hv", "color": colour}, "hovertemplate": "%{y}",
    }  # fmt: skip


def _limit(cpus: float, colour: str) -> Json:
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": cpus, "y1": cpus,
        "line": {"dash": "dash", "width": 1, "color": colour},
    }  # fmt: skip


def _limit_label(cpus: float, colour: str) -> Json:
    return {
        "xref": "paper", "x": 0, "xanchor": "left", "y": cpus, "yanchor": "bottom", "text": f"{cpus:g} CPUs",
        "showarrow": False, "font": {"size": 11, "color": colour}, "xshift": 4,
    }  # fmt: skip
