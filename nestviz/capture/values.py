"""Recognising large values that one task sends again, or sends on after it got them, by a sample of what is in them.

Buffers (bytes, arrays), strings, lists and tuples can be sampled cheaply; other values are not recognised. Nothing is kept alive.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import islice

__all__ = ["LARGE_BYTES", "got", "is_known", "sent"]

LARGE_BYTES = 100 * 1024
"""Ray sends smaller arguments along with the call."""

_LARGE_LENGTH = 10_000
_SAMPLES = 16
_WORD = 8
_MOST = 256

_GOT, _SENT = "got", "sent"
_known: dict[tuple[str, int, Hashable], None] = {}


def got(scope: int, values: object, *, is_one: bool) -> None:
    """That attempt has got this value, or these; only the first thousand are looked at."""
    for value in (values,) if is_one else islice(values if isinstance(values, list) else (), 1_000):
        sample = _sample(value)
        if sample is not None:
            _remember((_GOT, scope, sample))


def sent(scope: int, value: object) -> None:
    """That attempt has sent this value as an argument."""
    sample = _sample(value)
    if sample is not None:
        _remember((_SENT, scope, sample))


def is_known(scope: int, value: object) -> tuple[bool, bool]:
    """Whether that attempt has sent this value before, and whether it has got it."""
    sample = _sample(value)
    return (sample is not None and (_SENT, scope, sample) in _known, sample is not None and (_GOT, scope, sample) in _known)


def _remember(key: tuple[str, int, Hashable]) -> None:
    _known[key] = None
    if len(_known) > _MOST:
        del _known[next(iter(_known))]


def _sample(value: object) -> Hashable:
    """What tells a large value from others; None for a small one, or one of another kind."""
    if isinstance(value, (list, tuple)):
        length = len(value)
        return (length, *(id(value[i]) for i in _places(length))) if length >= _LARGE_LENGTH else None
    if isinstance(value, str):
        return (len(value), value[:: max(len(value) // _SAMPLES, 1)]) if len(value) >= LARGE_BYTES else None
    if isinstance(value, (bytes, bytearray)) or type(value).__name__ == "ndarray":
        try:
            view = memoryview(value).cast("B")  # type: ignore[arg-type]  # an array is a buffer
        except (TypeError, ValueError, BufferError):  # of dates, or not in one piece
            return None
        return (len(view), *(bytes(view[i : i + _WORD]) for i in _places(len(view)))) if len(view) >= LARGE_BYTES else None
    return None


def _places(length: int) -> range:
    return range(0, length, max(length // _SAMPLES, 1))
