"""Python's side of the chart: a figure goes out as compact JSON, clicks and zooms come back as typed values."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import plotly
import plotly.graph_objects as go
import streamlit as st
from streamlit.components.v1 import declare_component

__all__ = ["Window", "chart", "preload"]

Window = tuple[float, float]

_LIBRARY = "plotly"
# Streamlit serves the folder of a declared component; the plotly wheel brings plotly.min.js along, so no copy and no network.
_served = declare_component(_LIBRARY, path=Path(plotly.__file__).parent / "package_data")
_mount = st.components.v2.component(
    "nestviz_chart",
    js=Path(__file__).with_name("chart.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def chart(
    figure: go.Figure,
    *,
    key: str,
    height: int,
    label: str,
    subject: str = "",
    group: str = "",
    width: int = 0,
    on_click: Callable[[str], None] | None = None,
    on_zoom: Callable[[Window | None], None] | None = None,
    on_resize: Callable[[int], None] | None = None,
) -> None:
    """Show a figure; called again with the same key it changes the picture in place.

    `height` is in pixels, `label` says in words what the picture shows, charts of one `group` share their x axis. A figure of
    another `subject` starts with its own view instead of the person's.

    `on_click` receives the customdata of a clicked mark, `on_zoom` the x range that the person chose, None when they reset it,
    `on_resize` the pixels there are when the figure was made for another `width` (0: any). All are called before the page, or its
    fragment, runs again.
    """
    head = json.dumps(
        {"key": key, "height": height, "width": width, "label": label, "subject": subject, "group": group, "url": _library_url()}
    )
    _mount(
        key=key,
        data=f'{head[:-1]},"figure":{figure.to_json()}}}'.encode(),
        on_clicked_change=partial(_clicked, key, on_click),
        on_zoomed_change=partial(_zoomed, key, on_zoom),
        on_resized_change=partial(_resized, key, on_resize),
        on_themed_change=_run_again,
    )


def preload() -> None:
    """Have the browser load the drawing library, on a page that leads to one with charts."""
    _mount(key="preload", data=json.dumps({"url": _library_url()}).encode())


def _library_url() -> str:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' + base if base else ''}/component/{__name__}.{_LIBRARY}/plotly.min.js"


def _reported(key: str, event: str) -> object:
    values = st.session_state.get(key)
    return values.get(event) if isinstance(values, Mapping) else None


def _clicked(key: str, tell: Callable[[str], None] | None) -> None:
    value = _reported(key, "clicked")
    if tell is not None and isinstance(value, str):
        tell(value)


def _zoomed(key: str, tell: Callable[[Window | None], None] | None) -> None:
    value = _reported(key, "zoomed")
    if tell is None or not isinstance(value, (list, tuple)):
        return
    ends = [float(end) for end in value if isinstance(end, (int, float))]
    tell((ends[0], ends[1]) if len(ends) == len(value) == 2 and ends[0] < ends[1] else None)  # noqa: PLR2004 - two ends


def _run_again() -> None:
    """Nothing is to be remembered: the page runs again, and sees the theme by itself."""


def _resized(key: str, tell: Callable[[int], None] | None) -> None:
    value = _reported(key, "resized")
    if tell is not None and isinstance(value, (int, float)) and value > 0:
        tell(round(value))
