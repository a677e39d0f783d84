"""Finding out quickly whether a Ray cluster can be reached: Ray itself goes on trying for a minute."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path

from nestviz.errors import LaunchError

__all__ = ["local_cluster_address", "parse_address", "probe"]

_TIMEOUT_S = 5.0
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})")
_MAX_PORT = 65_535

# What a client of HTTP/2, and so of gRPC, says first, with an empty SETTINGS frame; the server answers with a SETTINGS frame.
_HTTP2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_FRAME_HEAD_BYTES = 9
_SETTINGS = 4


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of an address of Ray; LaunchError when it is none that a driver can attach to."""
    if "://" in text:
        raise LaunchError(
            f"RAY_ADDRESS={text} is not an address that a driver can attach to; "
            "give host:port of the cluster's head node (usually port 6379)"
        )
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None or not 0 < int(match["port"]) <= _MAX_PORT:
        raise LaunchError(f"RAY_ADDRESS={text} is not an address; give host:port of the cluster's head node, auto or local")
    return match["host"].strip("[]"), int(match["port"])


def probe(host: str, port: int, *, is_encrypted: bool = False, timeout_s: float = _TIMEOUT_S) -> str:
    """Why no Ray answers at `host:port`, or "" when one seems to: something there speaks gRPC (if not encrypted)."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            if is_encrypted:
                return ""
            connection.settimeout(timeout_s)
            connection.sendall(_HTTP2_HELLO)
            head = b""
            while len(head) < _FRAME_HEAD_BYTES:
                part = connection.recv(_FRAME_HEAD_BYTES - len(head))
                if not part:
                    break
                head += part
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except OSError as error:
        return error.strerror or str(error)
    is_grpc = len(head) == _FRAME_HEAD_BYTES and head[3] == _SETTINGS
    return "" if is_grpc else "what listens there is not Ray"


def local_cluster_address(env: Mapping[str, str]) -> str:
    """The address that the last `ray start` on this machine left in Ray's temporary folder; "" when there is none."""
    folder = env.get("RAY_TMPDIR") or env.get("TMPDIR") or "/tmp"  # noqa: S108 - Ray's own default
    try:
        return (Path(folder) / "ray" / "ray_current_cluster").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
