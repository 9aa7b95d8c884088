"""The pages for everybody: screen readers and contrast as far as axe can tell, keyboard, larger text, no motion."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import REFERENCE_MODEL, LiveServer
from tests.http.calls import submit, until
from tests.web.conftest import Arrive, Person, here

pytestmark = pytest.mark.slow
REFERENCE = f"/models/{REFERENCE_MODEL}"
TESTCARD = "/models/mutoscope/testcard"
EVERY = (
    "/",
    "/models",
    "/models?search=nothing-like-this",
    "/models/collections/image-to-video",
    "/nowhere/at/all",
    REFERENCE,
    REFERENCE + "/api",
    "/models/studio/all-fields",
    "/models/studio/hostile",
    "/profile",
    "/keys",
    "/usage",
    "/generations",
    "/generations?search=nothing-like-this",
    "/library",
    "/library?kind=audio",
    "/pricing",
    "/webhooks",
    "/admin",
    "/admin/workers",
    "/admin/accounts",
    "/admin/limits",
    "/admin/audit",
    "/status",
    "/support",
    "/terms",
    "/privacy",
    "/cookies",
)
AXE = here("vendor/axe.min.js")
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
# The content policy would refuse axe's own script, so it alone is set aside; test_pages holds the policy itself.
READER: dict[str, Any] = {"bypass_csp": True, "reduced_motion": "reduce"}


def assert_accessible(page: Page, *themes: str) -> None:
    """What axe finds wrong with a page as it stands: nothing. In these lights, or in the one it is in."""
    page.add_script_tag(path=AXE)
    for theme in themes or ("",):
        if theme:
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
        broken = [(rule["id"], [node["target"] for node in rule["nodes"]][:4]) for rule in found["violations"]]
        assert broken == [], (page.url, theme)


@pytest.fixture(scope="module")
def session(gallery: LiveServer) -> dict[str, Any]:
    """Alice's session, signed in once: what a window of hers begins with."""
    form = {"key": "mk_alice", "next": "/"}
    own = {"Origin": gallery.url, "Accept": "text/html"}  # as the page for signing in sends them
    answer = httpx.post(gallery.url + "/sign-in", data=form, headers=own, trust_env=False)
    place = {"domain": "127.0.0.1", "path": "/"}
    cookies = [{"name": name, "value": value, **place} for name, value in answer.cookies.items()]
    assert cookies
    return {"cookies": cookies, "origins": []}


@pytest.fixture
def reader(gallery: LiveServer, arrive: Arrive, session: dict[str, Any]) -> Person:
    """Alice, who asked for no motion."""
    return arrive(gallery, expected=("404",), storage_state=session, **READER)


# -- screen readers -----------------------------------------------------------------------------------------------


def test_axe_is_the_one_that_was_looked_at() -> None:
    """Of the npm package axe-core, version 4.14.1 (MPL-2.0); used here, never shipped."""
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == AXE_SHA256


@pytest.mark.parametrize("path", EVERY)
def test_a_page_is_accessible(reader: Person, path: str) -> None:
    """Names, roles, contrast, order, language; in English and Japanese, light and dark, with every fold open."""
    for language in ("", "/ja"):
        page = reader.open(language + path)
        page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        assert_accessible(page, "light", "dark")


def test_runs_are_accessible(reader: Person) -> None:
    """Finished and failed ones, with their menus open."""
    page = reader.open(TESTCARD)
    page.locator("details.fold > summary").click()
    reader.run()
    page.locator('[data-name="fail"] [data-input]').first.select_option(label="error")
    page.click("[data-run]")
    expect(page.locator(".run").first).to_have_attribute("data-state", "failed")
    page.evaluate("for (const menu of document.querySelectorAll('.run details')) menu.open = true")
    assert_accessible(page, "light", "dark")


def test_what_is_wrong_with_a_form_is_accessible(reader: Person) -> None:
    """Each problem is named by its control, and stands between the control's name and the control."""
    page = reader.open("/models/studio/all-fields")
    page.click("[data-run]")
    prompt = page.locator('[data-name="prompt"]')
    expect(prompt.locator("textarea")).to_be_focused()
    problem = prompt.locator("[data-problem]")
    expect(problem).to_be_visible()
    named = prompt.locator("textarea").get_attribute("aria-describedby") or ""
    assert problem.get_attribute("id") in named.split()
    heights = [found.bounding_box() for found in (prompt.locator("label"), problem, prompt.locator("textarea"))]
    tops = [box["y"] for box in heights if box]
    assert tops == sorted(tops)
    assert len(tops) == 3
    assert_accessible(page, "light", "dark")


def test_dialogs_are_accessible(gallery: LiveServer, arrive: Arrive, reader: Person) -> None:
    """The question for a key, a new key, a new endpoint, and what cannot be undone."""
    for path, button, dialog in (
        ("/keys", "[data-open]", "#new-key"),
        ("/webhooks", "[data-open]", "#new-endpoint"),
        ("/keys", ".entry-acts .is-grave >> nth=0", "dialog[open]"),
    ):
        page = reader.open(path)
        page.click(button)
        expect(page.locator(dialog)).to_be_visible()
        assert_accessible(page, "light", "dark")
    page = arrive(gallery, **READER).open("/sign-in")
    assert_accessible(page, "light", "dark")
    page.goto(gallery.url + TESTCARD)
    page.wait_for_selector("[data-form][data-ready]")
    page.click("[data-run]")
    expect(page.locator('[data-dialog="sign-in"]')).to_be_visible()
    assert_accessible(page, "light", "dark")


def test_a_delivery_is_accessible(gallery: LiveServer, reader: Person) -> None:
    """With a try that nobody answered; and the list it stands in."""
    with gallery.client() as client:
        made = client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/nobody"}).json()
        try:
            client.post(f"/v1/webhooks/{made['endpoint_id']}/test")
            query = {"limit": "1"}
            sent = until(lambda: client.get("/v1/webhooks/deliveries", params=query).json()["deliveries"])[0]
            address = f"/webhooks/deliveries/{sent['delivery_id']}"
            until(lambda: client.get("/v1" + address).json()["attempts"])
            for path in (address, "/ja" + address, "/webhooks"):
                page = reader.open(path)
                expect(page.locator("h1")).to_be_visible()
                assert_accessible(page, "light", "dark")
        finally:
            client.delete(f"/v1/webhooks/{made['endpoint_id']}")


# -- the keyboard -------------------------------------------------------------------------------------------------

SEEN = """() => {
  const here = document.activeElement, box = here.getBoundingClientRect();
  const bar = document.querySelector('.bar').getBoundingClientRect();
  const under = !here.closest('.bar, .skip') && box.bottom <= bar.bottom;
  const style = getComputedStyle(here);
  if (here.matches('video') && !here.matches(':focus-visible')) return true;  // within the player
  return style.outlineStyle === 'solid' && box.bottom > 0 && box.top < innerHeight && !under;
}"""


def tab_to(page: Page, found: Callable[[], bool], *, most: int = 60) -> None:
    """Press Tab until it holds; wherever the focus stops it is seen, in the window and not below the bar."""
    for _ in range(most):
        page.keyboard.press("Tab")
        deadline = time.monotonic() + 60
        while not page.evaluate(SEEN):  # pictures that arrive just now move what is below them
            assert time.monotonic() < deadline, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
            page.wait_for_timeout(50)
            page.evaluate("document.activeElement.scrollIntoView({ block: 'nearest' })")
        if found():
            return
    pytest.fail("Tab never came there")


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_a_film_is_made_and_fetched_by_keyboard(
    gallery: LiveServer, arrive: Arrive, session: dict[str, Any], size: tuple[int, int]
) -> None:
    """Skip link, form, Run, and on to what came of it, without a mouse and without losing one's place."""
    wide, high = size
    viewport = {"width": wide, "height": high}
    person = arrive(gallery, storage_state=session, viewport=viewport, **READER)
    page = person.open(TESTCARD)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    tab_to(page, lambda: bool(page.evaluate("document.activeElement.matches('[data-run]')")))
    with page.expect_response(lambda answer: answer.request.method == "POST" and "/v1/models/" in answer.url) as told:
        page.keyboard.press("Enter")
    card = page.locator(f'.run[data-run="{told.value.json()["request_id"]}"]')
    expect(card).to_have_attribute("data-state", "completed")
    expect(page.locator("[data-form] [data-run]")).to_be_focused()
    tab_to(page, lambda: bool(card.locator("a[download]").evaluate("(link) => link === document.activeElement")))
    with page.expect_download() as fetched:
        page.keyboard.press("Enter")
    assert fetched.value.path().read_bytes()[4:8] == b"ftyp"


# -- larger text, less motion -------------------------------------------------------------------------------------


def test_text_twice_as_large_is_obeyed_and_fits(gallery: LiveServer, arrive: Arrive, session: dict[str, Any]) -> None:
    """Text of 32 pixels in the browser's settings; and a window of 1280 pixels magnified to 200 %."""
    person = arrive(gallery, storage_state=session, **READER)
    page = person.page
    settings = person.context.new_cdp_session(page)
    settings.send("Page.enable")
    for text_px, wide in ((32, 1280), (16, 640), (32, 640)):
        settings.send("Page.setFontSizes", {"fontSizes": {"standard": text_px, "fixed": text_px}})
        page.set_viewport_size({"width": wide, "height": 450})
        for path in ("/", TESTCARD, REFERENCE + "/api", "/generations", "/keys", "/usage", "/admin/audit"):
            person.open(path)
            assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == text_px
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (path, text_px, wide)
    person.open(TESTCARD)
    run = page.locator("[data-form] [data-run]")
    run.scroll_into_view_if_needed()
    expect(run).to_be_in_viewport(ratio=1)


def test_nothing_moves_for_who_asked_for_that(gallery: LiveServer, reader: Person) -> None:
    """While a request runs: no film plays by itself, no animation goes on; for others some do."""
    moving = "() => [...document.getAnimations()].filter((one) => one.playState === 'running').length"
    playing = "() => [...document.querySelectorAll('video')].filter((film) => !film.paused).length"
    with gallery.client() as client:
        request_id = submit(client, delay_s=60)
        try:
            until(lambda: client.get(f"/v1/requests/{request_id}").json()["state"] == "in_progress")
            page = reader.open("/generations")
            expect(page.locator(".badge.is-in_progress").first).to_be_visible()
            deadline = time.monotonic() + 60
            while page.evaluate(moving) and time.monotonic() < deadline:  # what is about to end, within a frame
                page.wait_for_timeout(20)
            assert page.evaluate(moving) == 0
            page.emulate_media(reduced_motion="no-preference")
            until(lambda: page.evaluate(moving))
        finally:
            client.post(f"/v1/requests/{request_id}/cancel", params={"running": "true"})
    page.emulate_media(reduced_motion="reduce")
    reader.open("/").wait_for_load_state("networkidle")
    assert page.locator("video").count() > 0
    assert page.evaluate(playing) == 0
