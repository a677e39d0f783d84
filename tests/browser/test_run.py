"""A person clicks Run and watches: the whole way from a Ray task to a mark on the screen."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect
from screen import chart

from nestviz.recordings import Catalogue

PATIENCE_S = 240


def ask_for(page, server, size, threshold):
    page.goto(f"{server.url}/run")
    for label, value in (("Numbers to sort", size), ("Sort in place up to", threshold)):
        field = page.get_by_label(label, exact=True)
        field.fill(str(value))
        field.press("Enter")
    button = page.get_by_role("button", name=f"Run quicksort {size:,}")
    expect(button).to_be_enabled()
    button.click()
    page.wait_for_url("**recording=quicksort**", timeout=PATIENCE_S * 1000)


def marks(page, key):
    return page.locator(f"{chart(key)} .points path, {chart(key)} .point path").count()


def test_run_is_clicked_and_the_tree_grows_while_the_timeline_fills(page, server, home):
    ask_for(page, server, 600_000, 30_000)
    page.locator(f"{chart('tree')}[data-draws]").wait_for(state="attached", timeout=PATIENCE_S * 1000)
    seen = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and not page.locator(".nv-state", has_text="complete").count():
        counts = marks(page, "tree"), marks(page, "timeline")
        if not seen or counts != seen[-1]:
            seen.append(counts)
        page.wait_for_timeout(100)
    expect(page.locator(".nv-state")).to_contain_text("complete")
    assert len({tree for tree, _ in seen}) >= 3
    assert seen[0][0] < seen[-1][0]
    assert seen[0][1] < seen[-1][1]
    expect(page.get_by_role("radio", name="By worker")).to_be_checked()
    (entry,) = Catalogue(home).entries()
    assert (entry.state, entry.recording in page.url) == ("complete", True)
    expect(page.get_by_text("Sequential")).not_to_have_count(0)
    read_the_story_of_a_task(page)


def read_the_story_of_a_task(page):
    page.locator(f"{chart('tree')} .points path").nth(6).dispatch_event("click")
    box = page.locator(f"{chart('tree')} .points path").nth(6).bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**task=**")
    details = page.locator(".st-key-details")
    expect(details.locator(".nv-title").first).to_have_text(re.compile(r"quick_sort\([\d,]+\)"))
    expect(details).to_contain_text("computing")
    expect(details.locator(".st-key-crumbs")).to_contain_text("driver")
    title = details.locator(".nv-title").first.inner_text()
    page.reload()
    expect(details.locator(".nv-title").first).to_have_text(title)


def test_a_run_is_stopped_and_the_next_one_works(page, server, home):
    ask_for(page, server, 3_000_000, 20_000)
    page.goto(f"{server.url}/run")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("stopped after")).to_be_visible()
    ask_for(page, server, 1_000, 1_000)
    expect(page.locator(".nv-state")).to_contain_text("complete", timeout=PATIENCE_S * 1000)
    assert min(entry.tasks for entry in Catalogue(home).entries()) == 1
