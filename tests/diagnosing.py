"""Reading diagnoses in tests: which a trace has, and what one of them says."""

from __future__ import annotations

from nestviz.analysis.diagnoses import diagnose


def ids_of(trace):
    return [one.id for one in diagnose(trace)]


def only(trace, wanted):
    """The one diagnosis with that id."""
    (found,) = [one for one in diagnose(trace) if one.id == wanted]
    return found


def said(trace, wanted):
    """Its rows, milliseconds, and how sure it is."""
    found = only(trace, wanted)
    return found.rows.tolist(), round(found.seconds * 1e3, 3), found.confidence.value
