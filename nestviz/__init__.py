"""See nested parallelism in Ray as it happens.

    import ray, nestviz

    @nestviz.remote
    def quick_sort(collection): ...

Each public name is loaded on its first use: a Ray worker that only runs instrumented tasks must not pay for numpy or Plotly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nestviz.analysis.summary import Summary, summarize
    from nestviz.capture import annotate, install, record, remote, span
    from nestviz.recordings import load
    from nestviz.trace.model import Trace

__all__ = ["Summary", "Trace", "annotate", "install", "load", "record", "remote", "span", "summarize"]
__version__ = "0.1.0"

_HOMES = {
    "annotate": "nestviz.capture",
    "install": "nestviz.capture",
    "record": "nestviz.capture",
    "remote": "nestviz.capture",
    "span": "nestviz.capture",
    "load": "nestviz.recordings",
    "Trace": "nestviz.trace.model",
    "Summary": "nestviz.analysis.summary",
    "summarize": "nestviz.analysis.summary",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'nestviz' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
