"""The pictures of the Live page: the task tree, the timeline, and what ran at the same time; a click in one selects in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from nestviz import figures
from nestviz.analysis.critical_path import critical_path
from nestviz.dashboard.address import View, read_address, write_address
from nestviz.dashboard.boxes import problems_shown
from nestviz.dashboard.chart import chart
from nestviz.dashboard.sight import Sight, fold_all, open_node, resize_to, select_task, zoom_to
from nestviz.figures.palette import Theme
from nestviz.trace.model import Trace

__all__ = ["current_theme", "show_pictures"]

_CONCURRENCY_HEIGHT = 230
_BUDGET = 200
_TIME_AXIS = "time"
_VIEWS: dict[View, str] = {"worker": "By worker", "task": "By task"}


def current_theme() -> Theme:
    """The theme that the person sees."""
    return "dark" if st.context.theme.type == "dark" else "light"


def show_pictures(trace: Trace, sight: Sight, selected: str, theme: Theme) -> None:
    """Tree, timeline, concurrency, one under the other; the last two share their time axis. Each may fail on its own."""
    critical = sorted({step.row for step in critical_path(trace)})
    with problems_shown():
        _show_tree(trace, sight, selected, theme, critical)
    mode = _choose_view(is_unfolded=bool(sight.opened))
    with problems_shown():
        _show_timeline(trace, sight, selected, theme, critical, mode)
    with problems_shown():
        _show_concurrency(trace, sight, theme, mode)


def _show_tree(trace: Trace, sight: Sight, selected: str, theme: Theme, critical: Sequence[int]) -> None:
    opened = tuple(sight.opened)
    figure = figures.tree(
        trace, theme=theme, selected=selected, opened=opened, budget=_BUDGET, width=sight.width, critical=critical
    )
    chart(
        figure,
        key="tree",
        subject=sight.subject,
        height=round(figure.layout.height),
        label="Tree of the tasks",
        on_click=_clicked_in_tree,
    )


def _show_timeline(
    trace: Trace, sight: Sight, selected: str, theme: Theme, critical: Sequence[int], mode: View
) -> None:
    figure = figures.timeline(
        trace, theme=theme, mode=mode, window=sight.window, selected=selected, width=sight.width, critical=critical
    )
    chart(
        figure,
        key="timeline",
        subject=sight.subject,
        height=round(figure.layout.height),
        width=sight.width,
        label="Timeline of the tasks",
        group=_TIME_AXIS,
        on_click=select_task,
        on_zoom=zoom_to,
        on_resize=resize_to,
    )


def _show_concurrency(trace: Trace, sight: Sight, theme: Theme, mode: View) -> None:
    chart(
        figures.concurrency(trace, theme=theme, window=sight.window, mode=mode, height=_CONCURRENCY_HEIGHT, width=sight.width),
        key="concurrency",
        subject=sight.subject,
        height=_CONCURRENCY_HEIGHT,
        label="Tasks computing, blocked and queued, and worker processes, over time",
        group=_TIME_AXIS,
        on_zoom=zoom_to,
    )


def _clicked_in_tree(key: str) -> None:
    open_node(key)
    select_task(key)


def _choose_view(*, is_unfolded: bool) -> View:
    """At the timeline's upper right: fold what was opened in the tree, and choose the timeline's rows."""
    view = read_address().view
    st.session_state["view"] = view  # said each time: a switch that is mounted anew shows nothing otherwise
    with st.container(key="switch", horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if is_unfolded:
            st.button("Fold the tree again", key="fold", type="tertiary", icon=":material/unfold_less:", on_click=fold_all)
        st.segmented_control(
            "Rows of the timeline",
            list(_VIEWS),
            format_func=_VIEWS.__getitem__,
            key="view",
            required=True,
            label_visibility="collapsed",
            on_change=_view_chosen,
        )
    return view


def _view_chosen() -> None:
    view: View = "task" if st.session_state.get("view") == "task" else "worker"
    write_address(replace(read_address(), view=view))
