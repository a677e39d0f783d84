"""The one base class of every error that nestviz raises on purpose.

A message says what happened, in which file or task, and what to do next; `cli/` turns it into one line and an exit status.
"""

from __future__ import annotations

__all__ = ["CaptureError", "JournalError", "LaunchError", "NestvizError", "RecordingNotFound", "TooSlow", "UsageError"]


class NestvizError(Exception):
    """Base of all errors of nestviz; `exit_status` is what the command line returns for it."""

    exit_status = 1


class UsageError(NestvizError):
    """The person asked for something that cannot be: a negative size, an unknown name."""

    exit_status = 2


class RecordingNotFound(NestvizError):  # noqa: N818 - the name that people read in a traceback says it all
    """No recording, section or file of that name."""


class JournalError(NestvizError):
    """A file is not a journal, or of a version that this nestviz does not read."""


class LaunchError(NestvizError):
    """Ray or a driver could not be started or reached."""


class CaptureError(NestvizError):
    """A public capture call was used wrongly, for example `annotate` with an object."""


class TooSlow(NestvizError):  # noqa: N818 - a finding, not a fault
    """A recording took longer than was allowed."""
