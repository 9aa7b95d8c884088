"""The API page in a real browser: examples filled in, copied and tried; attacks that do nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from tests.conftest import PHOTOGRAPH, LiveServer, start_server
from tests.web.harm import FILM, HARM, film, harmful

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the film, and with a model whose manifest means harm."""
    folder = tmp_path_factory.mktemp("api-browser")
    manifests = folder / "manifests"
    manifests.mkdir()
    for number, manifest in enumerate((film(), harmful())):
        (manifests / f"{number}.yaml").write_text(yaml.safe_dump(manifest, allow_unicode=True), "utf-8")
    live = start_server(folder / "data", engines="testcard", manifests=manifests)
    live.wait_ready()
    yield live
    assert live.stop() == 0


@pytest.fixture
def page(browser: Browser, site: LiveServer) -> Iterator[Page]:
    """A reader's window; whatever goes wrong in it fails the test."""
    context = browser.new_context(base_url=site.url, permissions=["clipboard-read", "clipboard-write"])
    wrong: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => console.error('policy: ' + e.violatedDirective))"
    )
    page.on("console", lambda message: wrong.append(message.text) if "policy" in message.text else None)
    yield page
    context.close()
    assert wrong == []


def copied(page: Page, chapter: str) -> str:
    """What the button of a chapter's example puts into the clipboard."""
    page.locator(f"section[aria-labelledby={chapter}] > [data-snippets]").get_by_role("button", name="Copy").click()
    expect(page.locator(".toast").last).to_have_text("Copied.")
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_the_language_of_the_examples_is_chosen_once(page: Page, site: LiveServer, tmp_path: Path) -> None:
    """By mouse or arrow keys, everywhere, and still after a reload."""
    page.goto(f"/models/{FILM}/api")
    first, second = page.locator("[data-snippets]").nth(0), page.locator("[data-call=status]")
    first.get_by_role("tab", name="curl").focus()
    page.keyboard.press("ArrowRight")
    expect(second.get_by_role("tab", name="Python (mutoscope)")).to_have_attribute("aria-selected", "true")
    page.reload()
    expect(first.get_by_role("tabpanel", name="Python (mutoscope)")).to_be_visible()
    expect(first.get_by_role("tabpanel", name="curl")).to_be_hidden()
    page.get_by_text("Fill in the examples").click()
    page.get_by_label("Your API key").fill(site.api_key)
    shutil.copy(PHOTOGRAPH, tmp_path / "photo.jpg")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MUTOSCOPE_")}
    done = subprocess.run(
        [sys.executable, "-c", copied(page, "start")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / done.stdout.strip()).read_bytes()[4:8] == b"ftyp"


def test_the_calls_can_be_tried_on_the_page(page: Page, site: LiveServer) -> None:
    """Submit, ask, ask for the result; the film plays below the answer."""
    page.goto(f"/models/{FILM}/api")
    page.get_by_text("Fill in the examples").click()
    page.get_by_label("Your API key").fill(site.api_key)
    page.get_by_label("Your picture").set_input_files(PHOTOGRAPH)
    expect(page.locator(".toast").last).to_contain_text("The picture is stored")
    submit, result = page.locator("[data-call=submit]"), page.locator("[data-call=result]")
    for box in (submit, result):
        box.get_by_role("button", name="Try it").click()
    submit.get_by_role("button", name="Send").click()
    expect(submit.get_by_role("status")).to_contain_text("HTTP 200")
    request_id = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", submit.get_by_role("status").inner_text())[0]
    expect(page.locator("[data-call=status] .is-chosen")).to_contain_text(request_id)
    with site.client() as client:
        client.get(f"/v1/requests/{request_id}/events")
    result.get_by_role("button", name="Send").click()
    expect(result.get_by_role("status")).to_contain_text("succeeded")
    result.locator("video").evaluate("v => v.readyState >= 2 || new Promise((done) => v.onloadeddata = done)")
    assert result.locator("video").evaluate("v => v.videoWidth") > 0


def test_who_is_signed_in_needs_no_key_and_can_make_one(page: Page, site: LiveServer) -> None:
    """The session answers for the page; a new key comes with a click and works."""
    page.goto(f"/sign-in?next=/models/{FILM}/api")
    page.get_by_label("API key").fill(site.api_key)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**/models/{FILM}/api")
    cancel = page.locator("[data-call=cancel]")
    cancel.get_by_role("button", name="Try it").click()
    cancel.get_by_label("request_id").fill("no-such-request")
    cancel.get_by_role("button", name="Send").click()
    expect(cancel.get_by_role("status")).to_contain_text("404001")
    page.get_by_text("Fill in the examples").click()
    page.get_by_role("button", name="Make a new key").click()
    expect(page.get_by_label("Your API key")).to_have_value(re.compile("mk_.{40}"))
    (key,) = re.findall(r"Bearer (mk_[\w-]+)", copied(page, "start"))
    with site.client(key) as client:
        assert client.get("/v1/requests").status_code == 200


def test_what_goes_wrong_is_said_in_its_place(page: Page) -> None:
    """A key that is none, a picture without a key, a call without an id."""
    page.goto(f"/models/{FILM}/api")
    page.get_by_text("Fill in the examples").click()
    page.get_by_label("Your picture").set_input_files(PHOTOGRAPH)
    expect(page.get_by_role("alert")).to_contain_text("Fill in your key or sign in first")
    page.get_by_label("Your API key").fill("$(touch harmed)")
    expect(page.get_by_role("alert")).to_contain_text("This is not an API key")
    assert "$MUTOSCOPE_API_KEY" in copied(page, "start")
    status = page.locator("[data-call=status]")
    status.get_by_role("button", name="Try it").click()
    status.get_by_role("button", name="Send").click()
    expect(status.get_by_role("status")).to_contain_text("Submit a request first")


def test_without_scripts_every_example_is_there(browser: Browser, site: LiveServer) -> None:
    """One below the other, with its name; nothing that only a script could do is offered."""
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/models/{FILM}/api")
    for name in ("curl", "Python (mutoscope)", "Python (requests)", "JavaScript"):
        expect(page.locator(".snippet-name").get_by_text(name, exact=True).first).to_be_visible()
        expect(page.locator(f".snippet[data-name='{name}'] pre").first).to_be_visible()
    expect(page.get_by_text("Fill in the examples")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("path", ["/models/studio/harm/api", "/models/studio/harm", "/models", "/"])
def test_texts_of_manifests_do_nothing(page: Page, path: str) -> None:
    """No script of theirs runs, and no policy had to stop one: there is none in the page."""
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.harmed") is None
    assert HARM[:40] in page.content().replace("&lt;", "<").replace("&gt;", ">")


@pytest.mark.parametrize("width", [390, 1280, 2560])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_every_window(browser: Browser, site: LiveServer, width: int, scheme: str) -> None:
    """Nothing makes the whole page scroll sideways."""
    context = browser.new_context(
        base_url=site.url,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto(f"/models/{FILM}/api")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    context.close()
