"""`nestviz attach`: record a program that runs already, from Ray's own record."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from nestviz.cli.output import say
from nestviz.errors import LaunchError
from nestviz.launch.cluster import find_cluster
from nestviz.launch.connection import connected

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument("--name", metavar="NAME", help="the recording's name (default: the program's)")
    parser.add_argument("--job", metavar="JOB_ID", help="which of the running jobs (needed when there are several)")
    parser.add_argument("--interval", type=_seconds, default=2.0, metavar="SECONDS", help="between two looks (default: %(default)g)")
    parser.add_argument("--once", action="store_true", help="record what Ray knows now and end")
    parser.add_argument("--address", metavar="ADDR", help="the cluster (default: RAY_ADDRESS, or the one on this machine)")


def run(options: argparse.Namespace) -> int:
    """Record until the program ends or Ctrl-C is pressed."""
    if options.address:
        os.environ["RAY_ADDRESS"] = options.address  # for Ray's State API, which prefers it to what it is told
    cluster = find_cluster(os.environ)
    if cluster is None:
        raise LaunchError("there is no Ray cluster to attach to; say where with --address or RAY_ADDRESS")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to end is no failure either
    with connected(cluster, None):
        from nestviz.launch.attach import attach  # imports Ray, which must not come before `connected`

        attach(
            options.job,
            options.name,
            options.interval,
            is_once=options.once,
            on_begin=lambda recording, job: say(f"recording job {job.job_id} as {recording}", sys.stderr),
        )
    return 0


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value
