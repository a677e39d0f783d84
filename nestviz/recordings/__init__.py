"""Recordings as people meet them: listed in a catalogue, loaded by name, followed while they grow."""

from __future__ import annotations

from nestviz.recordings.catalogue import Catalogue, Entry, home
from nestviz.recordings.follower import Follower
from nestviz.recordings.joining import join_now
from nestviz.recordings.loading import load

__all__ = ["Catalogue", "Entry", "Follower", "home", "join_now", "load"]
