"""How numbers and names are said, and how names from a program are kept from being markup or terminal commands."""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import datetime, timezone

__all__ = [
    "clock_time",
    "count",
    "counted",
    "data_size",
    "duration",
    "label",
    "plotly_text",
    "printable",
    "ratio",
    "without_escapes",
]

_US, _MS, _S, _MIN = 1_000, 1_000_000, 1_000_000_000, 60_000_000_000


def duration(ns: int) -> str:
    """Nanoseconds in the unit that fits, three digits: "12.3 ms"; "unknown" below zero."""
    if ns < 0:
        return "unknown"
    for limit, unit, name in ((999_500, _US, "µs"), (999_500_000, _MS, "ms"), (119_500_000_000, _S, "s")):
        if ns < limit:
            return f"{_three_digits(ns / unit)} {name}"
    return f"{_three_digits(ns / _MIN)} min"


def count(number: int) -> str:
    """A whole number with separators between thousands."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """So many of something: "1 task", "4,637 tasks"."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def data_size(size_bytes: int) -> str:
    """Bytes in the unit that fits, three digits: "1.95 MB"; "unknown" below zero."""
    if size_bytes < 0:
        return "unknown"
    for limit, unit, name in ((999.5, 1, "B"), (999.5e3, 1e3, "kB"), (999.5e6, 1e6, "MB"), (999.5e9, 1e9, "GB")):
        if size_bytes < limit:
            return f"{_three_digits(size_bytes / unit)} {name}"
    return f"{_three_digits(size_bytes / 1e12)} TB"


def clock_time(unix_ns: int) -> str:
    """A moment on the wall clock of this machine, to the millisecond."""
    moment = datetime.fromtimestamp(unix_ns / 1e9, tz=timezone.utc).astimezone()
    return f"{moment:%H:%M:%S}.{unix_ns // 1_000_000 % 1_000:03d}"


def printable(text: str) -> str:
    """A text in which a terminal finds nothing to obey: control and formatting characters become visible escapes."""
    return "".join(c if c == " " or unicodedata.category(c)[0] not in "CZ" else c.encode("unicode_escape").decode() for c in text)


def without_escapes(text: str) -> str:
    """A program's output as a page shows it: colours and cursor movements, which only a terminal understands, are left out."""
    return re.sub(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])", "", text)


def label(name: str, size: int) -> str:
    """What stands on a node: "sort(4,096)", or the name alone when the size is unknown (negative)."""
    return f"{name}({count(size)})" if size >= 0 else name


def plotly_text(name: str, limit: int = 80) -> str:
    """A name as Plotly text: shown literally, on one line, cut with … beyond `limit` characters."""
    plain = re.sub(r"\s+", " ", name).strip()
    return html.escape(plain if len(plain) <= limit else plain[: limit - 1] + "…", quote=False)


def _three_digits(value: float) -> str:
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"  # noqa: PLR2004 - above it, three digits would round to 1e+03


def ratio(value: float) -> str:
    """A factor: "2.61×"."""
    return f"{value:.2f}×"
