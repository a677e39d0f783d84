"""What part of a recording a picture shows, and how many pixels it has for it."""

from __future__ import annotations

from dataclasses import dataclass

from nestviz.trace.model import Trace

__all__ = ["Window", "window_of"]


@dataclass(frozen=True)
class Window:
    """A stretch of time (Unix ns) drawn on `width_px` pixels."""

    begin_ns: int
    end_ns: int
    width_px: int = 1_000

    @property
    def length_ns(self) -> int:
        """Its length, at least one nanosecond."""
        return max(self.end_ns - self.begin_ns, 1)

    @property
    def pixel_ns(self) -> float:
        """How long a pixel is."""
        return self.length_ns / self.width_px


def window_of(trace: Trace, seconds: tuple[float, float] | None, width_px: int) -> Window:
    """The window of a person's choice, in seconds since the trace's begin; the whole trace for None."""
    if seconds is None:
        return Window(trace.begin_ns, max(trace.end_ns, trace.begin_ns + 1), width_px)
    low, high = sorted(seconds)
    return Window(trace.begin_ns + int(low * 1e9), trace.begin_ns + max(int(high * 1e9), int(low * 1e9) + 1), width_px)
