"""What stands in the panel while no task is selected: the recording as a whole; and the table and curves of a demonstration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

import streamlit as st

from nestviz import figures
from nestviz.analysis.totals import Totals
from nestviz.dashboard.chart import chart
from nestviz.dashboard.literal import as_html
from nestviz.dashboard.style import Share, share_rows
from nestviz.events import Phase
from nestviz.figures.palette import Theme, phase_colour, phase_label
from nestviz.trace.model import Trace
from nestviz.wording import count, duration

_CURVES_HEIGHT = 260

__all__ = ["Twins", "show_overview", "twins_of"]


@dataclass(frozen=True)
class Twins:
    """One size of a demonstration, run both ways: seconds, None where it was not run."""

    size: int
    sequential_s: float | None
    distributed_s: float


def twins_of(trace: Trace) -> tuple[Twins, ...]:
    """The sizes of a demonstration in order of size, from the numbers that it noted on its sections."""
    noted: dict[int, dict[str, float]] = {}
    for section, key, value in zip(trace.notes.section.tolist(), trace.notes.key, trace.notes.value, strict=True):
        if section >= 0 and key in {"size", "sequential_s", "distributed_s"} and isinstance(value, (int, float)):
            noted.setdefault(section, {})[key] = value
    return tuple(sorted(
        (
            Twins(int(numbers["size"]), numbers.get("sequential_s"), numbers["distributed_s"])
            for numbers in noted.values()
            if "size" in numbers and "distributed_s" in numbers
        ),
        key=lambda twins: twins.size,
    ))


def show_overview(trace: Trace, totals: Totals, theme: Theme) -> None:
    """Where the time of all tasks went, and how the recording came to be."""
    st.html('<div class="nv-title">Where the tasks spent their time</div>')
    amounts = [(phase, totals.phases_ns[phase.name.lower()]) for phase in Phase]
    share_rows([
        Share(phase_label(phase), duration(amount), amount, phase_colour(phase, theme)) for phase, amount in amounts if amount
    ])
    twins = twins_of(trace)
    if twins:
        _show_twins(twins, theme)
    began = datetime.fromtimestamp(trace.info.begin_ns / 1e9, tz=timezone.utc).astimezone()
    rows = [
        ("began", began.strftime("%Y-%m-%d %H:%M:%S")),
        ("CPUs", f"{totals.cpus:g}" if totals.cpus else ""),
        ("nodes", count(len(trace.nodes)) if len(trace.nodes) > 1 else ""),
        ("clock error", f"± {duration(trace.clock_error_ns)}" if trace.clock_error_ns else ""),
        ("depth", count(totals.depth)),
        ("retries", count(totals.attempts - totals.tasks) if totals.attempts > totals.tasks else ""),
        ("command", trace.info.command),
        *trace.info.versions,
    ]
    said = "".join(
        f'<span class="nv-key">{as_html(key)}</span><span class="nv-value">{as_html(value)}</span>' for key, value in rows if value
    )
    st.html(f'<div class="nv-facts">{said}</div>')
    st.html('<div class="nv-quiet">Click a task in the tree or in the timeline to see its story here.</div>')


def _show_twins(twins: Sequence[Twins], theme: Theme) -> None:
    """The table of a demonstration, and the two curves when there is more than one size."""
    st.dataframe(
        {
            "Array size": [one.size for one in twins],
            "Sequential": [one.sequential_s for one in twins],
            "Distributed": [one.distributed_s for one in twins],
        },
        hide_index=True,
        key="twins",
        column_config={
            "Array size": st.column_config.NumberColumn(format="localized"),
            "Sequential": st.column_config.NumberColumn(format="%.3f s"),
            "Distributed": st.column_config.NumberColumn(format="%.3f s"),
        },
    )
    if len(twins) > 1:
        columns = [one.size for one in twins], [one.sequential_s for one in twins], [one.distributed_s for one in twins]
        chart(
            figures.speedup_curves(*columns, theme=theme, height=_CURVES_HEIGHT),
            key="curves",
            height=_CURVES_HEIGHT,
            label="Seconds over the size, sequential and distributed",
        )
