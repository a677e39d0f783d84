"""What could be better in a recording, in a terminal and in JSON, and how to be spared of it."""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nestviz.cli.output import say
from nestviz.wording import duration, printable

if TYPE_CHECKING:
    from nestviz.analysis.diagnoses import Diagnosis

__all__ = ["add_ignore", "diagnoses_json", "ignored_ids", "say_diagnoses"]

_WIDTH = 100
_INDENT = " " * 10


def add_ignore(parser: argparse.ArgumentParser) -> None:
    """The option that switches diagnoses off."""
    text = "leave a diagnosis out, by its id (several times, or several with commas); NESTVIZ_IGNORE in the environment does the same"
    parser.add_argument("--ignore", metavar="ID", action="append", default=[], help=text)


def ignored_ids(options: argparse.Namespace) -> frozenset[str]:
    """What is switched off by the options and by the environment; UsageError for an id that there is not."""
    from nestviz.analysis.diagnoses import VARIABLE, ids_of

    return ids_of(",".join([*options.ignore, os.environ.get(VARIABLE, "")]))


def diagnoses_json(diagnoses: Iterable[Diagnosis]) -> list[dict[str, object]]:
    """The diagnoses as `--json` has them."""
    return [
        {
            "id": one.id,
            "title": one.title,
            "seconds": one.seconds,
            "tasks": one.tasks,
            "confidence": one.confidence.value,
            "advice": one.advice,
            "url": one.url,
        }
        for one in diagnoses
    ]


def say_diagnoses(diagnoses: Iterable[Diagnosis]) -> None:
    """Print them, the one that is worth most first."""
    for place, one in enumerate(diagnoses):
        if not place:
            say("")
            say("what would help, and the time that could be won at most:")
        seconds = duration(round(one.seconds * 1e9)) if one.seconds else "–"
        say(f"{seconds:>8}  {printable(one.title)}  [{one.id}, {one.confidence.value}]")
        for line in textwrap.wrap(printable(one.advice), _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT):
            say(line)
        if one.url:
            say(f"{_INDENT}{one.url}")
