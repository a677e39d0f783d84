"""The pictures in a real browser: they grow without flicker, and leave a person's zoom, hover, scroll and selection alone."""

from __future__ import annotations

import itertools
import re

import pytest
from builders import RecordingBuilder
from dashboard_fakes import LiveJournal, quicksort, write_recording
from playwright.sync_api import expect
from screen import bars, centre, chart, drag_over, draws, nodes, open_live, seen, tile, watch_charts, x_range

_numbers = itertools.count(1)


def fresh_name() -> str:
    """Every recording of a session has a name of its own."""
    return f"quicksort-20231114-221320-{next(_numbers):08d}"


class Growing:
    """A live recording of one root that calls a child in every step."""

    def __init__(self, home) -> None:
        self.builder = RecordingBuilder()
        self.root = self.builder.start(self.builder.submit("root", size=1_000), 1)
        self.journal = LiveJournal(home, fresh_name(), "growing")
        self.steps = 0
        self.grow()

    def grow(self, at: int = 0) -> None:
        """One more child, `at` so many milliseconds after the beginning."""
        at = at or 10 + 20 * self.steps
        child = self.builder.submit("child", self.root, at, at + 1, size=self.steps)
        self.builder.run(child, at + 5, at + 19, process=1 + self.steps % 3 + 1)
        self.steps += 1
        self.journal.write(self.builder)


@pytest.fixture
def growing(home):
    recording = Growing(home)
    yield recording
    recording.journal.close()


def grow_and_wait(page, growing, at: int = 0) -> None:
    growing.grow(at)
    expect(tile(page, "Tasks")).to_have_text(str(growing.steps + 1))


def test_charts_stay_in_place_and_never_go_blank_while_they_grow(page, server, growing):
    open_live(page, server)
    watch_charts(page)
    bars_before, nodes_before = bars(page).count(), nodes(page).count()
    for _ in range(8):
        grow_and_wait(page, growing)
    expect(nodes(page)).to_have_count(nodes_before + 8)
    assert bars(page).count() > bars_before
    found = seen(page)
    assert (found["removed"], found["blank"]) == (0, 0)
    assert found["frames"] > 0


def test_a_zoom_moves_both_charts_of_the_time_axis_and_survives_refreshes(page, server, growing):
    open_live(page, server)
    drag_over(page, "timeline", 0.25, 0.5)
    zoomed = x_range(page, "timeline")
    assert x_range(page, "concurrency") == pytest.approx(zoomed)
    for part in (0.2, 0.4, 0.6):
        before = draws(page, "timeline")
        grow_and_wait(page, growing, at=round(1000 * (zoomed[0] + part * (zoomed[1] - zoomed[0]))))
        page.wait_for_function(f"() => Number(document.querySelector('{chart('timeline')}').dataset.draws) > {before}")
    assert x_range(page, "timeline") == pytest.approx(zoomed)
    assert x_range(page, "concurrency") == pytest.approx(zoomed)


def test_zooming_the_lower_chart_moves_the_timeline_and_a_double_click_shows_all(page, server, home):
    write_recording(home, fresh_name(), quicksort())
    open_live(page, server)
    whole = x_range(page, "timeline")
    page.locator(chart("concurrency")).scroll_into_view_if_needed()
    drag_over(page, "concurrency", 0.5, 0.75)
    zoomed = x_range(page, "timeline")
    assert zoomed == pytest.approx(x_range(page, "concurrency"))
    assert zoomed[0] > whole[0]
    box = page.locator(f"{chart('concurrency')} .nsewdrag").first.bounding_box()
    page.mouse.dblclick(box["x"] + box["width"] / 3, box["y"] + 10)
    page.wait_for_function(
        f"() => document.querySelector('{chart('timeline')}')._fullLayout.xaxis.range[1] > {whole[1] - 1e-6}"
    )
    assert x_range(page, "timeline") == pytest.approx(whole)


def test_a_zoom_brings_more_detail(page, server, home):
    write_recording(home, fresh_name(), quicksort())
    open_live(page, server)
    names = page.locator(f"{chart('timeline')} .bars text")
    before = names.count()
    drag_over(page, "timeline", 0.6, 0.7)
    page.wait_for_function(f"() => document.querySelectorAll('{chart('timeline')} .bars text').length > {before}")


def test_a_hover_stays_while_the_chart_grows(page, server, growing):
    for _ in range(3):
        growing.grow()  # all lanes are there, so that the bar stays under the mouse
    open_live(page, server)
    page.mouse.move(*centre(page.locator(f"{chart('timeline')} .bars text").first))
    hover = page.locator(f"{chart('timeline')} .hoverlayer .hovertext")
    expect(hover).to_have_count(1)
    for _ in range(4):
        before = draws(page, "timeline")
        grow_and_wait(page, growing)
        page.wait_for_function(f"() => Number(document.querySelector('{chart('timeline')}').dataset.draws) > {before}")
        assert hover.count() == 1


def test_the_page_stays_where_a_person_scrolled_to(page, server, growing):
    open_live(page, server)
    page.mouse.move(500, 700)
    page.mouse.wheel(0, 250)
    page.wait_for_function("() => document.querySelector('[data-testid=stMain]').scrollTop > 200")
    place = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTop")
    for _ in range(3):
        grow_and_wait(page, growing)
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTop") == place


@pytest.mark.parametrize("key", ["tree", "timeline"])
def test_a_click_selects_the_task_everywhere_and_a_reload_keeps_it(page, server, home, key):
    write_recording(home, fresh_name(), quicksort(sections=False))
    open_live(page, server)
    mark = nodes(page).nth(1) if key == "tree" else page.locator(f"{chart(key)} .bars text").first
    page.mouse.click(*centre(mark))
    details = page.locator(".st-key-details")
    expect(details).to_contain_text("quick_sort(")
    expect(details).to_contain_text("task id")
    expect(page).to_have_url(re.compile(r"[?&]task=[0-9a-f]{16}"))
    title = details.locator(".nv-title").first.inner_text()
    page.reload()
    expect(details.locator(".nv-title").first).to_have_text(title)


def test_the_theme_of_the_person_recolours_everything(page, server, home):
    write_recording(home, fresh_name(), quicksort())
    open_live(page, server)
    title = f"{chart('timeline')} .gtitle"
    light = page.evaluate(f"() => document.querySelector('{title}').style.fill")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => document.querySelector('{title}').style.fill !== '{light}'")


def test_a_chart_fills_the_width_that_it_is_given(page, server, home):
    write_recording(home, fresh_name(), quicksort())
    open_live(page, server)
    page.set_viewport_size({"width": 1700, "height": 900})
    page.wait_for_function(
        f"""() => [...document.querySelectorAll('{chart("tree")}, {chart("timeline")}')].every(
            (host) => host.clientWidth > 1100 && host._fullLayout.width === host.clientWidth)"""
    )


def test_above_the_fold_stand_recording_tiles_tree_and_the_timeline_s_beginning(page, server, home):
    write_recording(home, fresh_name(), quicksort())
    open_live(page, server)
    below = {
        key: page.locator(chart(key)).bounding_box()["y"]
        + page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTop")
        for key in ("tree", "timeline")
    }
    assert tile(page, "Speedup").bounding_box()["y"] < 200
    assert below["tree"] < 300
    assert below["timeline"] < 650
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
