"""The answers of one recording: what limits it, where its tasks' time went, and what other CPUs or a larger threshold would change."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from nestviz import figures
from nestviz.analysis.summary import Summary, summarize
from nestviz.analysis.what_if import WhatIf, what_if
from nestviz.dashboard.chart import chart
from nestviz.dashboard.literal import as_html
from nestviz.figures.palette import Theme, phase_label
from nestviz.trace.model import Trace
from nestviz.wording import counted, duration, ratio

__all__ = ["show_insight"]

_CURVE_HEIGHT = 280
_PATH_ROWS = 12
_POINTS_OF_A_CURVE = 3


@dataclass(frozen=True)
class _Answers:
    """What is worked out of a trace, once."""

    summary: Summary
    guess: WhatIf


@st.cache_resource(max_entries=8, show_spinner="Working it out …")
def _answers_of(_trace: Trace, subject: str, position: int) -> _Answers:  # noqa: ARG001 - the key
    return _Answers(summarize(_trace), what_if(_trace))


def show_insight(trace: Trace, subject: str, theme: Theme) -> None:
    """Everything about what is shown of a recording; `subject` names it."""
    answers = _answers_of(trace, subject, trace.position)
    _show_limits(answers.summary)
    functions = figures.phases(answers.summary.functions, theme=theme)
    chart(functions, key="phases", height=round(functions.layout.height), subject=subject, label="Time by function and phase")
    _show_what_if(answers, subject, theme)
    _show_path(answers.summary)


def _show_limits(summary: Summary) -> None:
    limit = summary.limit
    st.html(f'<div class="nv-title">{as_html(limit[:1].upper() + limit[1:])}.</div>')
    lost, in_all = duration(summary.lost_on_path_ns), duration(summary.lost_ns)
    st.html(f'<div class="nv-quiet">Nesting cost {lost} of the makespan, and {in_all} in all tasks together.</div>')
    tiles = (
        ("Makespan", duration(summary.makespan_ns), "From the first submission to the last end."),
        ("Work", duration(summary.work_ns), "What all tasks computed, added up: the time on one CPU, if calls cost nothing."),
        ("Span", duration(summary.span_ns), "The longest chain of computing that has to be done one after the other."),
        ("Burdened span", duration(summary.burdened_span_ns), "The same with what calls cost: submitting, fetching, receiving."),
        ("Parallelism", ratio(summary.parallelism), "Work divided by span: no number of CPUs makes it faster than that."),
        ("Speedup", ratio(summary.speedup), "Work divided by makespan: what this run made of it."),
    )
    with st.container(key="tiles"):
        for column, (label, value, meaning) in zip(st.columns(len(tiles), gap="small"), tiles, strict=True):
            column.metric(label, value, help=meaning)


def _show_what_if(answers: _Answers, subject: str, theme: Theme) -> None:
    summary, guess = answers.summary, answers.guess
    if not guess.curve:
        st.text(f"{counted(summary.attempts, 'task')} are too many to simulate here; choose a section.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        figure = figures.cpu_curve(guess.curve, summary.cpus, summary.makespan_ns, theme=theme, height=_CURVE_HEIGHT)
        chart(figure, key="cpus", height=_CURVE_HEIGHT, subject=subject, label="Predicted seconds over the number of CPUs")
    if sum(point.size >= 0 for point in guess.thresholds.points) >= _POINTS_OF_A_CURVE:
        with right:
            figure = figures.threshold_curve(guess.thresholds, theme=theme, height=_CURVE_HEIGHT)
            chart(figure, key="thresholds", height=_CURVE_HEIGHT, subject=subject, label="Predicted seconds over the threshold")
            sentence = guess.thresholds.sentence
            st.html(f'<div class="nv-quiet">{as_html(sentence[:1].upper() + sentence[1:])}.</div>')


def _show_path(summary: Summary) -> None:
    shown = summary.path_shares[:_PATH_ROWS]
    if not shown:
        return
    st.html('<div class="nv-title">The critical path: what the makespan consists of</div>')
    st.dataframe(
        {
            "Task": [f"{one.block} in {one.name}" if one.block else one.name for one in shown],
            "Phase": [phase_label(one.phase) for one in shown],
            "Time": [duration(one.time_ns) for one in shown],
            "Share of the makespan": [one.share for one in shown],
        },
        hide_index=True,
        key="path",
        column_config={"Share of the makespan": st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)},
    )
