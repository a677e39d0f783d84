"""The one component for every picture: Plotly figures that change in place, on `st.components.v2`."""

from __future__ import annotations

from nestviz.dashboard.chart.component import Window, chart, preload

__all__ = ["Window", "chart", "preload"]
