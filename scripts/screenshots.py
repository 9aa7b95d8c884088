"""Pictures of every page: `python scripts/screenshots.py [--out FOLDER] [--only WORD] [--languages en,ja] [--docs]`.

A private server with the test card and the renderer, a photograph, one run; then every page at 390, 1280 and 2560
pixels, light and dark, in English and Japanese. `--docs` takes only those that docs/gallery/pages.md shows, and writes
them there. Needs Chromium (Debian: apt install chromium).
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
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from mutoscope.web.texts import address

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
    "status": "/status",
    "support": "/support",
    "privacy": "/privacy",
    "cookies": "/cookies",
    "sign-in": "/sign-in",
    "missing": "/models/nobody",
}
SHOWN = (
    ("explore", "en", 1280, "light"),
    ("explore", "ja", 390, "dark"),
    ("model", "en", 1280, "light"),
    ("model", "ja", 1280, "dark"),
    ("api", "ja", 1280, "light"),
    ("generations", "en", 1280, "dark"),
    ("keys", "de", 1280, "light"),
    ("pricing", "fr", 1280, "light"),
    ("status", "ko", 1280, "dark"),
    ("cookies", "ru", 390, "light"),
)
"""Page, language, width and light of the pictures in the docs."""
SHOWN_IN = ROOT / "docs" / "gallery" / "pages"
SHOWN_PX = {390: 390, 1280: 960}


def main() -> None:
    """Take them all, or those whose name holds a word."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screenshots")
    parser.add_argument("--only", default="", help="a word in the names of the pages")
    parser.add_argument("--languages", default="en,ja", help="en and ja unless others are named")
    parser.add_argument("--docs", action="store_true", help="take those of the docs, and put them there")
    options = parser.parse_args()
    chosen = SHOWN if options.docs else every(options.only, options.languages.split(","))
    options.out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium is installed (Debian: apt install chromium)")
    rights = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=rights)
        cookies, run = make_a_run(browser, url)
        for name, language, width, theme in chosen:
            path = address(PAGES[name].replace("{run}", run), language)
            known = [] if name == "sign-in" else cookies
            taken = options.out / f"{name}-{language}-{width}-{theme}.png"
            take(browser, url + path, taken, known, width=width, theme=theme, language=language)
            if options.docs:
                put_into_docs(taken, width)
        browser.close()


def every(word: str, languages: list[str]) -> list[tuple[str, str, int, str]]:
    """All pages with this word in their names: page, language, width, light."""
    lights = ("light", "dark")
    return [shot for shot in product(PAGES, languages, WIDTHS_PX, lights) if word in shot[0]]


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


def take(browser: Browser, url: str, path: Path, cookies: Any, *, width: int, theme: str, language: str) -> None:
    """One page; the whole of it on a telephone, else what a window shows."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS_PX[width]},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale=language,
    )
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(url)
    settle(page)
    page.screenshot(path=path, full_page=width < 1000)
    print(path)
    context.close()


def put_into_docs(taken: Path, width: int) -> None:
    """Smaller, as WebP; of a long page the beginning."""
    SHOWN_IN.mkdir(exist_ok=True)
    with Image.open(taken) as picture:
        shown = picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, WIDTHS_PX[width])))
        shown.thumbnail((SHOWN_PX[width], 10_000))
        shown.save(SHOWN_IN / f"{taken.stem}.webp", quality=72, method=6)


def settle(page: Page) -> None:
    """Until pictures and runs are there."""
    page.wait_for_load_state("networkidle")
    if page.locator("[data-form]").count():
        page.wait_for_selector("[data-form][data-ready]")
    page.wait_for_timeout(400)


if __name__ == "__main__":
    main()
