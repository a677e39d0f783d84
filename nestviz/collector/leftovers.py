"""Clearing away what dead sessions left in the meeting place of this node, without ever deleting what may still be taken.

A folder is left over when no process that writes there lives and nobody takes from it: both hold locks that die with them. It is
marked at the first visit. If it is still left over some time later, a recording that the driver described is taken to its journal's
end and closed as interrupted; what nobody has asked for in an hour is deleted.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from nestviz.collector.meeting import read_description
from nestviz.collector.portions import RingFolder
from nestviz.collector.salvage import close_left_over

__all__ = ["sweep"]

_MARK = "abandoned"
_CLOSE_AFTER_SECONDS = 60.0
_DELETE_AFTER_SECONDS = 3_600.0


def sweep(base: Path, now_s: float) -> None:
    """Visit all jobs' folders of all sessions below `base`; `now_s` is Unix time in seconds. What cannot be read is passed over."""
    for folder in base.glob("*/*/*"):
        with suppress(OSError):
            _visit(folder, now_s)
    for pattern in ("*/*", "*"):
        for parent in base.glob(pattern):
            with suppress(OSError):
                if now_s - parent.stat().st_mtime >= _DELETE_AFTER_SECONDS:
                    parent.rmdir()  # which fails unless it is empty


def _visit(folder: Path, now_s: float) -> None:
    rings = RingFolder(folder)
    mark = folder / _MARK
    try:
        if rings.has_living_writer:
            mark.unlink(missing_ok=True)
            return
        if not mark.exists():
            mark.touch()
            os.utime(mark, (now_s, now_s))
        age = now_s - mark.stat().st_mtime
        description = read_description(folder)
        if description is None or not description.journal.parent.is_dir():
            if age >= _DELETE_AFTER_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
            return
    finally:
        rings.close()
    if age >= _CLOSE_AFTER_SECONDS:
        close_left_over(folder, description)
