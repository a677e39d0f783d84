"""Plotly figures: `tree`, `timeline`, `concurrency`, `phases`, `cpu_curve`, `threshold_curve`; `speedup_curves` of a demonstration."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nestviz.figures.concurrency import concurrency
    from nestviz.figures.phases import phases
    from nestviz.figures.speedup import speedup_curves
    from nestviz.figures.timeline import timeline
    from nestviz.figures.tree import tree
    from nestviz.figures.what_if import cpu_curve, threshold_curve

__all__ = ["concurrency", "cpu_curve", "phases", "speedup_curves", "threshold_curve", "timeline", "tree"]

_MODULES = {
    "concurrency": "concurrency",
    "cpu_curve": "what_if",
    "phases": "phases",
    "speedup_curves": "speedup",
    "threshold_curve": "what_if",
    "timeline": "timeline",
    "tree": "tree",
}


def __getattr__(name: str) -> object:
    """Load a figure's module at its first use; a function wins over the module of the same name."""
    if name not in _MODULES:
        raise AttributeError(f"module 'nestviz.figures' has no attribute {name!r}")
    function = getattr(import_module(f"nestviz.figures.{_MODULES[name]}"), name)
    globals()[name] = function
    return function
