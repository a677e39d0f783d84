"""The process of an embedded Ray: `python -m nestviz.launch.cluster_host [CPUS]`.

It prints one line of JSON, {"address", "cpus", "environment"} or {"error"}, and lives until its standard input is closed: so it
ends with the process that started it, also when that one is killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from nestviz.errors import LaunchError
from nestviz.launch.connection import start_local

__all__ = ["main"]

_ATTACHING = ("RAY_AUTH_MODE", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER")


def main(argv: list[str]) -> int:
    """Start Ray, say where it is, wait, and end it. The exit status is 1 when it could not be started."""
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever Ray prints, the answer is the only line
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for who started us to decide
    try:
        address, cpus = start_local(float(argv[0]) if argv else None)
    except LaunchError as error:
        with answer:
            answer.write(json.dumps({"error": str(error)}) + "\n")
        return 1
    variables = {"RAY_ADDRESS": address, **{name: os.environ[name] for name in _ATTACHING if name in os.environ}}
    with answer:
        answer.write(json.dumps({"address": address, "cpus": cpus, "environment": variables}) + "\n")
    sys.stdin.buffer.read()
    import ray

    ray.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
