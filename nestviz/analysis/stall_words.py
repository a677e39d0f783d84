"""A stall in sentences, the same for terminal and page; names in them are the program's own, unescaped."""

from __future__ import annotations

from nestviz.analysis.stall import Stall, StuckTasks
from nestviz.trace.model import Trace

__all__ = ["reason_of", "title_of"]

_TITLES = {
    "sure": "The program waits for itself",
    "likely": "The program probably waits for itself",
    "unknown": "Tasks wait and none of them starts",
}
_CREATION = ".__init__"


def title_of(stall: Stall) -> str:
    """What is the matter, as sure as it is; how long it has lasted is for the reader to add."""
    return _TITLES[stall.confidence]


def reason_of(trace: Trace, stuck: StuckTasks) -> str:
    """Which tasks need what, who holds it, and why that does not change: "inner needs 1 CPU, held by A (4 CPU): …"."""
    name = _name(trace, stuck.row)
    who = f"{name} needs" if stuck.count == 1 else f"{stuck.count:,} tasks {name} need"
    holders = ", ".join(
        _name(trace, holder.row) + (f" ({holder.holds})" if holder.holds else "") for holder in stuck.holders
    )
    held = f", held by {holders}" if holders else ""
    return f"{who} {stuck.needs}{held}: {stuck.explanation}"


def _name(trace: Trace, row: int) -> str:
    """The task's name; an actor stands for its creation."""
    return trace.name_of(row).removesuffix(_CREATION)
