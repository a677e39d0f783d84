"""Recordings: all that was recorded: open, rename, delete, download, and take in a journal that somebody brings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

import streamlit as st

from nestviz.dashboard.boxes import empty_box, problem_box, problems_shown
from nestviz.dashboard.pages import LIVE, RUN
from nestviz.dashboard.sources import catalogue, forget
from nestviz.errors import NestvizError
from nestviz.recordings import Entry
from nestviz.wording import count

_SAID = "recordings_said"


def show() -> None:
    """The table, what can be done with the chosen row, and the way in for files."""
    entries = catalogue().entries()
    head, upload = st.columns([7, 5], gap="large", vertical_alignment="top")
    with upload:
        _show_upload()
    with head:
        st.subheader("Recordings", anchor=False)
        st.text("Choose a row to open, rename, download or delete it.")
        said = st.session_state.pop(_SAID, "")
        if said:
            st.toast(said)
    if not entries:
        empty_box("No recordings yet", "Run one of the example programs, or bring a journal file.", RUN)
        return
    entry = _choose(entries)
    if entry is not None:
        _show_actions(entry)


def _choose(entries: Sequence[Entry]) -> Entry | None:
    """The table; the chosen row."""
    chosen = st.dataframe(
        {
            "Name": [entry.name for entry in entries],
            "State": [entry.state for entry in entries],
            "Tasks": [entry.tasks for entry in entries],
            "Began": [datetime.fromtimestamp(entry.begin_ns / 1e9, tz=timezone.utc) for entry in entries],
            "Size": [entry.size_bytes for entry in entries],
            "Id": [entry.recording for entry in entries],
        },
        hide_index=True,
        key="table",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Name": st.column_config.TextColumn(width="medium"),
            "Tasks": st.column_config.NumberColumn(format="localized"),
            "Began": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss"),
            "Size": st.column_config.NumberColumn(format="bytes"),
            "Id": st.column_config.TextColumn(width="medium"),
        },
    )
    rows = chosen.selection.rows
    return entries[rows[0]] if rows and rows[0] < len(entries) else None


def _show_actions(entry: Entry) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Open", type="primary", icon=LIVE.icon, key="open"):
            st.switch_page(LIVE.page(), query_params={"recording": entry.recording})
        if st.button("Rename", icon=":material/edit:", key="rename"):
            _rename(entry)
        st.download_button(
            "Download",
            data=entry.path.read_bytes,
            file_name=entry.path.name,
            mime="application/octet-stream",
            icon=":material/download:",
            key="download",
            on_click="ignore",
        )
        is_live = entry.state == "live"
        help_text = "It is still being written." if is_live else None
        if st.button("Delete", icon=":material/delete:", key="delete", disabled=is_live, help=help_text):
            _delete(entry)


@st.dialog("Rename the recording")
def _rename(entry: Entry) -> None:
    name = st.text_input("Name", value=entry.name, key="new_name", max_chars=100)
    if st.button("Rename", type="primary", key="rename_now"):
        try:
            catalogue().rename(entry.recording, name)
        except NestvizError as error:
            problem_box(str(error))
        else:
            st.rerun()


@st.dialog("Delete the recording for good?")
def _delete(entry: Entry) -> None:
    st.text(f"{entry.name}\n{entry.recording}\n{count(entry.tasks)} tasks")
    st.text("It cannot be brought back. Download it first if you may need it.")
    with st.container(horizontal=True):
        if st.button("Delete for good", type="primary", key="delete_now"):
            try:
                forget(entry.path)
                catalogue().delete(entry.recording)
            except NestvizError as error:
                problem_box(str(error))
            else:
                st.session_state[_SAID] = "The recording was deleted."
                st.rerun()
        if st.button("Keep it", key="keep"):
            st.rerun()


def _show_upload() -> None:
    with problems_shown():
        file = st.file_uploader("Bring a journal (.nestviz)", type="nestviz", key="upload")
        if file is None or st.session_state.get("uploaded") == file.file_id:
            return
        with st.spinner("Reading the file …"):
            entry = catalogue().add(file.getvalue(), file.name)
        st.session_state["uploaded"] = file.file_id
        st.session_state[_SAID] = "The journal was added."
        st.switch_page(LIVE.page(), query_params={"recording": entry.recording})


show()
