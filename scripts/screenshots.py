"""Pictures of every page: `python scripts/screenshots.py [--out FOLDER] [--only WORD] [--languages en,ja] [--docs]`.

A private server that looks as if people had used it for a month (lived_in.py), with a film that the renderer made of a
photograph; then every page at 390, 1280 and 2560 pixels, light and dark, in English and Japanese. `--sheets` puts the
four pictures of a page and width side by side, to look at. `--docs` takes only those that docs/gallery/pages.md shows,
and writes them there. Needs Chromium (Debian: apt install chromium).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import groupby, product
from pathlib import Path
from typing import NamedTuple

import httpx
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from mutoscope.web.texts import address

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # whoever runs this file has its folder there, not the repository
from scripts.browser import find as find_chromium  # noqa: E402 - by that path
from scripts.browser import launch  # noqa: E402 - by that path
from scripts.lived_in import PHOTOGRAPH, age, fill, keep_busy, let_go, receiver  # noqa: E402 - by that path

from tests import comfy  # noqa: E402 - by that path
from tests.workflows import write_styled  # noqa: E402 - by that path

MODEL = "/models/bytedance/dreamina-3-0/pro/image-to-video"
PROMPT = "The camera pushes in along the path at golden hour while light mist drifts by. A hiker waves."
KEY = "mk_screenshots"
WIDTHS_PX = {390: 844, 1280: 860, 2560: 1440}


class Shot(NamedTuple):
    """A page as it is shown. clicks: what is pressed first. who: whose key, or nobody."""

    path: str
    clicks: tuple[str, ...] = ()
    who: str = "owner"


PAGES = {
    "admin-workers": Shot("/admin/workers"),
    "generations": Shot("/generations"),
    "fields": Shot("/models/mutoscope/testcard"),
    "explore": Shot("/"),
    "menu": Shot("/", (".bar-end .menu > summary",)),
    "models": Shot("/models"),
    "empty": Shot("/models?search=hologram"),
    "collection": Shot("/models/collections/image-to-video"),
    "model": Shot(MODEL),
    "model-errors": Shot(MODEL, ("[data-run]",), "guest"),
    "model-signed-out": Shot(MODEL, (), ""),
    "api": Shot(MODEL + "/api"),
    "api-try": Shot(MODEL + "/api", (".api-fill summary", "[data-call=submit] button[aria-expanded]")),
    "profile": Shot("/profile"),
    "keys": Shot("/keys"),
    "keys-new": Shot("/keys", ("[data-open]",)),
    "pricing": Shot("/pricing"),
    "webhooks": Shot("/webhooks"),
    "delivery": Shot("/webhooks/deliveries/{delivery}"),
    "admin": Shot("/admin"),
    "admin-accounts": Shot("/admin/accounts"),
    "admin-limits": Shot("/admin/limits"),
    "admin-audit": Shot("/admin/audit"),
    "comfyui": Shot("/comfyui"),
    "comfyui-empty": Shot("/comfyui", (), "guest"),
    "comfyui-new": Shot("/comfyui/new"),
    "comfyui-edit": Shot("/comfyui/{deployment}/edit"),
    "comfyui-try": Shot("/comfyui/{deployment}"),
    "comfyui-api": Shot("/comfyui/{deployment}/api"),
    "comfyui-lora": Shot("/comfyui/{lora}"),
    "comfyui-new-lora": Shot("/comfyui/new-lora"),
    "usage": Shot("/usage"),
    "usage-new": Shot("/usage", (), "guest"),
    "library": Shot("/library"),
    "library-viewer": Shot("/library", ("[data-view] >> nth=1",)),
    "library-new": Shot("/library", (), "guest"),
    "library-collection": Shot("/library?collection={collection}"),
    "generation": Shot("/generations/{run}"),
    "generation-failed": Shot("/generations/{failed}"),
    "generations-new": Shot("/generations", (), "guest"),
    "status": Shot("/status"),
    "support": Shot("/support"),
    "terms": Shot("/terms"),
    "privacy": Shot("/privacy"),
    "cookies": Shot("/cookies"),
    "sign-in": Shot("/sign-in", (), ""),
    "missing": Shot("/models/nobody"),
}
BUSY = ("admin-workers", "generations", "fields")
"""Taken while the workers have more to do than they can."""
SHOWN = (
    ("explore", "en", 1280, "light"),
    ("explore", "ja", 390, "dark"),
    ("model", "en", 1280, "light"),
    ("model", "ja", 1280, "dark"),
    ("api", "ja", 1280, "light"),
    ("generations", "en", 1280, "dark"),
    ("keys", "de", 1280, "light"),
    ("library", "fr", 1280, "light"),
    ("status", "ko", 1280, "dark"),
    ("usage", "ru", 390, "light"),
)
"""Page, language, width and light of the pictures in the docs."""
SHOWN_IN = ROOT / "docs" / "gallery" / "pages"
SHOWN_PX = {390: 390, 1280: 960}


def main() -> None:
    """Take them all, or those whose name holds a word."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screenshots")
    parser.add_argument("--only", default="", help="words in the names of the pages, with commas between them")
    parser.add_argument("--languages", default="en,ja", help="en and ja unless others are named")
    parser.add_argument("--sheets", action="store_true", help="one sheet of each page and width, too")
    parser.add_argument("--docs", action="store_true", help="take those of the docs, and put them there")
    options = parser.parse_args()
    chosen = list(SHOWN) if options.docs else every(options.only.split(","), options.languages.split(","))
    options.out.mkdir(parents=True, exist_ok=True)
    chromium = find_chromium()
    if chromium is None:
        sys.exit("no Chromium is installed (Debian: apt install chromium)")
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = launch(stack.enter_context(sync_playwright()), chromium)
        stack.callback(browser.close)
        hooks = stack.enter_context(receiver())
        comfyui = stack.enter_context(comfy.running())
        with serving(folder, comfyui.url) as url, client_of(url) as client:
            keys = {"owner": KEY, "guest": fill(client, hooks)}
            make_a_film(browser, url)
        age(folder / "data" / "mutoscope.db")
        url = stack.enter_context(serving(folder, comfyui.url))
        client = stack.enter_context(client_of(url))
        print(f"the server is filled after {time.monotonic() - begun:.0f} s")
        take_all(Visits(browser, url, keys, known(client)), client, chosen, options.out)
    if options.sheets:
        make_sheets(chosen, options.out)
    if options.docs:
        for name, language, width, theme in chosen:
            put_into_docs(options.out / f"{name}-{language}-{width}-{theme}.png", width)
    print(f"{len(chosen)} pictures after {time.monotonic() - begun:.0f} s")


def every(words: list[str], languages: list[str]) -> list[tuple[str, str, int, str]]:
    """All pages with one of these words in their names: page, language, width, light."""
    lights = ("light", "dark")
    return [shot for shot in product(PAGES, languages, WIDTHS_PX, lights) if any(word in shot[0] for word in words)]


def client_of(url: str) -> httpx.Client:
    """The owner's."""
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)


@contextmanager
def serving(folder: Path, comfyui: str = "") -> Iterator[str]:
    """A server of its own, with its workers; its address. Webhooks to loopback are allowed, and given up quickly."""
    hear, tell = os.pipe()
    command = [sys.executable, "-m", "mutoscope", "serve", "--port", "0", "--data", str(folder / "data")]
    models = folder / "models"
    if comfyui and not models.exists():
        write_styled(models)
    own = {
        "API_KEY": KEY,
        "MANIFESTS": str(models) if comfyui else "",
        "COMFYUI_SERVERS": comfyui,
        "FETCH_ALLOW": "127.0.0.0/8",
        "WEBHOOK_BACKOFF_S": "0.2,0.2",
        "DRAIN_S": "2",
    }
    environment = os.environ | {f"MUTOSCOPE_{name}": value for name, value in own.items()}
    server = subprocess.Popen(
        [*command, "--ready-fd", str(tell)],
        pass_fds=[tell],
        stderr=subprocess.DEVNULL,
        env=environment | {"XDG_CONFIG_HOME": str(folder)},
    )
    os.close(tell)
    try:
        with os.fdopen(hear) as told:
            url = json.loads(told.readline())["url"]
        while httpx.get(url + "/readyz", trust_env=False).is_error:
            time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait()


def sign_in(context: BrowserContext, url: str, key: str, onward: str = "/") -> Page:
    """As somebody with this key; the page that came."""
    page = context.new_page()
    page.goto(f"{url}/sign-in?next={onward}")
    page.fill("#key", key)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda found: "/sign-in" not in found)
    return page


def make_a_film(browser: Browser, url: str) -> None:
    """Sign in and make a video of the photograph, as a reader would."""
    context = browser.new_context()
    page = sign_in(context, url, KEY, MODEL)
    page.wait_for_selector("[data-form][data-ready]")
    page.set_input_files("[data-file]", PHOTOGRAPH)
    page.fill('[data-name="prompt"] textarea', PROMPT)
    page.click("[data-run]")
    page.wait_for_selector('.run[data-state="completed"]', timeout=600_000)
    context.close()


def known(client: httpx.Client) -> dict[str, str]:
    """What stands for the names in the addresses of pages."""
    runs = client.get("/v1/requests", params={"limit": 100}).json()["requests"]
    sent = client.get("/v1/webhooks/deliveries", params={"state": "failed"}).json()["deliveries"]
    return {
        "run": next(run["request_id"] for run in runs if run["model_id"] in MODEL),
        "failed": next(run["request_id"] for run in runs if run["state"] == "failed"),
        "delivery": sent[0]["delivery_id"],
        "deployment": client.get("/prod/v2/deployments").json()[0]["id"],
        "lora": client.get("/prod/v2/deployments").json()[-1]["id"],
        "collection": client.get("/v1/collections").json()["collections"][0]["collection_id"],
    }


class Visits:
    """People who look at pages: one window for each person and language, used again for the next page."""

    def __init__(self, browser: Browser, url: str, keys: dict[str, str], names: dict[str, str]) -> None:
        self.browser, self.url, self.keys, self.names = browser, url, keys, names
        self.pages: dict[tuple[str, str], Page] = {}

    def open(self, name: str, language: str) -> Page:
        """A page, ready to be looked at."""
        shot = PAGES[name]
        page = self._page(shot.who, language)
        page.set_viewport_size({"width": 1280, "height": WIDTHS_PX[1280]})
        page.goto(self.url + address(shot.path.format_map(self.names), language))
        settle(page)
        for selector in shot.clicks:
            page.locator(selector).first.click()
        return page

    def _page(self, who: str, language: str) -> Page:
        if (who, language) not in self.pages:
            context = self.browser.new_context(reduced_motion="reduce", locale=language)
            page = sign_in(context, self.url, self.keys[who]) if who else context.new_page()
            self.pages[who, language] = page
        return self.pages[who, language]


def take_all(visits: Visits, client: httpx.Client, chosen: list[tuple[str, str, int, str]], out: Path) -> None:
    """Each page of each language is loaded once, and then shown in every width and light."""
    ordered = sorted(chosen, key=lambda shot: (shot[0] not in BUSY, *shot[:3]))
    runs: list[str] = []
    for (name, language), shots in groupby(ordered, key=lambda shot: shot[:2]):
        if name in BUSY and not runs:
            runs = keep_busy(client)
        elif name not in BUSY and runs:
            let_go(client, runs)
            runs = []
        page = visits.open(name, language)
        for _, _, width, theme in shots:
            take(page, out / f"{name}-{language}-{width}-{theme}.png", width, theme)
        print(name, language, flush=True)
    let_go(client, runs)


def take(page: Page, path: Path, width: int, theme: str) -> None:
    """As a window shows it; on a telephone the whole of it, except what a dialog covers."""
    page.set_viewport_size({"width": width, "height": WIDTHS_PX[width]})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    page.wait_for_timeout(150)
    whole = width < 1000 and not page.locator("dialog[open]").count()
    if whole:
        page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=path, full_page=whole)


def make_sheets(chosen: list[tuple[str, str, int, str]], out: Path) -> None:
    """Languages and lights of one page and width, on one picture: telephones in a row, screens in a square."""
    for name, width in dict.fromkeys((name, width) for name, _, width, _ in chosen):
        paths = sorted(out.glob(f"{name}-*-{width}-*.png"))
        paths = [path for path in paths if path.stem.rsplit("-", 3)[0] == name]
        shown = [Image.open(path).convert("RGB") for path in paths]
        if width > 1000:
            for picture in shown:
                picture.thumbnail((960, 960), Image.Resampling.LANCZOS)
        across = len(shown) if width < 1000 else 2
        wide, high = max(one.width for one in shown), max(one.height for one in shown)
        sheet = Image.new("RGB", (across * wide, -(-len(shown) // across) * high), "#808080")
        for number, picture in enumerate(shown):
            sheet.paste(picture, (number % across * wide, number // across * high))
        (out / "sheets").mkdir(exist_ok=True)
        sheet.save(out / "sheets" / f"{name}-{width}.png")


def put_into_docs(taken: Path, width: int) -> None:
    """Smaller, as WebP; of a long page the beginning."""
    SHOWN_IN.mkdir(exist_ok=True)
    with Image.open(taken) as picture:
        shown = picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, WIDTHS_PX[width])))
        shown.thumbnail((SHOWN_PX[width], 10_000))
        shown.save(SHOWN_IN / f"{taken.stem}.webp", quality=72, method=6)


def settle(page: Page) -> None:
    """Until pictures and runs are there, those further down too."""
    page.wait_for_load_state("networkidle")
    if page.locator("[data-form]").count():
        page.wait_for_selector("[data-form][data-ready]")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(200)
    page.evaluate("scrollTo(0, 0)")


if __name__ == "__main__":
    main()
