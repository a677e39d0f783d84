"""Diagnoses on a real Ray: each program shows its flaw, its mended twin shows none."""

from __future__ import annotations

import diagnosed_programs
import pytest
from diagnosing import ids_of

import nestviz

pytestmark = pytest.mark.ray


@pytest.fixture(autouse=True)
def warm_workers(ray_session):
    """Workers that are there, so that only the programs that start more of them wait for one."""
    for _ in range(2):
        diagnosed_programs.naps(8, 0.05)


def recorded(name, program):
    with nestviz.record(name) as section:
        program()
    return section.trace()


@pytest.mark.parametrize("wanted", diagnosed_programs.PAIRS)
def test_a_program_shows_its_diagnosis_and_its_mended_twin_shows_none(wanted):
    pair = diagnosed_programs.PAIRS[wanted]
    assert wanted in ids_of(recorded(f"{wanted}, shown", pair.shown))
    diagnosed_programs.naps(8, 0.05)
    assert ids_of(recorded(f"{wanted}, mended", pair.mended)) == []
