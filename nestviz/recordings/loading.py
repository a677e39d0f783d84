"""`nestviz.load`: a recording by its id, or by the path of its journal."""

from __future__ import annotations

from pathlib import Path

from nestviz.collector.salvage import salvage
from nestviz.errors import RecordingNotFound
from nestviz.recordings.catalogue import SUFFIX, Catalogue, home
from nestviz.recordings.follower import Follower
from nestviz.trace.model import Trace

__all__ = ["load", "locate"]

_SETTLE_SECONDS = 10.0


def locate(recording: str | Path) -> Path:
    """The journal's path for a recording's id (or the beginning of it), its name, or a path; RecordingNotFound otherwise."""
    text = str(recording)
    path = Path(text).expanduser()
    if text.endswith(SUFFIX) or "/" in text:
        if not path.is_file():
            raise RecordingNotFound(f"there is no file {text}")
        return path
    exact = home() / f"{text}{SUFFIX}"
    if text and exact.is_file():
        return exact
    if path.is_file():
        return path
    return Catalogue(home()).find(text).path


def load(recording: str | Path, section: str | None = None) -> Trace:
    """The trace of a recording as it stands now, or of one of its sections.

    `recording` is an id, the beginning of one, a name, or the path of a journal. One that has just ended is waited for until Ray's
    own record is in it, about two seconds. Raises RecordingNotFound, or JournalError when the file is no journal.
    """
    path = locate(recording)
    salvage(path.parent)
    follower = Follower(path)
    try:
        trace = follower.settled(_SETTLE_SECONDS)
    finally:
        follower.close()
    return trace if section is None else trace.section_named(section)
