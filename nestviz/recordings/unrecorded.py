"""Which programs run on this machine without being recorded, and why: what a list of recordings says beside it."""

from __future__ import annotations

from nestviz.collector.problems import current_problems

__all__ = ["is_unrecorded", "unrecorded_programs"]


def unrecorded_programs() -> tuple[str, ...]:
    """A sentence for each, as in "program.py (pid 123) is running but not recorded: cannot write /…: No space left on device"."""
    return tuple(f"{one.program} (pid {one.pid}) is running but not recorded: {one.reason}" for one in current_problems())


def is_unrecorded(pid: int) -> bool:
    """Whether something keeps the program with that process id from being recorded now, so that its record stands still."""
    return any(one.pid == pid for one in current_problems())
