"""Turning what happens in this process into records of its ring."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Sequence

from nestviz.capture.clock import monotonic_ns
from nestviz.collector.ring import RingWriter
from nestviz.events import TENTATIVE, UNKNOWN_SHIFT, EventKind, State, text_records

__all__ = ["MAX_REFS", "Recorder"]

MAX_REFS = 1_000
"""Refs recorded per wait; beyond it only their count is."""

_MAX_TEXTS = 10_000
_INT_NOTE, _FLOAT_NOTE, _TEXT_NOTE = 0, 1, 2
_FLOAT = struct.Struct("<d")
_INT = struct.Struct("<q")
_INT_LIMIT = 1 << 63
_THREE_WORDS = struct.Struct("<qqq")


class Recorder:
    """Writes records; every method is thread-safe, returns at once and never raises for lack of room."""

    def __init__(self, ring: RingWriter) -> None:
        self._put = ring.put
        self._ring = ring
        self._texts: dict[str, int] = {}
        self._dropped_before = 0
        self._text_numbers = itertools.count(1)
        self._scopes = itertools.count(1)
        self._blocks = itertools.count(1)
        self._waits = itertools.count(1)

    def close(self) -> None:
        """Stop writing; what was written stays for the collector."""
        self._ring.close()

    def abandon(self) -> None:
        """Stop writing in a forked child, whose parent goes on."""
        self._ring.abandon()

    def submitted(
        self, place: tuple[int, int], task_id: bytes, name: str, begin: int, size: int, sent: int, *, is_tentative: bool = False
    ) -> None:
        """A call was handed over; `begin` is when `.remote()` was entered, now is when it returned; `sent` bytes went with it."""
        end = monotonic_ns()
        shift = max(0, sent.bit_length() - 16) if sent >= 0 else UNKNOWN_SHIFT
        flags = shift | (TENTATIVE if is_tentative else 0)
        aux = max(sent, 0) >> shift
        self._put(EventKind.SUBMIT, flags, aux, self._text(name), begin, end, place[0], place[1], task_id, size)

    def requires(self, task_id: bytes, needs: str) -> None:
        """What the task needs to run."""
        self._put(EventKind.REQUIRE, 0, 0, self._text(needs), 0, 0, 0, 0, task_id)

    def depends(self, task_id: bytes, awaited_id: bytes) -> None:
        """The task starts only when the other one's result is there."""
        first, second, third = _THREE_WORDS.unpack(task_id)
        self._put(EventKind.DEPEND, 0, 0, 0, first, second, 0, 0, awaited_id, third)

    def exported(self, task_id: bytes, size: int) -> None:
        """With that call went the function itself, pickled into so many bytes."""
        self._put(EventKind.EXPORT, 0, 0, 0, 0, 0, 0, 0, task_id, size)

    def repeated(self, task_id: bytes, *, is_sent: bool, is_got: bool) -> None:
        """With that call went a large value that its caller had sent before, or had got."""
        self._put(EventKind.REPEAT, is_sent | is_got << 1, 0, 0, 0, 0, 0, 0, task_id)

    def cancelled(self, place: tuple[int, int], task_id: bytes, at: int, *, is_forced: bool, is_recursive: bool) -> None:
        """The task was told to stop."""
        self._put(EventKind.CANCEL, is_forced | is_recursive << 1, 0, 0, at, 0, place[0], place[1], task_id)

    def stored(self, place: tuple[int, int], begin: int, size: int, *, is_failed: bool) -> None:
        """A `ray.put` of that many bytes is done."""
        self._put(EventKind.PUT, int(is_failed), 0, 0, begin, monotonic_ns(), place[0], place[1], b"", size)

    def yielded(self, scope: int, count: int, first: int, last: int) -> None:
        """A generator has yielded `count` items until now."""
        self._put(EventKind.ITEMS, 0, 0, 0, first, last, scope, 0, b"", count)

    def started(self, task_id: bytes, attempt: int, name: str, at: int, size: int) -> int:
        """A task's attempt began at that moment; returns the number that the other calls name it by."""
        scope = next(self._scopes)
        self._put(EventKind.START, 0, attempt, self._text(name), at, 0, scope, 0, task_id, size)
        return scope

    def came_from(self, scope: int, parent_id: bytes, begin: int, block: int) -> None:
        """The attempt was called by that task at that moment, in that block of its; the caller has no id of the call."""
        self._put(EventKind.ORIGIN, 0, 0, 0, begin, 0, scope, block, parent_id)

    def ended(self, scope: int, state: State, error: str) -> None:
        """The attempt is over."""
        now = monotonic_ns()
        self._put(EventKind.END, state, 0, self._text(error) if error else 0, now, 0, scope)

    def wait_began(self, scope: int, kind: int, refs: Sequence[bytes], asked: int) -> tuple[int, int]:
        """A `ray.get` or `ray.wait` on those tasks' results begins; returns its number and its beginning."""
        number = next(self._waits)
        begin = monotonic_ns()
        self._put(EventKind.WAIT_BEGIN, kind, 0, 0, begin, 0, scope, number, refs[0] if refs else b"", asked)
        for ref in itertools.islice(refs, 1, None):
            self._put(EventKind.WAIT_REF, 0, 0, 0, 0, 0, scope, number, ref)
        return number, begin

    def wait_ended(
        self, scope: int, number: int, begin: int, got: int, refs: Iterable[bytes], *, is_failed: bool, error: str = ""
    ) -> None:
        """The wait is over; `refs` are the tasks whose results it got, if those are not simply all; `error` is what one of them is."""
        end = monotonic_ns()
        for ref in refs:
            self._put(EventKind.WAIT_REF, 1, 0, 0, 0, 0, scope, number, ref)
        self._put(EventKind.WAIT_END, int(is_failed), 0, self._text(error) if error else 0, begin, end, scope, number, b"", got)

    def block_began(self, scope: int, outer: int, name: str, *, is_section: bool) -> int:
        """A span block opens; returns its number."""
        block = next(self._blocks)
        self._put(EventKind.SPAN_BEGIN, int(is_section), 0, self._text(name), monotonic_ns(), outer, scope, block)
        return block

    def block_ended(self, scope: int, block: int, *, is_failed: bool) -> None:
        """The block closes."""
        self._put(EventKind.SPAN_END, int(is_failed), 0, 0, 0, monotonic_ns(), scope, block)

    def noted(self, place: tuple[int, int], key: str, value: float | str) -> None:
        """An annotation. An integer beyond 64 bits is kept as a float."""
        scope, block = place
        code = self._text(key)
        if isinstance(value, str):
            self._put(EventKind.NOTE, _TEXT_NOTE, 0, code, 0, 0, scope, block, b"", self._text(value))
        elif isinstance(value, int) and -_INT_LIMIT <= value < _INT_LIMIT:
            self._put(EventKind.NOTE, _INT_NOTE, 0, code, 0, 0, scope, block, b"", value)
        else:
            bits = _INT.unpack(_FLOAT.pack(_as_float(value)))[0]
            self._put(EventKind.NOTE, _FLOAT_NOTE, 0, code, 0, 0, scope, block, b"", bits)

    def _text(self, text: str) -> int:
        """The number of a text, which is written out at its first use, and again after records were dropped."""
        if self._ring.dropped != self._dropped_before or len(self._texts) >= _MAX_TEXTS:
            self._dropped_before = self._ring.dropped
            self._texts.clear()
        number = self._texts.get(text)
        if number is None:
            number = next(self._text_numbers)
            self._write_text(number, text)
            self._texts[text] = number
        return number

    def _write_text(self, number: int, text: str) -> None:
        for record in text_records(number, text):
            self._ring.put_bytes(record)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


