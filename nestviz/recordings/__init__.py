"""Recordings as people meet them: listed in a catalogue, loaded by name, followed while they grow."""

from __future__ import annotations

from nestviz.recordings.catalogue import Catalogue, Entry, home
from nestviz.recordings.follower import Follower
from nestviz.recordings.joining import join_now
from nestviz.recordings.loading import load
from nestviz.recordings.unrecorded import is_unrecorded, unrecorded_programs

__all__ = ["Catalogue", "Entry", "Follower", "home", "is_unrecorded", "join_now", "load", "unrecorded_programs"]
