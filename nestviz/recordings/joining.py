"""Asking for Ray's own record to be joined into a recording while it is made."""

from __future__ import annotations

from pathlib import Path

from nestviz.collector.meeting import base_folder, read_description, request_join
from nestviz.errors import CaptureError

__all__ = ["join_now"]


def join_now(journal: Path) -> bool:
    """Have the collector on this machine read Ray's record for the recording now; its trace shows it in about two seconds.

    False when no collector here writes that recording: it has ended, or its program runs elsewhere.
    """
    try:
        for description_path in base_folder().glob("**/recording.json"):
            description = read_description(description_path.parent)
            if description is not None and description.journal == journal:
                request_join(description_path.parent)
                return True
    except (CaptureError, OSError):
        return False
    return False
