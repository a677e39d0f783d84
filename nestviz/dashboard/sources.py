"""Where pages get recordings from: one catalogue and one follower per journal for all browser tabs."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from nestviz.recordings import Catalogue, Follower, home
from nestviz.trace.model import Trace

__all__ = ["catalogue", "forget", "trace_of"]

_FOLLOWED = 12  # journals held open and folded at the same time


@st.cache_resource
def _catalogue_of(folder: Path) -> Catalogue:
    return Catalogue(folder)


@st.cache_resource(max_entries=_FOLLOWED, show_spinner="Reading the recording …", on_release=Follower.close)
def _follower_of(path: Path, inode: int) -> Follower:  # noqa: ARG001 - another file under the same name is another recording
    follower = Follower(path)
    follower.refresh()
    return follower


def catalogue() -> Catalogue:
    """All recordings there are."""
    return _catalogue_of(home())


def trace_of(path: Path, section: str = "") -> Trace:
    """What is recorded so far, or one section of it. JournalError for a file that is no journal, RecordingNotFound for no section."""
    trace = _follower_of(path, path.stat().st_ino).refresh()
    return trace.section_named(section) if section else trace


def forget(path: Path) -> None:
    """Let go of a journal that is about to be deleted."""
    _follower_of.clear(path, path.stat().st_ino)
