"""Closing recordings that nobody will close: driver and collector are dead, and what they said last still lies in the rings.

Whoever opens or lists recordings on the machine does this. The locks decide: a driver that lives, a collector that writes, or
another who salvages keeps everybody else away.
"""

from __future__ import annotations

import shutil
import socket
from contextlib import suppress
from pathlib import Path

from nestviz.collector.gathering import Gathering
from nestviz.collector.meeting import RING_SUFFIX, Description, base_folder, read_description
from nestviz.collector.ring import RingReader
from nestviz.errors import NestvizError
from nestviz.journal.reader import is_being_written

__all__ = ["close_left_over", "salvage"]

_CONNECT_SECONDS = 1.0


def salvage(home: Path) -> list[Path]:
    """Take what the dead have left to the journals in the folder `home` and close these as interrupted; the journals closed.

    What is not there, not ours or cannot be written is passed over.
    """
    try:
        described = [(folder, read_description(folder)) for folder in base_folder().glob("*/*/*")]
    except (NestvizError, OSError):
        return []
    return [
        description.journal
        for folder, description in described
        if description is not None and description.journal.parent == home and close_left_over(folder, description)
    ]


def close_left_over(folder: Path, description: Description) -> bool:
    """Take what lies in the folder to the journal and close it, if it was left over; whether it is closed now."""
    if is_being_written(description.journal) or not _is_left_over(folder):
        return False
    try:
        gathering = Gathering(folder, description)
    except (NestvizError, OSError):
        return False
    try:
        if not gathering.has_ended:
            gathering.finish("interrupted", _last_word_ns(folder, description), _reason(description))
            return True
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        pass  # there is no room: what is in the rings stays for another time
    gathering.close()
    return False


def _is_left_over(folder: Path) -> bool:
    """Whether the driver was here, and it and all its workers on this machine are gone."""
    was_driven = False
    for path in folder.glob("*" + RING_SUFFIX):
        with suppress(OSError, ValueError):
            ring = RingReader(path)
            try:
                if ring.is_writer_alive:
                    return False
                was_driven |= ring.meta.get("is_driver") is True
            finally:
                ring.close()
    return was_driven


def _reason(description: Description) -> str:
    """What can be known afterwards: whether the whole cluster is gone."""
    address = str(description.meta.get("address", ""))
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        return "the program and its collector died"
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS).close()
    except OSError:
        return f"the Ray cluster at {address} ended, and the program with it"
    return "the program and its collector died"


def _last_word_ns(folder: Path, description: Description) -> int:
    """When anybody last wrote something: then the recording ended."""
    files = [path for path in (description.journal, *folder.glob("*" + RING_SUFFIX)) if path.exists()]
    return max((path.stat().st_mtime_ns for path in files), default=0)
