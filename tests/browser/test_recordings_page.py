"""The Recordings page in a real browser: open, rename, delete (asked twice), download, upload."""

from __future__ import annotations

import pytest
from dashboard_fakes import quicksort, write_recording
from playwright.sync_api import expect
from screen import chart

from nestviz.recordings import Catalogue


@pytest.fixture
def listed(page, server, home, request):
    """The page with one recording, its row chosen."""
    name = f"listed-20231114-221320-{abs(hash(request.node.name)) % 10**8:08d}"
    path = write_recording(home, name, quicksort(), name="first name")
    page.goto(f"{server.url}/recordings")
    table = page.locator('[data-testid="stDataFrame"] canvas').first
    table.wait_for()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 18, box["y"] + 52)  # the row's checkbox: the table is drawn, it has no elements
    page.locator(".st-key-open").wait_for()
    return path


def test_a_recording_is_opened_from_the_table(page, listed):
    page.locator(".st-key-open button").click()
    page.locator(f"{chart('tree')}[data-draws]").wait_for(state="attached")
    assert f"recording={listed.stem}" in page.url


def test_a_recording_gets_another_name(page, listed, home):
    page.locator(".st-key-rename button").click()
    field = page.get_by_role("dialog").get_by_role("textbox", name="Name")
    field.fill("second name")
    field.press("Tab")
    page.locator(".st-key-rename_now button").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert Catalogue(home).find(listed.stem).name == "second name"


def test_a_recording_is_deleted_only_when_asked_twice(page, listed):
    page.locator(".st-key-delete button").click()
    page.locator(".st-key-keep button").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert listed.exists()
    page.locator(".st-key-delete button").click()
    page.locator(".st-key-delete_now button").click()
    expect(page.get_by_text("No recordings yet")).to_be_visible()
    assert not listed.exists()


def test_a_journal_goes_out_and_comes_back(page, server, listed, home, tmp_path):
    with page.expect_download() as download:
        page.locator(".st-key-download button").click()
    copy = tmp_path / "brought.nestviz"
    download.value.save_as(copy)
    assert copy.read_bytes() == listed.read_bytes()
    page.locator('input[type="file"]').set_input_files(copy)
    page.wait_for_url("**recording=brought**")
    page.locator(f"{chart('tree')}[data-draws]").wait_for(state="attached")
    assert (home / "brought.nestviz").exists()


def test_a_file_that_is_no_journal_is_refused_in_one_line(page, listed, tmp_path):
    junk = tmp_path / "junk.nestviz"
    junk.write_bytes(b"not a journal")
    page.locator('input[type="file"]').set_input_files(junk)
    expect(page.locator('[data-testid="stAlert"]')).to_contain_text("is not a nestviz journal")
