"""`nestviz demo WORKLOAD`: run a workload over several sizes and print both times of each."""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from typing import TYPE_CHECKING, TextIO

from nestviz.cli.output import say
from nestviz.launch.cluster import find_cluster
from nestviz.launch.connection import connected
from nestviz.launch.request import check_request, find_workload
from nestviz.workloads import WORKLOADS

if TYPE_CHECKING:
    from nestviz.launch.demo import DemoStep

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument("workload", metavar="WORKLOAD", help=", ".join(WORKLOADS))
    parser.add_argument(
        "--sizes", type=_sizes, nargs="+", metavar="N", help="sizes to run, like 200000,4000000 (default: the workload's own)"
    )
    parser.add_argument("--threshold", type=int, metavar="N", help="go on in place at or below this size")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the random input (default: %(default)s)")
    parser.add_argument("--cpus", type=_cpus, metavar="N", help="CPUs of the Ray that is started when there is none")
    parser.add_argument("--no-sequential", action="store_true", help="run the distributed way only")
    parser.add_argument("--json", action="store_true", help="print a list in JSON when all is done")


def run(options: argparse.Namespace) -> int:
    """Run the demonstration."""
    workload = find_workload(options.workload)
    sizes = [size for part in options.sizes for size in part] if options.sizes is not None else list(workload.demo_sizes)
    check_request(workload, sizes, options.threshold, options.seed)
    with _chatter_held_back() as out, connected(find_cluster(os.environ), options.cpus):
        from nestviz.launch.demo import run_demo  # imports Ray, which must not come before `connected`

        results = run_demo(
            workload.name,
            sizes,
            options.threshold,
            options.seed,
            is_sequential_run=not options.no_sequential,
            on_step=None if options.json else partial(_print_step, out),
        )
    if options.json:
        say(json.dumps([dataclasses.asdict(result) for result in results], indent=2))
    return 0


@contextmanager
def _chatter_held_back() -> Iterator[TextIO]:
    """Give the real standard output; what Ray prints there meanwhile comes out on standard error at the end."""
    out, chatter = sys.stdout, io.StringIO()
    try:
        with redirect_stdout(chatter):
            yield out
    finally:
        sys.stderr.write(chatter.getvalue())


def _print_step(out: TextIO, step: DemoStep) -> None:
    if step.stage == "began":
        say(f"Array size: {step.size}", out)
    elif step.stage == "sequential":
        say(f"Sequential execution: {step.seconds:.3f}", out)
    else:
        say(f"Distributed execution: {step.seconds:.3f}", out)
        say("--" * 10, out)


def _sizes(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of whole numbers") from None


def _cpus(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
