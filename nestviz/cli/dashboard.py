"""`nestviz dashboard`: hand this process over to Streamlit, listening on this machine alone unless told otherwise."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import nestviz
from nestviz.errors import LaunchError
from nestviz.launch.environment import child_environment

__all__ = ["add_arguments", "run", "streamlit_command"]

_PORT = 8501
_MAX_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument("--port", type=_port, default=_PORT, metavar="N", help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--address", default="127.0.0.1", metavar="ADDR", help="address to listen on (default: %(default)s, this machine alone)"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def run(options: argparse.Namespace) -> int:
    """Become Streamlit; returns only by raising LaunchError when that is not possible."""
    command = streamlit_command(options.port, options.address, is_browser_opened=not options.no_browser)
    sys.stdout.flush()
    try:
        os.execve(command[0], command, child_environment({}))  # noqa: S606 - our own interpreter, no shell
    except OSError as error:
        raise LaunchError(f"cannot start {command[0]}: {error}") from error


def streamlit_command(port: int, address: str, *, is_browser_opened: bool) -> list[str]:
    """The command that starts the dashboard; its options stand here too as an installed nestviz has no .streamlit folder."""
    script = Path(nestviz.__file__).parent / "dashboard" / "main.py"
    options = {
        "server.port": str(port),
        "server.address": address,
        "server.headless": "false" if is_browser_opened else "true",
        "server.showEmailPrompt": "false",
        "server.enableXsrfProtection": "true",
        "browser.gatherUsageStats": "false",
    }
    return [sys.executable, "-m", "streamlit", "run", str(script), *(f"--{name}={value}" for name, value in options.items())]


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdecimal() else 0
    if not 0 < port <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return port
