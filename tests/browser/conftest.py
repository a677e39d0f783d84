"""One dashboard server and one headless Chromium for all browser tests; each test has a browser window and recordings of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Server:
    """The dashboard: its address and where its recordings are."""

    url: str
    home: Path


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """`streamlit run app.py`, with a folder for recordings that begins empty. It starts its own Ray when a test runs a program."""
    ray = sys.modules.get("ray")
    if ray is not None and ray.is_initialized():
        ray.shutdown()
    home, log = tmp_path_factory.mktemp("recordings"), tmp_path_factory.mktemp("log") / "streamlit.log"
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true"]
    env = {**os.environ, "NESTVIZ_HOME": str(home), "RAY_ADDRESS": "local"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/_stcore/health", process, log)
        yield Server(url, home)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            continue
    pytest.fail(f"the dashboard did not start: {log.read_text()}")


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, driven by Playwright."""
    from playwright import sync_api

    executable = shutil.which("chromium")
    if executable is None:
        pytest.fail("Chromium is not installed (Debian: apt-get install chromium)")
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A window of 1280 × 800 in the light theme."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light", accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    window = context.new_page()
    yield window
    context.close()


@pytest.fixture
def home(server):
    """The server's recordings, none of them from another test."""
    for path in server.home.glob("*.nestviz"):
        path.unlink()
    return server.home
