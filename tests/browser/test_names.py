"""Names from a program are text everywhere: in the pictures, their hovers, the panel, the lists."""

from __future__ import annotations

import re

import pytest
from builders import RecordingBuilder
from dashboard_fakes import write_recording
from playwright.sync_api import expect
from screen import centre, chart, open_live

from nestviz.events import State

HOSTILE = "<b>x</b><script>window.hit=1</script><a href='javascript:window.hit=1'>y</a>"
LINK = "[see](https://evil.example) www.evil.example :smile:"


@pytest.fixture
def hostile(home):
    builder = RecordingBuilder()
    root = builder.start(builder.submit(HOSTILE), 1)
    child = builder.submit(LINK, root, 100)
    builder.run(child, 150, 900, state=State.FAILED, error=f"ValueError: {HOSTILE}")
    builder.note(root, "<i>key</i>", HOSTILE)
    builder.get(root, [child], 100, 900)
    builder.end(root, 1_000)
    builder.close(1_001)
    return write_recording(home, "hostile-20231114-221320-01000000", builder, name=HOSTILE)


def markup(page) -> int:
    """Elements that only a name could have made."""
    return page.locator(
        "a[href*='evil'], a[href^='javascript'], script:text('window.hit'), "
        ".nestviz-chart tspan[style*='font-weight:bold']:text-is('x')"
    ).count()


def test_names_show_literally_in_pictures_hovers_and_details(page, server, hostile):
    open_live(page, server, f"?recording={hostile.stem}")
    tree = page.locator(chart("tree"))
    expect(tree).to_contain_text("<b>x</b><script>")
    bar = page.locator(f"{chart('timeline')} .bars text", has_text="window.hit").first
    page.mouse.move(*centre(bar))
    expect(page.locator(f"{chart('timeline')} .hoverlayer")).to_contain_text("<b>x</b>")
    page.mouse.click(*centre(bar))
    details = page.locator(".st-key-details")
    expect(details.locator(".nv-title").first).to_have_text(HOSTILE)
    expect(details).to_contain_text("<i>key</i>")
    child = details.locator(".st-key-children button")
    expect(child).to_contain_text("[see](https")
    child.click()
    expect(details).to_contain_text("ValueError: <b>x</b>")
    expect(details.locator(".st-key-crumbs")).to_contain_text("<b>x</b>".replace("<", "\u2060<\u2060").replace(">", "\u2060>\u2060"))
    assert markup(page) == 0
    assert page.evaluate("() => window.hit") is None


def test_names_show_literally_in_the_list_of_recordings(page, server, hostile):
    page.goto(f"{server.url}/recordings")
    page.locator('[data-testid="stDataFrame"]').wait_for()
    page.goto(f"{server.url}/?recording={hostile.stem}")
    expect(page.get_by_role("combobox", name="Recording")).to_have_value(re.compile(r"^<b>x</b><script>"))
    assert markup(page) == 0
