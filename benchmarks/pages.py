"""What the first view of each page costs a reader on a slow line and a slow machine.

    python -m benchmarks.pages [--rounds 3] [--json FILE]

Chromium with an empty cache, 1.6 Mbit/s down and 150 ms there and back (the slow 4G of Lighthouse), the processor four
times slower. Each round visits every page once; the figures are medians. Bytes and requests are those on the wire up
to the moment when nothing was asked for any more; moving previews and pictures are counted apart. Interactive: when
the first content was painted and the last task of more than 50 ms was over, after which five seconds were quiet.
Times are of one machine and its mood; the bytes are not.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from scripts.browser import find as find_chromium
from scripts.browser import launch
from scripts.screenshots import MODEL, serving

PAGES = {
    "explore": "/",
    "models": "/models",
    "model": MODEL,
    "API page": MODEL + "/api",
    "model, Japanese": "/ja" + MODEL,
}
KEY = "mk_screenshots"
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
SLOWER = 4
QUIET_MS = 5000
MEDIA = ("Image", "Media")

WATCH = """
window.seen = { longest: 0, over: 0 };
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) {
    seen.over = Math.max(seen.over, task.startTime + task.duration);
    seen.longest = Math.max(seen.longest, task.duration);
  }
}).observe({ type: "longtask", buffered: true });
new PerformanceObserver((list) => { seen.largest = list.getEntries().at(-1).startTime; })
  .observe({ type: "largest-contentful-paint", buffered: true });
"""
TELL = """() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
  const interactive = Math.max(paint, seen.over);
  return { first: paint, largest: seen.largest ?? paint, interactive, longest: seen.longest };
}"""


@dataclass(frozen=True, slots=True)
class Visit:
    """Times in milliseconds since the page was asked for; sizes in bytes as they came over the wire."""

    requests: float
    own_bytes: float
    media_bytes: float
    external: float
    first_paint_ms: float
    largest_paint_ms: float
    interactive_ms: float
    longest_task_ms: float


def main() -> None:
    """Visit, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the medians to this file as well")
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.exit("no Chromium is installed (Debian: apt install chromium-headless-shell)")
    visits: dict[str, list[Visit]] = {name: [] for name in PAGES}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as url, sync_playwright() as playwright:
        browser = launch(playwright, chromium)
        for _ in range(options.rounds):
            for name, path in PAGES.items():
                visits[name].append(visit(browser, url, path))
        browser.close()
    medians = {name: middle(some) for name, some in visits.items()}
    print(table(medians))
    if options.json:
        options.json.write_text(json.dumps({name: asdict(one) for name, one in medians.items()}, indent=2) + "\n")


def visit(browser: Browser, url: str, path: str) -> Visit:
    """One first view, by somebody who signed in."""
    context = browser.new_context(viewport={"width": 412, "height": 823})
    page = context.new_page()
    page.goto(url + "/sign-in")
    page.fill("#key", KEY)
    page.keyboard.press("Enter")
    page.wait_for_url(url + "/")
    page.goto("about:blank")
    asked: dict[str, tuple[str, str]] = {}
    sizes: dict[str, int] = {}
    cdp = context.new_cdp_session(page)
    cdp.on("Network.requestWillBeSent", lambda told: asked.update({told["requestId"]: kind_of(told)}))
    cdp.on("Network.loadingFinished", lambda told: sizes.update({told["requestId"]: int(told["encodedDataLength"])}))
    cdp.send("Network.enable")
    cdp.send("Network.setCacheDisabled", {"cacheDisabled": True})
    cdp.send("Network.emulateNetworkConditions", LINE)
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.add_init_script(WATCH)
    page.goto(url + path)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(QUIET_MS)
    times = page.evaluate(TELL)
    context.close()
    own = {name for name, (_, kind) in asked.items() if kind not in MEDIA}
    return Visit(
        requests=len(own),
        own_bytes=sum(size for name, size in sizes.items() if name in own),
        media_bytes=sum(size for name, size in sizes.items() if name not in own),
        external=sum(not address.startswith((url, "blob:", "data:")) for address, _ in asked.values()),
        first_paint_ms=times["first"],
        largest_paint_ms=times["largest"],
        interactive_ms=times["interactive"],
        longest_task_ms=times["longest"],
    )


def kind_of(told: dict[str, Any]) -> tuple[str, str]:
    """Address and kind of what was asked for."""
    return told["request"]["url"], told.get("type", "")


def middle(visits: list[Visit]) -> Visit:
    """The median of each figure."""
    return Visit(*(statistics.median(getattr(one, field.name) for one in visits) for field in fields(Visit)))


def table(medians: dict[str, Visit]) -> str:
    """As Markdown."""
    heads = ("page", "requests", "KB", "KB of pictures", "external", "first paint", "largest paint", "interactive")
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, one in medians.items():
        cells = (
            name,
            f"{one.requests:.0f}",
            f"{one.own_bytes / 1000:.0f}",
            f"{one.media_bytes / 1000:.0f}",
            f"{one.external:.0f}",
            f"{one.first_paint_ms / 1000:.1f} s",
            f"{one.largest_paint_ms / 1000:.1f} s",
            f"{one.interactive_ms / 1000:.1f} s",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
