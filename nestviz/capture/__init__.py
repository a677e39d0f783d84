"""What runs in the user's processes: standard library and Ray alone, never in the way.

Importing this room puts the recording versions of Ray's calls in place. That happens at import because a worker learns of nestviz
only by running a recorded function, which imports this room and calls nothing else of it.
"""

from __future__ import annotations

from nestviz.capture.blocks import SectionHandle, annotate, record, span
from nestviz.capture.functions import remote
from nestviz.capture.hooks import install, install_hooks

__all__ = ["SectionHandle", "annotate", "install", "record", "remote", "span"]

install_hooks()
