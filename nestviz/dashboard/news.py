"""Above every page: programs that run without being recorded, and a Ray cluster that has stopped, with what was recorded of it."""

from __future__ import annotations

import streamlit as st

from nestviz.dashboard.boxes import problem_box, problems_shown
from nestviz.dashboard.clusters import ClusterNews
from nestviz.dashboard.literal import as_html, as_markdown
from nestviz.dashboard.pages import LIVE
from nestviz.dashboard.program import cluster_watch, runs
from nestviz.dashboard.sources import catalogue
from nestviz.recordings import Entry, unrecorded_programs

__all__ = ["show_news"]

_EVERY_S = 2.0
_MOST = 3
_BEFORE_NS = 10_000_000_000  # what was written this long before the cluster was last seen alive may have been cut by its end
_DRAWN = "news_drawn"


def show_news() -> None:
    """Nothing, most of the time. When a cluster comes or goes, the whole page is drawn anew."""
    st.session_state[_DRAWN] = _state_of(cluster_watch().news())
    st.fragment(_show, run_every=_EVERY_S)()


def _show() -> None:
    with problems_shown():
        news = cluster_watch().news()
        if st.session_state.get(_DRAWN) != _state_of(news):
            st.rerun(scope="app")
        for sentence in unrecorded_programs():
            problem_box(sentence)
        run = runs().latest()
        if news.is_lost and not (run is not None and run.stage == "starting"):  # a run may restart Ray on purpose
            _show_lost(news)


def _show_lost(news: ClusterNews) -> None:
    with st.container(key="lost", gap="xsmall"):
        st.html(f'<div class="nv-title" role="alert">The Ray cluster at {as_html(news.address)} has stopped</div>')
        ways = "" if news.problem else " Until then, a run starts a Ray of its own."
        st.text(f"What was recorded is kept. A new cluster is found by itself.{ways}")
        for entry in _cut_by(news)[:_MOST]:
            st.page_link(
                LIVE.page(),
                label=f"Open what was recorded of {as_markdown(entry.name)}",
                icon=LIVE.icon,
                query_params={"recording": entry.recording},
            )


def _cut_by(news: ClusterNews) -> list[Entry]:
    """Recordings of that cluster that were being written when it was last seen; a host may have several names, a port has one."""
    since_ns, port = int(news.alive_s * 1e9) - _BEFORE_NS, _port(news.address)
    written = (entry for entry in catalogue().entries() if entry.state != "complete" and entry.modified_ns >= since_ns)
    return [entry for entry in written if _port(entry.address) in {"", port}]


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _state_of(news: ClusterNews) -> tuple[str, bool, str]:
    return news.address, news.is_up, news.problem
