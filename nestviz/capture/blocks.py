"""What a program may say of itself: named blocks, annotations, and named sections of a recording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING

from nestviz.capture.context import current_place, set_block
from nestviz.capture.session import active_recorder, current_recording, open_recorder, sync
from nestviz.errors import CaptureError

if TYPE_CHECKING:
    from nestviz.trace.model import Trace

__all__ = ["SectionHandle", "annotate", "record", "span"]

_MAX_TEXT = 200


@dataclass(frozen=True)
class SectionHandle:
    """What `with nestviz.record(name) as section` gives: where the section is found."""

    name: str
    recording: str

    def trace(self) -> Trace:
        """The section's part of the recording; RecordingNotFound when nothing was recorded (NESTVIZ=0, no room on the disk)."""
        import nestviz

        return nestviz.load(self.recording, section=self.name)


def annotate(**values: float | str) -> None:
    """Attach numbers or short strings to the current task (or, in a driver, to the open block).

    `n` is special: it is the size that pictures and advice speak of. Raises CaptureError for other types of values.
    """
    recorder = active_recorder()
    for key, value in values.items():
        if isinstance(value, str):
            plain: int | float | str = value[:_MAX_TEXT]
        elif isinstance(value, Integral):
            plain = int(value)
        elif isinstance(value, Real):
            plain = float(value)
        else:
            raise CaptureError(f"annotate({key}=…) takes numbers and short strings, not {type(value).__name__}")
        if recorder is not None:
            recorder.noted(current_place(), key, plain)


@contextmanager
def span(name: str) -> Iterator[None]:
    """Name a stretch of a task or of the driver; tasks submitted inside it know the block."""
    with _block(name, is_section=False):
        yield


@contextmanager
def record(name: str) -> Iterator[SectionHandle]:
    """Name a section of the recording: the tasks submitted inside the block, and all that descends from them.

    On exit, waits until all that happened in it has been collected.
    """
    with _block(name, is_section=True):
        recording = current_recording()
        yield SectionHandle(name, recording.recording if recording is not None else "")
    sync()


@contextmanager
def _block(name: str, *, is_section: bool) -> Iterator[None]:
    if not isinstance(name, str) or not name:
        raise CaptureError(f"a block needs a name, not {name!r}")
    recorder = open_recorder()
    if recorder is None:
        yield
        return
    scope, outer = current_place()
    block = recorder.block_began(scope, outer, name, is_section=is_section)
    set_block(block)
    is_failed = True
    try:
        yield
        is_failed = False
    finally:
        set_block(outer)
        recorder.block_ended(scope, block, is_failed=is_failed)
