"""The panel beside the pictures: everything about the selected task. Names and errors are text, not markup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

import streamlit as st

from nestviz.dashboard.facts import Kin, TaskFacts, facts_of
from nestviz.dashboard.literal import as_html, as_markdown
from nestviz.dashboard.sight import select_task
from nestviz.dashboard.style import Share, share_rows
from nestviz.events import RowKind
from nestviz.figures.palette import Theme, phase_colour, phase_label, state_colour, state_label
from nestviz.trace.model import UNKNOWN, Trace
from nestviz.wording import count, duration, label

__all__ = ["show_details", "show_way"]

_CRUMBS_AT_EACH_END = 3
_KINDS = {RowKind.TASK: "task", RowKind.SPAN: "block", RowKind.DRIVER: "driver", RowKind.UNKNOWN_PARENT: "unknown parent"}


def show_details(trace: Trace, key: str, theme: Theme) -> None:
    """The task of that key; the key may come from an address, so that it may name nothing."""
    row = trace.row_of(key)
    if row < 0:
        st.text(f"This recording has no task {key} (yet).")
        st.button("Show the recording", icon=":material/close:", on_click=select_task, args=("",), key="unselect")
        return
    facts = facts_of(trace, row)
    _show_head(facts, theme)
    if facts.error:
        st.code(facts.error, language=None, wrap_lines=True, height=160)
    if facts.phases:
        share_rows([
            Share(phase_label(phase), duration(amount), amount, phase_colour(phase, theme)) for phase, amount in facts.phases
        ])
    _show_facts(facts)
    if facts.children:
        _show_children(facts)


def _show_head(facts: TaskFacts, theme: Theme) -> None:
    show_way(facts.ancestors, "crumb", is_open=True)
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.html(f'<div class="nv-title">{as_html(label(facts.name, facts.size))}</div>')
        st.button(
            "", icon=":material/close:", type="tertiary", key="unselect", help="Show the recording", on_click=select_task, args=("",)
        )
    retry = f" · attempt {facts.attempt + 1}" if facts.attempt else ""
    st.html(
        f'<div class="nv-legend"><span><i style="background:{state_colour(facts.state, theme)}"></i>'
        f"{_KINDS[facts.kind]} {state_label(facts.state)}{retry}</span><span>{duration(facts.life_ns)}</span></div>"
    )


def show_way(kin: Sequence[Kin], key: str, *, is_open: bool = False) -> None:
    """Tasks from the first to the last, each a button; the middle of a long way is left out. `is_open`: something follows it."""
    shown: list[Kin | None] = list(kin)
    if len(shown) > 2 * _CRUMBS_AT_EACH_END:
        shown[_CRUMBS_AT_EACH_END:-_CRUMBS_AT_EACH_END] = [None]
    with st.container(horizontal=True, gap="xsmall", key=f"{key}s"):
        for place, one in enumerate(shown):
            if one is None:
                st.text(f"… {count(len(kin) - 2 * _CRUMBS_AT_EACH_END)} more …")
            else:
                _kin_button(one, f"{key}-{place}", "›" if is_open or place < len(shown) - 1 else "")


def _kin_button(kin: Kin, key: str, after: str = "") -> None:
    text = as_markdown(f"{label(kin.name, kin.size)} {after}".strip())
    st.button(text, key=key, type="tertiary", on_click=select_task, args=(kin.key,))


def _show_facts(facts: TaskFacts) -> None:
    rows = [
        ("submitted", _moment(facts.begin_ns)),
        ("started", _moment(facts.start_ns)),
        ("ended", _moment(facts.end_ns)),
        ("wall clock", _wall_clock(facts.started_unix_ns)),
        ("worker", f"{facts.worker} (pid {facts.pid})" if facts.worker else ""),
        ("node", facts.node),
        ("depth", str(facts.depth)),
        *facts.circumstances,
        *((key, count(value) if isinstance(value, int) else str(value)) for key, value in facts.notes),
    ]
    said = "".join(
        f'<span class="nv-key">{as_html(key)}</span><span class="nv-value">{as_html(value)}</span>' for key, value in rows if value
    )
    st.html(f'<div class="nv-facts">{said}</div><div class="nv-id">task id {facts.task_id}</div>')


def _moment(time_ns: int) -> str:
    return "" if time_ns == UNKNOWN else duration(time_ns)


def _wall_clock(unix_ns: int) -> str:
    if unix_ns == UNKNOWN:
        return ""
    return datetime.fromtimestamp(unix_ns / 1e9, tz=timezone.utc).astimezone().strftime("%H:%M:%S.%f")[:-3]


def _show_children(facts: TaskFacts) -> None:
    more = f", the first {len(facts.children)}" if facts.child_count > len(facts.children) else ""
    st.html(f'<div class="nv-quiet">{count(facts.child_count)} children{more}</div>')
    with st.container(gap=None, key="children"):
        for place, kin in enumerate(facts.children):
            _kin_button(kin, f"child-{place}", f"· {duration(kin.life_ns)}")
