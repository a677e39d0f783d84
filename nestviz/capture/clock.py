"""The one place of the pipeline that reads a clock in the user's processes."""

from __future__ import annotations

import os
import time
from pathlib import Path

__all__ = ["UNKNOWN_BIRTH", "monotonic_ns", "offset_to_unix_ns", "process_birth_ns"]

UNKNOWN_BIRTH = -1
_START_FIELD = 19  # of /proc/self/stat, counted behind the name in brackets

monotonic_ns = time.perf_counter_ns
"""Nanoseconds of the node's monotonic counter: the same for all processes of a node, it never goes back."""


def offset_to_unix_ns() -> int:
    """What to add to the monotonic counter to get Unix time; the tightest of a few readings."""
    best_width, best = 1 << 62, 0
    for _ in range(5):
        before = monotonic_ns()
        unix = time.time_ns()
        after = monotonic_ns()
        if after - before < best_width:
            best_width, best = after - before, unix - (before + after) // 2
    return best


def process_birth_ns() -> int:
    """When this process was made, on the monotonic counter, to about 10 ms; UNKNOWN_BIRTH where the system does not say."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        since_boot = int(fields[_START_FIELD]) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
        age = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - since_boot
    except (OSError, ValueError, IndexError, AttributeError):
        return UNKNOWN_BIRTH
    return max(monotonic_ns() - age, 0)
