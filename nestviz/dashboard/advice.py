"""What would help the program: a card for each diagnosis, the one that is worth most first. Names and errors are text, not markup."""

from __future__ import annotations

import os

import streamlit as st

from nestviz.analysis.diagnoses import VARIABLE, Confidence, Diagnosis, diagnose, ids_of
from nestviz.dashboard.literal import as_html
from nestviz.dashboard.sight import select_task
from nestviz.recordings import is_unrecorded
from nestviz.trace.model import Trace
from nestviz.wording import counted, duration

__all__ = ["show_advice"]

_MOST_WHILE_LIVE = 50_000  # rows that are diagnosed twice a second without anybody's noticing
_SURE = {
    Confidence.SURE: "measured",
    Confidence.LIKELY: "likely",
    Confidence.POSSIBLE: "possible",
    Confidence.NOT_ENOUGH_DATA: "not enough data to tell the cause",
}


def show_advice(trace: Trace, subject: str) -> None:
    """The cards for what is shown of a recording; `subject` names it. A large recording is diagnosed when it has ended."""
    if trace.info.state == "live" and len(trace.rows) > _MOST_WHILE_LIVE:
        st.html('<div class="nv-quiet">What would help is said when the program has ended.</div>')
        return
    stands_still = ",stalled" if is_unrecorded(trace.info.driver_pid) else ""
    found = _diagnoses_of(trace, subject, trace.position, os.environ.get(VARIABLE, "") + stands_still)
    if not found:
        return
    st.html('<div class="nv-title">What would help</div>')
    with st.container(key="advice", gap="small"):
        for place, one in enumerate(found):
            _show_card(trace, one, place)


@st.cache_resource(max_entries=8, show_spinner=False)
def _diagnoses_of(_trace: Trace, subject: str, position: int, ignored: str) -> tuple[Diagnosis, ...]:  # noqa: ARG001 - the key
    return diagnose(_trace, ids_of(ignored))


def _show_card(trace: Trace, one: Diagnosis, place: int) -> None:
    seconds = duration(round(one.seconds * 1e9)) if one.seconds else "–"
    link = f' · <a href="{as_html(one.url)}" target="_blank" rel="noopener">Ray on this</a>' if one.url else ""
    with st.container(key=f"diagnosis-{place}", gap=None):
        st.html(
            f'<div class="nv-card"><b>{seconds}</b> {as_html(one.title)}'
            f'<div class="nv-advice">{as_html(one.advice)}</div>'
            f'<div class="nv-quiet">{as_html(one.id)} · {_SURE[one.confidence]}{link}</div></div>'
        )
        if one.tasks:
            key = trace.key_of(int(one.rows[0]))
            shown = "Show it" if one.tasks == 1 else f"Show the first of {counted(one.tasks, 'task')}"
            st.button(shown, key=f"evidence-{place}", type="tertiary", on_click=select_task, args=(key,))
