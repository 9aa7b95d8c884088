"""Looking back: every run of an account in one list, live, and each on a page of its own."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import LiveServer
from tests.http import media
from tests.http.calls import SMALL, TESTCARD, WITH_PICTURE, completed, submit, until
from tests.http.receiver import receiving
from tests.web.conftest import Arrive, Person
from tests.web.models import HARM
from tests.web.test_access import assert_accessible

pytestmark = pytest.mark.slow


def open_list(person: Person, query: str = "") -> Page:
    """The history, once its script is there."""
    page = person.open(f"/generations{query}")
    page.wait_for_selector("[data-filters][data-ready]")
    return page


def open_run(person: Person, request_id: str) -> Page:
    """The page of one run, once its script is there."""
    page = person.open(f"/generations/{request_id}")
    page.wait_for_selector("[data-generation][data-ready]")
    return page


def line(page: Page, request_id: str) -> Locator:
    """The line of a run."""
    return page.locator(f'[data-run="{request_id}"]')


@pytest.fixture
def alice(gallery: LiveServer) -> Any:
    """Her program, beside her browser."""
    with gallery.client() as client:
        yield client


def test_a_run_of_a_page_and_one_of_the_api_stand_in_one_list(owner: Person, alice: httpx.Client) -> None:
    """With picture, model, state, time, cost and key; each leads to its page."""
    page = owner.open("/models/mutoscope/testcard")
    page.fill('[data-name="prompt"] [data-input]', "Made on a page.")
    mine = owner.run().get_attribute("data-run") or ""
    theirs = completed(alice, prompt="Made by a program.")["request_id"]

    page = open_list(owner)

    for request_id, words in ((mine, "Made on a page."), (theirs, "Made by a program.")):
        found = line(page, request_id)
        expect(found.locator("h3")).to_have_text(words)
        expect(found).to_contain_text("Done")
        expect(found).to_contain_text("Free")
        expect(found).to_contain_text("Test card")
        picture = found.locator("img")
        picture.scroll_into_view_if_needed()
        expect(picture).not_to_have_js_property("naturalWidth", 0)
    line(page, theirs).locator("h3 a").click()
    expect(page).to_have_url(f"{owner.site.url}/generations/{theirs}")


def test_a_line_moves_with_its_run_and_new_runs_appear(owner: Person, alice: httpx.Client) -> None:
    """Nobody reloads anything."""
    page = open_list(owner)
    slow = submit(alice, prompt="Started elsewhere.", delay_s=60)
    expect(line(page, slow)).to_have_attribute("data-state", "in_progress")
    expect(line(page, slow).locator("[data-share]")).to_contain_text("%")
    expect(line(page, slow).locator('.gen-view img[src*="/previews/"]')).to_be_visible()
    quick = submit(alice, prompt="Started elsewhere, too.")
    expect(line(page, quick)).to_have_attribute("data-state", "in_queue")
    alice.post(f"/v1/requests/{slow}/cancel?running=true")
    expect(line(page, slow)).to_have_attribute("data-state", "cancelled")
    expect(line(page, slow).locator("progress")).to_have_count(0)
    expect(line(page, quick)).to_have_attribute("data-state", "completed")
    expect(line(page, quick).locator("progress")).to_have_count(0)


def test_filters_and_search_narrow_the_list(owner: Person, alice: httpx.Client) -> None:
    """By words, model, state, key and day; the address tells them, and a reload keeps them."""
    still = completed(alice, "mutoscope/testcard/image", prompt="A quiet Heron.")["request_id"]
    film = completed(alice, prompt="A loud heron, moving.")["request_id"]
    bad = submit(alice, prompt="A heron that fails.", fail="error")
    until(lambda: alice.get(f"/v1/requests/{bad}").json()["state"] == "failed")
    page = open_list(owner)

    page.fill("#search", "heron")
    expect(page.locator("[data-run]")).to_have_count(3)
    page.select_option("#by-state", "failed")
    expect(page.locator("[data-run]")).to_have_count(1)
    expect(line(page, bad)).to_be_visible()
    page.select_option("#by-state", "")
    page.select_option("#by-model", "mutoscope/testcard/image")
    expect(page.locator("[data-run]")).to_have_count(1)
    expect(line(page, still)).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?search=heron&model=mutoscope%2Ftestcard%2Fimage$"))
    page.reload()
    expect(page.locator("[data-run]")).to_have_count(1)
    page.select_option("#by-model", "")
    page.fill("#search", film)
    expect(page.locator("[data-run]")).to_have_count(1)
    page.fill("#search", "heron")
    page.fill("#until", "2020-01-01")
    expect(page.locator(".empty")).to_contain_text("No run fits")
    page.fill("#until", "")
    expect(page.locator("[data-run]")).to_have_count(3)
    key = alice.post("/v1/keys", json={"name": "never used"}).json()["key_id"]
    open_list(owner, f"?key={key}")
    expect(page.locator(".empty")).to_contain_text("No run fits")
    page.click("text=Show all runs")
    expect(page.locator("[data-run]")).not_to_have_count(0)


def test_older_runs_are_a_press_away(gallery: LiveServer, arrive: Arrive) -> None:
    """Page after page, each run once."""
    with gallery.client() as client:
        key = client.post("/v1/keys", json={"name": "Carol", "account": "carol"}).json()["key"]
    with gallery.client(key) as carol:
        made = [submit(carol, prompt=f"Number {n}.") for n in range(64)]
        until(lambda: carol.get("/v1/requests/" + made[-1]).json()["state"] == "completed")
    person = arrive(gallery)
    person.sign_in(key)
    page = open_list(person)
    expect(page.locator("[data-run]")).to_have_count(30)
    page.click("text=Show older runs")
    expect(page.locator("[data-run]")).to_have_count(60)
    page.click("text=Show older runs")
    expect(page.locator("[data-run]")).to_have_count(64)
    shown = page.locator("[data-run]").evaluate_all("(lines) => lines.map((line) => line.dataset.run)")
    assert sorted(shown) == sorted(made)


def test_an_empty_history_teaches(gallery: LiveServer, arrive: Arrive) -> None:
    """What will be here, and how to begin."""
    with gallery.client() as client:
        key = client.post("/v1/keys", json={"name": "Dave", "account": "dave"}).json()["key"]
    person = arrive(gallery)
    person.sign_in(key)
    page = open_list(person)
    expect(page.locator(".empty")).to_contain_text("whether a page started it or a program by the API")
    with gallery.client(key) as dave:
        first = completed(dave, prompt="The first.")["request_id"]
    expect(line(page, first)).to_be_visible()
    page.click("text=The first.")
    expect(page).to_have_url(f"{gallery.url}/generations/{first}")


def test_the_page_of_a_run_tells_everything(owner: Person, alice: httpx.Client) -> None:
    """Output, inputs with their pictures, plan, times, seed, key, addresses; and the outputs can be had."""
    source = alice.post("/v1/files", params={"name": "heath.png"}, content=media.png(64, 48)).json()
    done = completed(alice, WITH_PICTURE, source=source["url"], caption="A heath.")
    page = open_run(owner, done["request_id"])

    expect(page.locator(".gen-inputs")).to_contain_text("A heath.")
    expect(page.locator(".gen-inputs")).to_contain_text("heath.png")
    expect(page.locator('[data-part="facts"]')).to_contain_text(
        str(alice.get(f"/v1/requests/{done['request_id']}").json()["seed"])
    )
    expect(page.locator('[data-part="facts"]')).to_contain_text(done["request_id"])
    expect(page.locator('[data-part="steps"] li b')).to_have_text(["In the queue", "Running", "Done"])
    expect(page.locator('[data-part="plan"]')).to_contain_text("colour bars")
    expect(page.locator(".address").first).to_have_text(f"{owner.site.url}/v1/requests/{done['request_id']}/status")
    film = page.locator("[data-part=stage] video")
    until(lambda: film.evaluate("(video) => video.readyState") > 0)
    with page.expect_download() as got:
        page.get_by_role("link", name="Download").click()
    assert got.value.path().read_bytes()[4:8] == b"ftyp"
    assert got.value.suggested_filename.endswith("output.mp4")


def test_a_run_is_made_again(owner: Person, alice: httpx.Client) -> None:
    """With the same seed at once, or with its inputs in the form of its model."""
    done = completed(alice, prompt="Once more.", seed=99)
    page = open_run(owner, done["request_id"])
    page.click("text=Again, same seed")
    page.wait_for_url(lambda url: done["request_id"] not in url and "/generations/" in url)
    again = page.url.rpartition("/")[2]
    told = alice.get(f"/v1/requests/{again}").json()
    assert (told["seed"], told["inputs"]["prompt"]) == (99, "Once more.")
    page.click("text=Edit and run")
    page.wait_for_selector("[data-form][data-ready]")
    expect(page.locator('[data-name="prompt"] [data-input]')).to_have_value("Once more.")


def test_an_output_becomes_an_input(owner: Person, alice: httpx.Client) -> None:
    """The page of a model that takes it opens with the file filled in."""
    done = completed(alice, "mutoscope/testcard/image", prompt="To be moved.")
    page = open_run(owner, done["request_id"])
    page.click("text=Use as input")
    page.get_by_role("link", name="Test card with a picture", exact=True).click()
    page.wait_for_selector("[data-form][data-ready]")
    expect(page.locator(".media-item img")).to_have_count(1)
    run = owner.run().get_attribute("data-run")
    assert "/v1/files/" in json.dumps(alice.get(f"/v1/requests/{run}").json()["inputs"])


def test_a_run_is_watched_cancelled_and_deleted(owner: Person, alice: httpx.Client) -> None:
    """Live; what was deleted is gone from the list, and what it cost is not."""
    slow = submit(alice, delay_s=60, log_lines=2)
    page = open_run(owner, slow)
    standing = page.locator('[data-part="standing"]')
    expect(standing).to_have_attribute("data-state", "in_progress")
    expect(standing.locator("[data-share]")).to_contain_text("%")
    expect(page.locator("[data-log]")).to_have_text("line 0\nline 1\n")
    page.click("[data-cancel]")
    expect(standing).to_have_attribute("data-state", "cancelled")
    expect(page.locator('[data-part="steps"] li b').last).to_have_text("Cancelled")
    page.click("[data-delete]")
    page.locator('[data-dialog="sure"]').get_by_role("button", name="Cancel").click()
    assert alice.get(f"/v1/requests/{slow}").status_code == 200
    page.click("[data-delete]")
    page.locator('[data-dialog="sure"]').get_by_role("button", name="Delete").click()
    page.wait_for_url(owner.site.url + "/generations")
    assert alice.get(f"/v1/requests/{slow}").status_code == 404
    assert slow in [row["request_id"] for row in alice.get("/v1/usage").json()["usage"]]
    expect(line(page, slow)).to_have_count(0)


def test_a_delivery_is_sent_again(owner: Person, alice: httpx.Client) -> None:
    """The page tells how it went, and the receiver gets the same event once more."""
    with receiving() as receiver:
        hook = receiver.at("/again")
        request_id = alice.post(f"/v1/models/{TESTCARD}", params={"webhook": hook}, json=SMALL).json()["request_id"]
        (first,) = receiver.wait("/again")
        page = open_run(owner, request_id)
        sent = page.locator('[data-part="deliveries"] li')
        expect(sent).to_contain_text("request.completed")
        expect(sent).to_contain_text("delivered")
        expect(sent).to_contain_text("1 try")
        sent.get_by_role("button", name="Send again").click()
        expect(sent).to_contain_text("2 tries")
        expect(sent).to_contain_text("delivered")
        assert [got.event_id for got in receiver.wait("/again", 2)] == [first.event_id] * 2


def test_what_is_no_longer_kept_says_so(owner: Person, alice: httpx.Client) -> None:
    """An input that was deleted, an address that was never ours."""
    source = alice.post("/v1/files", params={"name": "gone.png"}, content=media.png(64, 48)).json()
    done = completed(alice, WITH_PICTURE, source=source["url"])
    alice.delete(f"/v1/files/{source['file_id']}")
    page = open_run(owner, done["request_id"])
    expect(page.locator(".gen-inputs")).to_contain_text("A file that is no longer kept.")


def test_two_accounts_see_nothing_of_each_others_runs(gallery: LiveServer, arrive: Arrive, alice: httpx.Client) -> None:
    """Not in the list, by no filter, and not by the address."""
    mine = completed(alice, prompt="Only Alice may read this.")["request_id"]
    key_id = alice.get("/v1/account").json()["key"]["key_id"]
    key = alice.post("/v1/keys", json={"name": "Erin", "account": "erin"}).json()["key"]
    erin = arrive(gallery, expected=("404",))
    erin.sign_in(key)
    for query in ("", "?search=Alice", f"?search={mine}", f"?key={key_id}", "?state=completed"):
        page = open_list(erin, query)
        assert page.locator("[data-run]").count() == 0
        assert "Only Alice" not in page.content()
    for path in (f"/generations/{mine}", f"/generations/{mine}/row"):
        answer = erin.page.goto(gallery.url + path)
        assert answer is not None
        assert answer.status == 404
        assert "Only Alice" not in answer.text()


def test_who_is_not_signed_in_is_sent_to_sign_in(visitor: Person) -> None:
    """And comes back."""
    page = visitor.open("/generations")
    expect(page).to_have_url(f"{visitor.site.url}/sign-in?next=/generations")
    page.fill("#key", "mk_alice")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Generations")


def test_a_prompt_that_means_harm_does_nothing(owner: Person, alice: httpx.Client) -> None:
    """In the list, on its own page, in the search and in the address of a model that is not there."""
    done = completed(alice, prompt=HARM)["request_id"]
    bad = submit(alice, prompt=HARM, fail="error")
    until(lambda: alice.get(f"/v1/requests/{bad}").json()["state"] == "failed")
    page = open_list(owner)
    expect(line(page, done).locator("h3")).to_have_text(HARM)
    page.fill("#search", HARM[:190])
    expect(page.locator("[data-run]").first).to_be_visible()
    for request_id in (done, bad):
        page = open_run(owner, request_id)
        expect(page.locator(".gen-inputs")).to_contain_text(HARM)
        assert page.title() != "harm"
        assert page.locator("img[onerror]").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_a_run_is_accessible_and_fits(gallery: LiveServer, arrive: Arrive, theme: str) -> None:
    """Finished, failed and running, down to the smallest telephone."""
    with gallery.client() as client:
        source = client.post("/v1/files", content=media.png(64, 48)).json()["url"]
        ids = [completed(client, WITH_PICTURE, source=source)["request_id"]]
        ids += [submit(client, fail="error", log_lines=3), submit(client, delay_s=60)]
        until(lambda: client.get(f"/v1/requests/{ids[2]}").json()["state"] == "in_progress")
    person = arrive(gallery, color_scheme=theme, bypass_csp=True, viewport={"width": 320, "height": 800})
    person.sign_in()
    for request_id in ids:
        page = open_run(person, request_id)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert_accessible(page)
    page.click("[data-cancel]")
    expect(page.locator('[data-part="standing"]')).to_have_attribute("data-state", "cancelled")


def test_what_is_new_does_not_come_back_past_a_filter(owner: Person, alice: httpx.Client) -> None:
    """A look for new runs that is answered late, when another filter is set, changes nothing."""
    completed(alice, prompt="A kingfisher that came first.")
    page = open_list(owner)
    held: list[Any] = []
    page.route(re.compile(r"/generations$"), lambda route: held.append(route))  # noqa: PLW0108 - a built-in cannot be marked
    with page.expect_request(re.compile(r"/generations$")):
        submit(alice, prompt="A kingfisher that came late.")
    page.fill("#until", "2020-01-01")
    expect(page.locator(".empty")).to_contain_text("No run fits")
    with page.expect_response(re.compile(r"/generations$")):
        held[0].continue_()
    page.wait_for_timeout(200)
    expect(page.locator(".empty")).to_contain_text("No run fits")
