"""What the browser tests do and see, in words: charts, marks, tiles."""

from __future__ import annotations

_WATCH = """() => {
  const isChart = (node) => node.nodeType === 1 && (node.matches('.nestviz-chart, .svg-container')
    || node.querySelector('.nestviz-chart') !== null);
  window.seen = { removed: 0, blank: 0, frames: 0 };
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.removedNodes) if (isChart(node)) window.seen.removed += 1;
  }).observe(document.body, { childList: true, subtree: true });
  const look = () => {
    window.seen.frames += 1;
    for (const chart of document.querySelectorAll('.nestviz-chart')) if (!chart.querySelector('.main-svg')) window.seen.blank += 1;
    requestAnimationFrame(look);
  };
  look();
}"""


def chart(key: str) -> str:
    return f'.nestviz-chart[data-key="{key}"]'


def open_live(page, server, address: str = "") -> None:
    """The Live page with all pictures drawn."""
    page.goto(f"{server.url}/{address}")
    for key in ("tree", "timeline", "concurrency"):
        page.locator(f"{chart(key)}[data-draws]").wait_for(state="attached")


def bars(page):
    return page.locator(f"{chart('timeline')} .bars .point path")


def nodes(page):
    return page.locator(f"{chart('tree')} .scatterlayer .point")


def tile(page, label: str):
    """The value of one tile."""
    return page.locator('[data-testid="stMetric"]').filter(has_text=label).locator('[data-testid="stMetricValue"]')


def x_range(page, key: str) -> list[float]:
    return page.evaluate(f"""() => document.querySelector('{chart(key)}')._fullLayout.xaxis.range.map(Number)""")


def draws(page, key: str) -> int:
    return int(page.locator(chart(key)).get_attribute("data-draws"))


def drag_over(page, key: str, begin: float, end: float) -> None:
    """Drag from one part of the plot's width to another, both from 0 to 1."""
    box = page.locator(f"{chart(key)} .nsewdrag").first.bounding_box()
    y = box["y"] + min(box["height"], 90) / 2
    page.mouse.move(box["x"] + box["width"] * begin, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (begin + end) / 2, y, steps=4)
    page.mouse.move(box["x"] + box["width"] * end, y, steps=4)
    page.mouse.up()


def centre(locator) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def watch_charts(page) -> None:
    """From now on count charts that are taken away and frames in which one is blank."""
    page.evaluate(_WATCH)


def seen(page) -> dict[str, int]:
    return page.evaluate("() => window.seen")
