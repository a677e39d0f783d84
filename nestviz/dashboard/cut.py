"""What the Live page says of a recording that was cut: why, and the way to what was recorded."""

from __future__ import annotations

import streamlit as st

from nestviz.dashboard.literal import as_html
from nestviz.dashboard.program import cluster_watch
from nestviz.recordings import Entry
from nestviz.trace.model import RecordingInfo

__all__ = ["show_cut"]


def show_cut(info: RecordingInfo, entry: Entry) -> None:
    """Nothing for a recording that lives or is complete."""
    if info.state != "interrupted":
        return
    with st.container(key="cut", horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div role="alert"><b>Interrupted</b>: {as_html(_reason(info))}. What was recorded until then is shown.</div>'
        )
        st.download_button(
            "Download what was recorded",
            data=entry.path.read_bytes,
            file_name=entry.path.name,
            mime="application/octet-stream",
            icon=":material/download:",
            key="download_cut",
            on_click="ignore",
        )


def _reason(info: RecordingInfo) -> str:
    """What its last word says; without one, what is known of its cluster."""
    news = cluster_watch().news()
    if info.reason:
        return info.reason
    if news.is_lost and news.address == info.address:
        return f"the Ray cluster at {info.address} has stopped"
    return "nobody has closed it, so that its program or its collector must have died"
