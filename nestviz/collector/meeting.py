"""Where the processes of one node meet whoever takes their events: a private folder per job, with everybody's rings.

The folders are `/tmp/nestviz-UID/SESSION/NODE/JOB`: several clusters of one user on one machine keep apart, and so do several nodes.
No process has to find an actor or wait for one: whoever runs an instrumented task leaves a ring here. On the driver's node the folder
also holds the driver's description of the recording, and the collector takes from it; on other nodes a relay does.
"""

from __future__ import annotations

import json
import os
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path

from nestviz.errors import CaptureError

__all__ = [
    "RING_SUFFIX",
    "Description",
    "base_folder",
    "new_ring_path",
    "node_folder",
    "read_description",
    "recordings_home",
    "request_join",
    "take_join_request",
    "write_description",
]

RING_SUFFIX = ".ring"
_DESCRIPTION = "recording.json"
_JOIN_REQUEST = "join.request"


@dataclass(frozen=True)
class Description:
    """What the driver says of its recording: where the journal goes, and its META chunk."""

    journal: Path
    meta: dict[str, object]


def base_folder() -> Path:
    """The folder of this user on this node, created private; CaptureError when somebody else owns it.

    A fixed place, not TMPDIR: driver, workers and collector may have different environments.
    """
    uid = os.getuid()
    folder = Path("/tmp") / f"nestviz-{uid}"  # noqa: S108 - private to the user: created 0700 and its owner checked below
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != uid:
        raise CaptureError(f"{folder} belongs to somebody else; remove it to record with nestviz")
    return folder


def recordings_home() -> Path:
    """Where recordings live: $NESTVIZ_HOME, or ~/.nestviz/recordings. It need not exist."""
    text = os.environ.get("NESTVIZ_HOME", "")
    return Path(text).expanduser().absolute() if text else Path.home() / ".nestviz" / "recordings"


def node_folder(session: str, node_id: str) -> Path:
    """The folder of one node of one session of Ray, in which each job has its own. It need not exist."""
    return base_folder() / session / node_id


def new_ring_path(folder: Path) -> tuple[str, Path]:
    """A fresh identity for this process (32 hex digits) and the path of its ring."""
    uid = uuid.uuid4().hex
    return uid, folder / f"{uid}{RING_SUFFIX}"


def write_description(folder: Path, description: Description) -> None:
    """Tell the collector of a recording; from then on it takes what the rings hold."""
    draft = folder / (_DESCRIPTION + ".draft")
    draft.write_text(json.dumps({"journal": str(description.journal), "meta": description.meta}), encoding="utf-8")
    draft.rename(folder / _DESCRIPTION)


def read_description(folder: Path) -> Description | None:
    """The recording described in the folder; None while there is none."""
    try:
        value = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        return Description(Path(value["journal"]), dict(value["meta"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def request_join(folder: Path) -> None:
    """Ask the collector to read Ray's own record for the recording in the folder; OSError when that is over."""
    (folder / _JOIN_REQUEST).touch()


def take_join_request(folder: Path) -> bool:
    """Whether somebody has asked so since the last call."""
    try:
        (folder / _JOIN_REQUEST).unlink()
    except OSError:
        return False
    return True
