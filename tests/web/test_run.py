"""From a form to a video, and everything that may come in between."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import LiveServer, start_server
from tests.http import media
from tests.ports import reserved_port
from tests.scenarios.control import hand_on
from tests.web.conftest import Arrive, Person

pytestmark = pytest.mark.slow
SHELF = "/models/studio/first-frame"
TESTCARD = "/models/mutoscope/testcard"
DRAWS_RUNS = """() => ["run", "outcome", "previews"].every((name) =>
    performance.getEntriesByType("resource").some((entry) => entry.name.includes(`/${name}.js`)))"""
"""Whether a page has what it draws runs with."""


def drop(page: Page, content: bytes, name: str, field: str = "[data-drop]", media_type: str = "image/jpeg") -> None:
    """Drop a file onto a field, as a mouse would."""
    transfer = page.evaluate_handle(
        """([data, name, type]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type }));
          return transfer;
        }""",
        [base64.b64encode(content).decode(), name, media_type],
    )
    page.dispatch_event(field, "drop", {"dataTransfer": transfer})


def set_number(page: Page, name: str, value: float) -> None:
    """Into a field, also one in the fold."""
    fold = page.locator("details.fold:not([open]) > summary")
    if fold.count():
        fold.click()
    page.fill(f'[data-name="{name}"] [data-input]', str(value))


def test_a_wrong_picture_is_refused_before_anything_is_sent(owner: Person) -> None:
    """The field says which rule, and what was found."""
    page = owner.open(SHELF)
    before = page.locator(".run").count()
    problem = page.locator('[data-name="image_urls"] > [data-problem]')

    drop(page, media.jpeg(300, 800), "narrow.jpg")
    expect(problem).to_contain_text("The shortest side must be at least 320 pixels; found 300 x 800 px")
    drop(page, media.gif(800, 600), "moving.gif", media_type="image/gif")
    expect(problem).to_have_text("Found GIF; accepted are JPEG and PNG")
    drop(page, b"\0\0\0\x18ftypheic" + b"\0" * 600, "from-a-phone.heic", media_type="image/heic")
    expect(problem).to_contain_text("Found HEIC")
    page.click("[data-run]")
    expect(page.locator(".run")).to_have_count(before)
    assert owner.calls("POST", "/v1/files") == owner.calls("POST", "/v1/models") == []


def test_a_picture_that_is_too_large_is_made_to_fit(owner: Person) -> None:
    """A photograph as phones take them: one press, and it keeps to the rules."""
    page = owner.open(SHELF)
    drop(page, media.jpeg(5000, 1200, size_bytes=6 * 2**20), "large.jpg")
    expect(page.locator('[data-name="image_urls"] > [data-problem]')).to_contain_text("4.7 MB")
    page.click("text=Make it fit")
    expect(page.locator('[data-name="image_urls"] > [data-problem]')).to_be_hidden()
    owner.run()


def test_a_picture_comes_from_the_camera(owner: Person) -> None:
    """Opened by a press, given back when the dialog closes; what was taken is a picture like any other."""
    page = owner.open(SHELF)
    field = page.locator('[data-name="image_urls"]')
    field.locator("[data-camera]").click()
    film = page.locator('[data-dialog="camera"] video')
    expect(film).to_be_visible()
    page.wait_for_function("() => document.querySelector('[data-dialog=camera] video').videoWidth > 0")
    page.get_by_role("button", name="Close").click()
    expect(film).to_be_hidden()
    expect(field.locator(".media-facts")).to_have_count(0)

    field.locator("[data-camera]").click()
    page.wait_for_function("() => document.querySelector('[data-dialog=camera] video').videoWidth > 0")
    width, height = film.evaluate("(film) => [film.videoWidth, film.videoHeight]")
    page.get_by_role("button", name="Take the picture").click()
    expect(field.locator(".media-facts")).to_contain_text(f"{width} × {height}")
    assert film.evaluate("(film) => film.srcObject") is None


@pytest.mark.parametrize("what", ["file", "address"])
def test_a_picture_is_pasted(owner: Person, what: str) -> None:
    """Anywhere on the page, as a picture or as its address; text in a field stays text."""
    page = owner.open(SHELF)
    file = [base64.b64encode(media.jpeg(400, 420)).decode()] if what == "file" else []
    paste = """(target, [file, text]) => {
      const clipboardData = new DataTransfer();
      const bytes = () => Uint8Array.from(atob(file), (sign) => sign.charCodeAt(0));
      if (file) clipboardData.items.add(new File([bytes()], "pasted.jpg", { type: "image/jpeg" }));
      else clipboardData.setData("text/plain", text);
      return target.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }"""
    address = "http://127.0.0.1:9/pasted-address.jpg"
    field = page.locator('[data-name="image_urls"]')
    if what == "address":
        prompt = page.locator('[data-name="prompt"] textarea')
        assert prompt.evaluate(paste, ["", address]) is True  # nobody took it from the browser
        expect(field.locator("li")).to_have_count(0)

    assert page.locator("main").evaluate(paste, [*file, ""] if file else ["", address]) is False

    if what == "file":
        expect(field.locator(".media-facts")).to_contain_text("400 × 420")
    else:
        expect(field).to_contain_text("pasted-address.jpg")


def test_an_empty_form_says_what_is_missing(owner: Person) -> None:
    """And the first of it gets the focus."""
    page = owner.open(SHELF)
    page.fill('[data-name="prompt"] textarea', "x" * 801)
    page.click("[data-run]")
    expect(page.locator('[data-name="prompt"] [data-problem]')).to_contain_text("Found 801 characters")
    expect(page.locator('[data-name="image_urls"] > [data-problem]')).to_contain_text("at least 1 is accepted")
    expect(page.locator('[data-name="image_urls"] [data-file]')).to_be_focused()
    assert owner.calls("POST", "/v1/models") == []


def test_a_running_request_can_be_cancelled(owner: Person) -> None:
    """From its card, while it works, by a button that is gone then: the focus stays; and deleted, after a question."""
    page = owner.open(TESTCARD)
    set_number(page, "delay_s", 60)
    page.keyboard.press("Control+Enter")
    run = page.locator(".run").first
    expect(run).to_have_attribute("data-state", "in_progress")
    expect(run.locator(".run-detail")).to_contain_text("%")
    run.get_by_text("Cancel").press("Enter")
    expect(run).to_have_attribute("data-state", "cancelled")
    expect(run.get_by_text("Cancel", exact=True)).to_have_count(0)
    expect(run.locator(":focus")).to_have_count(1)
    request_id = run.get_attribute("data-run")
    run.get_by_role("button", name="Delete").click()
    page.locator('[data-dialog="sure"]').get_by_role("button", name="Delete").click()
    expect(page.locator(f'[data-run="{request_id}"]')).to_have_count(0)


def test_what_there_is_so_far_is_seen(owner: Person) -> None:
    """While it works, a picture of it grows; another one follows."""
    page = owner.open(TESTCARD)
    set_number(page, "delay_s", 60)
    page.click("[data-run]")
    run = page.locator(".run").first
    picture = run.locator(".run-preview")
    expect(picture).to_be_visible()
    first = picture.get_attribute("src")
    assert picture.evaluate("(shown) => shown.naturalWidth") > 0
    expect(picture).not_to_have_attribute("src", first or "")
    expect(run.locator("img")).to_have_count(1)
    run.get_by_text("Cancel").click()
    expect(run).to_have_attribute("data-state", "cancelled")


def test_runs_survive_a_reload_and_stand_side_by_side(owner: Person) -> None:
    """What runs goes on, what was written stays, and several may run."""
    page = owner.open(TESTCARD)
    before = page.locator(".run").count()
    page.fill('[data-name="prompt"] [data-input]', "Kept over a reload.")
    set_number(page, "delay_s", 3)
    page.click("[data-run]")
    expect(page.locator(".run")).to_have_count(before + 1)
    page.click("[data-run]")
    expect(page.locator(".run")).to_have_count(before + 2)
    page.reload()
    page.wait_for_selector("[data-form][data-ready]")
    expect(page.locator('[data-name="prompt"] [data-input]')).to_have_value("Kept over a reload.")
    for number in range(2):
        run = page.locator(".run").nth(number)
        expect(run.locator(".run-prompt")).to_have_text("Kept over a reload.")
        expect(run).to_have_attribute("data-state", "completed")


def test_the_page_outlives_a_restart_of_the_server(tmp_path: Path, arrive: Arrive) -> None:
    """Killed in the middle of a run: the page says so, finds the server again, and the run is made."""
    port = reserved_port()
    site = start_server(tmp_path / "data", port=port, engines="testcard")
    site.wait_ready()
    person = arrive(site, expected=("Failed to load", "ERR_CONNECTION"))
    person.sign_in()
    page = person.open(TESTCARD)
    set_number(page, "delay_s", 10)
    page.click("[data-run]")
    expect(page.locator('.run[data-state="in_progress"]')).to_have_count(1)
    site.kill()
    expect(page.locator("[data-offline]")).to_be_visible()
    again = start_server(tmp_path / "data", port=port, engines="testcard")
    try:
        hand_on(again, page.locator(".run").get_attribute("data-run") or "")
        expect(page.locator("[data-offline]")).to_be_hidden(timeout=60_000)
        expect(page.locator('.run[data-state="completed"]')).to_have_count(1, timeout=60_000)
        with again.client() as client:
            assert len(client.get("/v1/requests").json()["requests"]) == 1
    finally:
        person.context.close()
        assert again.stop() == 0


def test_what_is_sent_while_offline_arrives_once(gallery: LiveServer, arrive: Arrive) -> None:
    """It waits in the page, also over a reload that happens too early, and is not made twice."""
    person = arrive(gallery, expected=("Failed to load", "ERR_INTERNET", "net::"))
    person.sign_in()
    page = person.open(TESTCARD)
    before = page.locator(".run").count()
    page.fill('[data-name="prompt"] [data-input]', "From a tunnel.")
    page.wait_for_function(DRAWS_RUNS)  # which whoever touches the form fetches
    person.context.set_offline(True)
    page.click("[data-run]")
    expect(page.locator('.run[data-state="sending"]')).to_have_count(1)
    expect(page.locator("[data-offline]")).to_be_visible()
    person.context.set_offline(False)
    expect(page.locator(".run").first).to_have_attribute("data-state", "completed")
    expect(page.locator("[data-offline]")).to_be_hidden()
    with gallery.client() as client:
        made = client.get("/v1/requests", params={"limit": "20"}).json()["requests"]
        prompts = [client.get(f"/v1/requests/{one['request_id']}").json()["inputs"].get("prompt") for one in made]
    assert prompts.count("From a tunnel.") == 1
    assert page.locator(".run").count() == before + 1


def test_a_run_is_sent_once_also_by_a_page_that_came_in_part(gallery: LiveServer, arrive: Arrive) -> None:
    """The line went before the page had what draws a run: it is fetched again, and the run is made."""
    with gallery.client() as client:
        someone = client.post("/v1/keys", json={"name": "Fay", "account": "fay"}).json()["key"]
    person = arrive(gallery, expected=("Failed to load", "ERR_INTERNET", "net::"))
    person.sign_in(someone)
    person.context.route("**/run.js*", lambda route: route.abort())
    page = person.open(TESTCARD)
    page.wait_for_load_state("networkidle")
    person.context.set_offline(True)
    page.click("[data-run]")
    expect(page.locator("[data-offline]")).to_be_visible()
    assert page.locator(".run").count() == 0
    person.context.unroute("**/run.js*")
    person.context.set_offline(False)
    expect(page.locator(".run")).to_have_attribute("data-state", "completed")
    assert len(person.calls("POST", "/v1/models/")) == 1


def test_two_people_see_nothing_of_each_other(gallery: LiveServer, arrive: Arrive, owner: Person) -> None:
    """Not on the page, and not by asking for it."""
    page = owner.open(TESTCARD)
    page.fill('[data-name="prompt"] [data-input]', "Only mine.")
    mine = owner.run().get_attribute("data-run")
    with gallery.client() as client:
        bobs = client.post("/v1/keys", json={"name": "Bob", "account": "bob"}).json()["key"]
    bob = arrive(gallery, expected=("404",))
    bob.sign_in(bobs)
    his = bob.open(TESTCARD)
    his.wait_for_load_state("networkidle")
    assert his.locator(".run").count() == 0
    for path in (f"/v1/requests/{mine}", f"/v1/requests/{mine}/poster", f"/v1/events?request={mine}"):
        assert his.evaluate("async (path) => (await fetch(path)).status", path) == 404


def test_a_result_is_used_again(owner: Person) -> None:
    """Its last frame as the next picture, its inputs with the same seed, its link, and as a command."""
    owner.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = owner.open("/models/mutoscope/testcard/image-to-video")
    run = owner.run()
    seed = owner_seed(owner, run.get_attribute("data-run"))
    before = page.locator(".run").count()
    run.get_by_text("Again, same seed").click()
    expect(page.locator(".run")).to_have_count(before + 1)
    again = page.locator(".run").first
    expect(again).to_have_attribute("data-state", "completed")
    assert owner_seed(owner, again.get_attribute("data-run")) == seed

    # In one step, so that nothing of the film has come when the button is pressed.
    again.evaluate(
        """(run) => {
            run.querySelector("video").load();
            [...run.querySelectorAll("button")].find((button) => button.textContent.startsWith("Go on")).click();
        }"""
    )
    expect(page.locator(".media-facts")).to_contain_text("last-frame.jpg")
    again.get_by_text("Copy link").click()
    link = page.evaluate("navigator.clipboard.readText()")
    stranger = owner.context.browser.new_context().new_page()  # type: ignore[union-attr]  # it has one
    assert stranger.request.get(link).headers["content-type"] == "video/mp4"
    stranger.context.close()
    for language, word in (("curl", "curl --request POST"), ("Python", "Client("), ("Command line", "mutoscope run")):
        again.get_by_text("Copy as").click()
        again.get_by_role("button", name=language, exact=True).click()
        text = page.evaluate("navigator.clipboard.readText()")
        assert word in text
        assert "mk_" not in text


def owner_seed(person: Person, request_id: str | None) -> Any:
    """The seed that a request was run with."""
    with person.site.client() as client:
        return client.get(f"/v1/requests/{request_id}").json()["metadata"]["seed"]
