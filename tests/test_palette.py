"""The palette: visible on its background, and told apart by people who see colours differently."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from nestviz.events import Phase, State
from nestviz.figures.palette import PALETTES

# Machado, Oliveira, Fernandes 2009, severity 1.0, linear RGB
VISION = {
    "common": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}


def linear(colour):
    raw = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(raw <= 0.04045, raw / 12.92, ((raw + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(colour, vision):
    rgb = np.clip(VISION[vision] @ linear(colour), 0, 1)
    xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]) @ rgb
    ratio = xyz / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one, other):
    """Sharma, Wu, Dalal 2005."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean_c = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    dl, dc = l2 - l1, c2 - c1
    dh = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    big_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(dh) / 2)
    ml, mc = (l1 + l2) / 2, (c1 + c2) / 2
    mh = h1 + h2 if c1 * c2 == 0 else (h1 + dh / 2) % 360
    t = (1 - 0.17 * np.cos(np.radians(mh - 30)) + 0.24 * np.cos(np.radians(2 * mh)) + 0.32 * np.cos(np.radians(3 * mh + 6))
         - 0.20 * np.cos(np.radians(4 * mh - 63)))  # fmt: skip
    sl = 1 + 0.015 * (ml - 50) ** 2 / np.sqrt(20 + (ml - 50) ** 2)
    sc, sh = 1 + 0.045 * mc, 1 + 0.015 * mc * t
    rt = -2 * np.sqrt(mc**7 / (mc**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((mh - 275) / 25) ** 2))))
    return float(np.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (big_h / sh) ** 2 + rt * (dc / sc) * (big_h / sh)))


def test_the_distance_is_the_published_one():
    assert ciede2000((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert ciede2000((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387)) == pytest.approx(1.2644, abs=1e-4)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
def test_phases_drawn_side_by_side_are_told_apart(theme, vision):
    colours = PALETTES[theme].phases
    near = {(a.name, b.name): ciede2000(lab(colours[a], vision), lab(colours[b], vision)) for a, b in combinations(Phase, 2)}
    pair = min(near, key=near.get)
    assert near[pair] >= 10, (pair, near[pair])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
def test_states_are_told_apart(theme, vision):
    colours = {**PALETTES[theme].states, "retried": PALETTES[theme].retried}
    near = {(a, b): ciede2000(lab(colours[a], vision), lab(colours[b], vision)) for a, b in combinations(colours, 2)}
    # cancelled and lost carry signs of their own
    signs = {State.CANCELLED, State.LOST}
    near = {pair: distance for pair, distance in near.items() if not signs & set(pair)}
    pair = min(near, key=near.get)
    assert near[pair] >= 12, (pair, near[pair])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bars_or_their_edges_stand_out_from_the_background(theme):
    palette = PALETTES[theme]
    weak = {
        phase.name: contrast(palette.outlines.get(phase, colour), palette.background)
        for phase, colour in palette.phases.items()
        if contrast(palette.outlines.get(phase, colour), palette.background) < (3.0 if theme == "dark" else 2.5)
    }
    assert weak == {}


def test_on_dark_every_colour_has_three_to_one():
    palette = PALETTES["dark"]
    colours = {**{s.name: c for s, c in palette.states.items()}, **{p.name: c for p, c in palette.phases.items()}}
    weak = {name: contrast(colour, palette.background) for name, colour in colours.items()}
    assert {name: ratio for name, ratio in weak.items() if ratio < 3} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_names_on_bars_are_readable(theme):
    palette = PALETTES[theme]
    assert contrast(palette.on_compute, palette.phases[Phase.COMPUTE]) >= 4.5
    assert contrast(palette.on_blocked, palette.phases[Phase.BLOCKED]) >= 4.5
    assert contrast(palette.text, palette.background) >= 7
    assert contrast(palette.quiet_text, palette.background) >= 4.5
