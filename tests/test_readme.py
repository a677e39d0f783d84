"""The README's promises that can be checked by reading."""

from __future__ import annotations

import re
from pathlib import Path

from nestviz.analysis.diagnoses import PATTERNS

ROOT = Path(__file__).parent.parent


def commands():
    return re.findall(r"```sh\n(.*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_ci_runs_the_readme_s_test_command():
    (command,) = [c for c in commands() if "pytest" in c]
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_files_that_the_readme_names_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r"tests/[\w/]+\.py", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_lists_the_diagnoses_that_there_are():
    listed = re.findall(r"^- `([\w-]+)`: (.+)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [(pattern.id, pattern.looks_for) for pattern in PATTERNS.values()]
