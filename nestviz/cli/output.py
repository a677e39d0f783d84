"""Printing for people and programs: line by line, nothing that a terminal would take for a command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from nestviz.wording import printable

__all__ = ["complain", "say", "say_table"]


def say(text: str, out: TextIO | None = None) -> None:
    """Print a line to `out` (None: standard output) at once, so that a pipe sees it when it comes."""
    stream = sys.stdout if out is None else out
    stream.write(text + "\n")
    stream.flush()


def complain(text: str) -> None:
    """Print an error to standard error, as one line whatever is in it."""
    sys.stderr.write(f"nestviz: {printable(' '.join(text.split()))}\n")


def say_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print an aligned table, columns of numbers to the right; what a terminal would obey comes out as text."""
    table = [list(heads), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    are_numbers = [bool(rows) and all(row[column].isdigit() for row in rows) for column in range(len(heads))]
    for row in table:
        cells = [
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, are_numbers, strict=True)
        ]
        say("  ".join(cells).rstrip())
