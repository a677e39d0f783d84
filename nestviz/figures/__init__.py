"""Plotly figures of a trace: `tree`, `timeline`, `concurrency`, and `speedup_curves` of a demonstration."""

from __future__ import annotations

from nestviz.figures.concurrency import concurrency
from nestviz.figures.speedup import speedup_curves
from nestviz.figures.timeline import timeline
from nestviz.figures.tree import tree

__all__ = ["concurrency", "speedup_curves", "timeline", "tree"]
