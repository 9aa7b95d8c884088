"""Pictures of every page, for looking at: `python scripts/screenshots.py [--out FOLDER] [--only WORD]`.

A private server with the test card and the renderer, a photograph, one run; then every page at 390, 1280 and 2560
pixels, light and dark. Needs Chromium (Debian: apt install chromium).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PHOTOGRAPH = ROOT / "src" / "mutoscope" / "assets" / "mountain-path.jpg"
MODEL = "/models/bytedance/dreamina-3-0/pro/image-to-video"
PROMPT = "The camera pushes in along the path at golden hour while light mist drifts by. A hiker waves."
WIDTHS_PX = {390: 844, 1280: 860, 2560: 1440}
PAGES = {
    "explore": "/",
    "models": "/models",
    "empty": "/models?search=hologram",
    "collection": "/models/collections/image-to-video",
    "model": MODEL,
    "api": MODEL + "/api",
    "fields": "/models/mutoscope/testcard",
    "profile": "/profile",
    "keys": "/keys",
    "pricing": "/pricing",
    "webhooks": "/webhooks",
    "admin": "/admin",
    "admin-workers": "/admin/workers",
    "admin-accounts": "/admin/accounts",
    "admin-limits": "/admin/limits",
    "admin-audit": "/admin/audit",
    "usage": "/usage?show=requests",
    "library": "/library",
    "generations": "/generations",
    "generation": "/generations/{run}",
    "sign-in": "/sign-in",
    "missing": "/models/nobody",
}


def main() -> None:
    """Take them all, or those whose name holds a word."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screenshots")
    parser.add_argument("--only", default="", help="a word in the names of the pages")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium is installed (Debian: apt install chromium)")
    rights = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=rights)
        cookies, run = make_a_run(browser, url)
        for name, path in PAGES.items():
            if options.only in name:
                take(browser, url + path.replace("{run}", run), options.out, name, cookies)
        browser.close()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A server of its own, with one worker; its address."""
    hear, tell = os.pipe()
    command = [sys.executable, "-m", "mutoscope", "serve", "--port", "0", "--data", str(folder / "data")]
    environment = os.environ | {"MUTOSCOPE_API_KEY": "mk_screenshots", "XDG_CONFIG_HOME": str(folder)}
    server = subprocess.Popen(
        [*command, "--ready-fd", str(tell)], pass_fds=[tell], stderr=subprocess.DEVNULL, env=environment
    )
    os.close(tell)
    try:
        with os.fdopen(hear) as told:
            yield json.loads(told.readline())["url"]
    finally:
        server.terminate()
        server.wait()


def make_a_run(browser: Browser, url: str) -> tuple[Any, str]:
    """Sign in, make a video of the photograph; the cookies for the pages that follow, and the id of the run."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/sign-in?next={MODEL}")
    page.fill("#key", "mk_screenshots")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-form][data-ready]")
    page.set_input_files("[data-file]", PHOTOGRAPH)
    page.fill('[data-name="prompt"] textarea', PROMPT)
    page.click("[data-run]")
    card = page.wait_for_selector('.run[data-state="completed"]', timeout=600_000)
    run = (card.get_attribute("data-run") if card else None) or ""
    kept = context.cookies()
    context.close()
    return kept, run


def take(browser: Browser, url: str, out: Path, name: str, cookies: Any) -> None:
    """One page in every width and light."""
    for width, height in WIDTHS_PX.items():
        for theme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
                reduced_motion="reduce",
            )
            if name != "sign-in":
                context.add_cookies(cookies)
            page = context.new_page()
            page.goto(url)
            settle(page)
            path = out / f"{name}-{width}-{theme}.png"
            page.screenshot(path=path, full_page=width < 1000)
            print(path)
            context.close()


def settle(page: Page) -> None:
    """Until pictures and runs are there."""
    page.wait_for_load_state("networkidle")
    if page.locator("[data-form]").count():
        page.wait_for_selector("[data-form][data-ready]")
    page.wait_for_timeout(400)


if __name__ == "__main__":
    main()
