"""What a program prints, less the warnings that Ray's raylet prints between its lines when it likes."""

from __future__ import annotations

__all__ = ["own"]


def own(text):
    return "".join(line for line in text.splitlines(keepends=True) if "(raylet)" not in line)
