"""A browser, and people who sit before it. Skipped where no Chromium is installed; .ci/run installs Debian's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect, sync_playwright
from scripts.browser import find as find_chromium
from scripts.browser import launch

from tests import network
from tests.conftest import LiveServer, start_server
from tests.web.models import ALL_FIELDS, HOSTILE, SHELF

CHROMIUM = find_chromium()
PATIENCE_MS = 30_000
LEFT = ("htmx:sendAbort", "htmx:afterRequest")
"""What htmx says of a call that was under way when its page was left. (A refused one is `htmx:responseError`.)"""
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Person:
    """Somebody with a browser of their own. sent: every call that the pages made."""

    page: Page
    context: BrowserContext
    site: LiveServer
    sent: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go there; a form is ready once its script is."""
        self.page.goto(self.site.url + path)
        if self.page.locator("[data-form]").count():
            self.page.wait_for_selector("[data-form][data-ready]")
        return self.page

    def sign_in(self, key: str = "mk_alice") -> None:
        """With a key, on the page for it."""
        self.page.goto(self.site.url + "/sign-in")
        self.page.fill("#key", key)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(self.site.url + "/")

    def run(self) -> Locator:
        """Press Run and wait until that very run is done; its card."""
        with self.page.expect_response(lambda answer: _is_submit(answer.request)) as told:
            self.page.click("[data-form] [data-run]")
        card = self.page.locator(f'.run[data-run="{told.value.json()["request_id"]}"]')
        expect(card).to_have_attribute("data-state", "completed")
        return card

    def calls(self, method: str, path: str) -> list[Request]:
        """What the pages sent there so far."""
        return [call for call in self.sent if call.method == method and call.url.startswith(self.site.url + path)]


def _is_submit(call: Request) -> bool:
    return call.method == "POST" and "/v1/models/" in call.url


Arrive = Callable[..., Person]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file of stories: Playwright keeps a loop running that no asynchronous test may meet."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (Debian: apt install chromium-headless-shell)")
    with sync_playwright() as playwright:
        camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")  # lent without a question
        running = launch(playwright, CHROMIUM, *camera)
        yield running
        running.close()


def _note(person: Person, call: Request) -> None:
    """Playwright wants a function of its own, no method of a list."""
    person.sent.append(call)


@pytest.fixture
def arrive(browser: Browser) -> Iterator[Arrive]:
    """Somebody new comes to a site. What goes wrong in their browser fails the story."""
    people: list[Person] = []

    def come(site: LiveServer, *, expected: tuple[str, ...] = (), **options: object) -> Person:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        person = Person(page, context, site)
        page.on("request", lambda call: _note(person, call))
        page.on("pageerror", lambda error: person.complaints.append(f"error: {error}"))
        page.on(
            "console",
            lambda message: (
                person.complaints.append(message.text)
                if message.type == "error" and not any(word in message.text for word in (*LEFT, *expected))
                else None
            ),
        )
        people.append(person)
        return person

    with network.unchanged():
        yield come
        for person in people:
            person.context.close()
    assert [complaint for person in people for complaint in person.complaints] == []


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with models of all shapes, drawn by the test card; only loopback may be fetched."""
    folder = tmp_path_factory.mktemp("gallery")
    manifests = folder / "manifests"
    manifests.mkdir()
    for number, manifest in enumerate((ALL_FIELDS, HOSTILE, SHELF)):
        (manifests / f"{number}.yaml").write_text(yaml.safe_dump(manifest, allow_unicode=True), "utf-8")
    live = start_server(folder / "data", engines="testcard", fetch_allow="127.0.0.0/8", manifests=manifests)
    live.wait_ready()
    yield live
    assert live.stop() == 0


@pytest.fixture
def visitor(gallery: LiveServer, arrive: Arrive) -> Person:
    """Somebody at the gallery, not signed in."""
    return arrive(gallery)


@pytest.fixture
def owner(gallery: LiveServer, arrive: Arrive) -> Person:
    """Alice at the gallery, signed in."""
    person = arrive(gallery)
    person.sign_in()
    return person


def here(name: str) -> Path:
    """A file beside these tests."""
    return Path(__file__).parent / name
