"""The borders between the rooms: who imports whom, and what a worker must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "nestviz"

# room: (rooms of nestviz it may import, third-party packages it may import)
ROOMS = {
    "errors": (set(), set()),
    "events": (set(), set()),
    "wording": (set(), set()),
    "ray_private": ({"errors"}, {"ray"}),
    "capture": ({"errors", "events", "ray_private", "collector", "FRONT"}, {"ray"}),
    "journal": ({"errors", "events"}, set()),
    "collector": ({"errors", "events", "ray_private", "journal"}, {"ray"}),
    "trace": ({"errors", "events"}, {"numpy", "pyarrow", "networkx"}),
    "recordings": ({"errors", "events", "journal", "collector", "capture", "trace"}, set()),
    "analysis": ({"errors", "events", "wording", "trace"}, {"numpy"}),
    "layout": ({"events", "trace", "analysis", "wording"}, {"numpy", "networkx"}),
    "figures": ({"events", "wording", "trace", "analysis", "layout"}, {"numpy", "plotly"}),
    "launch": ({"errors", "ray_private", "collector", "recordings", "analysis", "workloads", "FRONT"}, {"ray"}),
    "workloads": ({"errors", "FRONT"}, {"ray", "numpy"}),
    "cli": ({"*"}, set()),
    "dashboard": ({"*"}, {"streamlit", "plotly", "numpy"}),
    "__main__": ({"cli"}, set()),
}
NOT_FOR = {"cli": {"dashboard"}, "dashboard": {"capture", "cli"}}


def imports_of(path):
    """Names of modules imported at run time; `if TYPE_CHECKING:` blocks are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "nestviz":
                yield from (f"nestviz.{alias.name}" for alias in node.names)
            else:
                yield node.module


def files():
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_from_rooms_above_it(path):
    room = room_of(path)
    if room == "__init__":
        return
    allowed, libraries = ROOMS[room]
    for name in imports_of(path):
        top = name.split(".")[0]
        if top == "nestviz":
            parts = name.split(".")
            other = parts[1] if len(parts) > 1 else "FRONT"
            is_front = other == "FRONT" or (not (PACKAGE / other).exists() and not (PACKAGE / f"{other}.py").exists())
            other = "FRONT" if is_front else other
            assert other == room or other in allowed or ("*" in allowed and other not in NOT_FOR[room]), f"{room} imports {name}"
        elif top not in sys.stdlib_module_names and top != "__future__":
            assert top in libraries, f"{room} imports {name}"


def test_every_module_says_what_it_is():
    silent = [str(path) for path in files() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_importing_nestviz_and_capture_loads_no_heavy_library():
    code = (
        "import sys, ray\nbefore = set(sys.modules)\nimport nestviz\nnestviz.remote\n"
        "print(sorted({m.split('.')[0] for m in set(sys.modules) - before} & {'numpy','pyarrow','networkx','plotly','streamlit'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout == "[]\n"
