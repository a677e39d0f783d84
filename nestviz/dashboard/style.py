"""The look that Streamlit's theme cannot say: a few rules of CSS, the logo, and small pieces of HTML with every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from nestviz.dashboard.literal import as_html

__all__ = ["LOGO", "STYLE", "Share", "share_bar", "share_rows"]

STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding-inline: 2.5rem; }
[data-testid="stMetric"] { padding: 0; }
[data-testid="stMetricLabel"] { opacity: .65; }
[data-testid="stMetricLabel"] p { font-size: .8rem; }
[data-testid="stMetric"] [data-testid="stTooltipIcon"] { opacity: 0; transition: opacity .15s; }
[data-testid="stMetric"]:is(:hover, :focus-within) [data-testid="stTooltipIcon"] { opacity: 1; }
.st-key-tiles { border-block: 1px solid color-mix(in srgb, currentColor 12%, transparent); padding: .55rem 0 .6rem; }
[data-testid="stColumn"]:has(> * .st-key-details) { position: sticky; top: 4rem; align-self: flex-start;
  max-height: calc(100vh - 4.5rem);
  overflow: auto; padding-bottom: 1rem; scrollbar-width: thin; }
.st-key-switch { position: relative; z-index: 3; margin-bottom: -3.1rem; pointer-events: none; }
.st-key-switch > * { pointer-events: auto; }
.nestviz-chart[data-key="timeline"] .modebar { transform: translateX(-12.5rem); }
.st-key-empty { padding: 12vh 0; }
.st-key-crumbs button, .st-key-children button, .st-key-stall button { min-height: 0; padding: 0; }
.st-key-stall, .st-key-lost, .st-key-cut { border: 1px solid #C2410C; border-left-width: 5px; border-radius: .5rem;
  padding: .7rem 1rem; background: color-mix(in srgb, #C2410C 9%, transparent); font-size: .9rem; }
.nv-state { font-size: .85rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.nv-state b { font-weight: 600; }
.nv-quiet { opacity: .65; font-size: .82rem; }
.nv-title { font-size: 1.05rem; font-weight: 600; overflow-wrap: anywhere; }
.nv-bar { display: flex; height: .5rem; border-radius: .25rem; overflow: hidden; gap: 1px;
  background: color-mix(in srgb, currentColor 8%, transparent); }
.nv-bar i { display: block; min-width: 2px; }
.nv-legend { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; font-size: .82rem; margin-top: .35rem; }
.nv-legend i, .nv-rows i.nv-dot { display: inline-block; width: .65rem; height: .65rem; border-radius: .18rem; margin-right: .4rem;
  box-shadow: inset 0 0 0 1px color-mix(in srgb, currentColor 25%, transparent); }
.nv-rows { display: grid; grid-template-columns: auto 1fr auto; gap: .22rem .6rem; font-size: .85rem; align-items: center; }
.nv-rows .nv-track { height: .5rem; border-radius: .25rem; background: color-mix(in srgb, currentColor 8%, transparent); }
.nv-rows .nv-track b { display: block; height: 100%; border-radius: .25rem; min-width: 1px; }
.nv-rows .nv-value, .nv-facts .nv-value { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.nv-facts { display: grid; grid-template-columns: auto 1fr; gap: .18rem .8rem; font-size: .85rem; }
.nv-facts .nv-key { opacity: .65; white-space: nowrap; }
.nv-facts .nv-value { overflow-wrap: anywhere; white-space: normal; }
.nv-card { border-left: 3px solid color-mix(in srgb, currentColor 25%, transparent); padding-left: .7rem; font-size: .85rem;
  overflow-wrap: anywhere; }
.nv-card b { font-variant-numeric: tabular-nums; margin-right: .3rem; }
.nv-card .nv-advice { margin: .15rem 0; opacity: .85; }
.st-key-advice button { min-height: 0; padding: 0 0 0 .85rem; }
.nv-id { font-family: monospace; font-size: .68rem; opacity: .65; overflow-wrap: anywhere; }
</style>"""

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 118 28" width="118" height="28">'
    '<g fill="none" stroke="#8DA2C0" stroke-width="1.8"><path d="M14 6C14 13 6 11 6 18M14 6c0 7 8 5 8 12"/></g>'
    '<circle cx="14" cy="6" r="4.2" fill="#2F6FD0"/><circle cx="6" cy="20" r="3.8" fill="#0F8F73"/>'
    '<circle cx="22" cy="20" r="3.8" fill="#7DB3E8"/>'
    '<text x="34" y="20" font-family="system-ui, sans-serif" font-size="18" font-weight="600" fill="#5B7FB8">nestviz</text></svg>'
)


@dataclass(frozen=True)
class Share:
    """One part of a whole: what it is called, its amount in words, its size in any unit, its colour."""

    name: str
    said: str
    amount: float
    colour: str


def share_bar(shares: Sequence[Share]) -> None:
    """The parts in one bar, with a legend under it; parts of nothing are left out."""
    there = [share for share in shares if share.amount > 0]
    whole = sum(share.amount for share in there) or 1
    bars = "".join(f'<i style="width:{100 * s.amount / whole:.3f}%;background:{s.colour}"></i>' for s in there)
    names = "".join(
        f'<span><i style="background:{s.colour}"></i>{as_html(s.said)} {as_html(s.name)}</span>' for s in there
    )
    st.html(f'<div class="nv-bar">{bars}</div><div class="nv-legend">{names}</div>')


def share_rows(shares: Sequence[Share]) -> None:
    """The parts below one another, each with its own bar."""
    whole = sum(share.amount for share in shares) or 1
    rows = "".join(
        f'<span><i class="nv-dot" style="background:{s.colour}"></i>{as_html(s.name)}</span>'
        f'<span class="nv-track"><b style="width:{100 * s.amount / whole:.3f}%;background:{s.colour}"></b></span>'
        f'<span class="nv-value">{as_html(s.said)}</span>'
        for s in shares
    )
    st.html(f'<div class="nv-rows">{rows}</div>')
