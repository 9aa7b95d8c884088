"""The pages under a reader's eyes and fingers: forms of all shapes, size, attacks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import REFERENCE_MODEL, LiveServer
from tests.http import media
from tests.web.conftest import Arrive, Person
from tests.web.models import HARM
from tests.web.test_run import drop

pytestmark = pytest.mark.slow
REFERENCE = f"/models/{REFERENCE_MODEL}"
ACCOUNT = (
    "/pricing", "/webhooks", "/admin", "/admin/workers", "/admin/accounts", "/admin/limits", "/admin/audit",
)  # fmt: skip
MOST_BYTES, MOST_REQUESTS = 100_000, 12
MEDIA = re.compile(r"/preview\.|/poster$|/v1/files/[^/]+/")


def request_of(person: Person) -> dict[str, Any]:
    """The newest request of the site, as the API tells it."""
    with person.site.client() as client:
        newest = client.get("/v1/requests", params={"limit": "1"}).json()["requests"][0]
        told: dict[str, Any] = client.get(f"/v1/requests/{newest['request_id']}").json()
        return told


def field(page: Page, name: str) -> Any:
    """The control of a field."""
    return page.locator(f'[data-name="{name}"] [data-input]').first


# -- forms --------------------------------------------------------------------------------------------------------


def test_a_form_sends_its_defaults_untouched(owner: Person) -> None:
    """What the schema says is what is sent; what has no value is not."""
    page = owner.open("/models/studio/all-fields")
    page.fill('[data-name="prompt"] textarea', "A form.")
    owner.run()
    sent = owner.calls("POST", "/v1/models/studio/all-fields")[0].post_data_json
    assert sent == {
        "prompt": "A form.", "line": "plain", "size": "720p", "seconds": 5, "strength": 0.5, "steps": 20, "seed": -1,
        "loud": False, "styles": ["film"],
    }  # fmt: skip


def test_every_kind_of_field_is_filled_in(owner: Person) -> None:
    """Menu, buttons, slider, switch, lists in lists, an object, JSON, pictures; and the values are those."""
    page = owner.open("/models/studio/all-fields")
    page.locator("details.fold > summary").click()
    page.fill('[data-name="prompt"] textarea', "Everything.")
    field(page, "link").fill("https://example.com/")
    page.get_by_role("radio", name="1080p").check()
    field(page, "seconds").select_option(label="7")
    page.locator('[data-name="strength"] [data-slider]').fill("0.75")
    field(page, "free").fill("-2.5")
    page.locator("[data-dice]").click()
    field(page, "loud").check()
    page.get_by_role("checkbox", name="noir").check()
    tags = page.locator('[data-kind="list"][data-name="tags"]')
    for word in ("one", "two", "three"):
        tags.get_by_role("button", name="Add").click()
        tags.locator("[data-input]").last.fill(word)
    expect(tags.get_by_role("button", name="Add")).to_be_disabled()
    tags.get_by_role("button", name="Remove").nth(1).click()
    frames = page.locator('[data-kind="list"][data-name="keyframes"]')
    frames.get_by_role("button", name="Add").click()
    frames.locator('[data-name="at"] [data-input]').fill("1.5")
    page.locator('[data-name="lora"] [data-name="path"] [data-input]').fill("mine.safetensors")
    field(page, "plan").fill('{"shots": [1, 2]}')
    drop(page, media.png(400, 300), "first.png", '[data-name="first"] [data-drop]', "image/png")
    drop(page, media.jpeg(400, 300), "second.jpg", '[data-name="more"] [data-drop]')
    expect(page.locator(".media-facts")).to_have_count(2)

    owner.run()

    inputs = request_of(owner)["inputs"]
    seed = inputs.pop("seed")
    assert 0 <= seed < 2**31
    first, (second,) = inputs.pop("first"), inputs.pop("more")
    assert first.startswith(owner.site.url + "/v1/files/")
    assert second.startswith(owner.site.url + "/v1/files/")
    assert inputs == {
        "prompt": "Everything.", "line": "plain", "link": "https://example.com/", "size": "1080p", "seconds": 7,
        "strength": 0.75, "steps": 20, "free": -2.5, "loud": True, "styles": ["noir", "film"], "tags": ["one", "three"],
        "keyframes": [{"at": 1.5}], "lora": {"path": "mine.safetensors"}, "plan": {"shots": [1, 2]},
    }  # fmt: skip


def test_problems_stand_where_they_belong(owner: Person) -> None:
    """Also inside lists and objects, and a fold with a problem in it opens."""
    page = owner.open("/models/studio/all-fields")
    page.fill('[data-name="prompt"] textarea', "x")
    field(page, "line").evaluate("(input) => { input.value = 'NOT THIS' }")
    page.evaluate("document.querySelector('details.fold').open = true")
    page.locator('[data-kind="list"][data-name="keyframes"]').get_by_role("button", name="Add").click()
    page.locator('[data-name="words"] [data-input]').fill("no time")
    page.locator('[data-name="lora"] [data-name="scale"] [data-input]').fill("3")
    field(page, "plan").fill("{ broken")
    page.evaluate("document.querySelector('details.fold').open = false")
    page.click("[data-run]")
    problems = {
        '[data-name="prompt"]': "at least 2 are accepted",
        '[data-name="line"]': "do not match",
        '[data-name="keyframes"] [data-name="at"]': "Is required",
        '[data-name="lora"] [data-name="path"]': "Is required",
        '[data-name="lora"] [data-name="scale"]': "at most 2 is accepted",
        '[data-name="plan"]': "an object is accepted",
    }
    for place, words in problems.items():
        expect(page.locator(f"{place} > [data-problem]")).to_contain_text(words)
    assert owner.calls("POST", "/v1/models") == []


def test_an_address_is_looked_at_by_the_server(owner: Person) -> None:
    """The browser never goes there itself; what the worker finds stands in the field."""
    page = owner.open("/models/studio/first-frame")
    page.fill("[data-url]", f"{owner.site.url}/models/mutoscope/testcard/preview.mp4")
    page.click("text=Use address")
    problem = page.locator('[data-name="image_urls"] > [data-problem]')
    expect(problem).to_contain_text("image is accepted")
    page.click("text=Remove")
    page.fill("[data-url]", "file:///etc/passwd")
    page.keyboard.press("Enter")
    expect(problem).to_contain_text("Expected an https address")


def test_the_price_is_told_before_the_run(owner: Person) -> None:
    """By the manifest's formula, as the form stands."""
    page = owner.open("/models/studio/first-frame")
    page.fill('[data-name="prompt"] textarea', "Priced.")
    drop(page, media.jpeg(800, 600), "a.jpg")
    expect(page.locator("[data-quote]")).to_contain_text("$0.75625")
    page.get_by_role("radio", name="241").check()
    expect(page.locator("[data-quote]")).to_contain_text("$1.50625")


def test_who_is_not_signed_in_is_asked_for_a_key_at_the_end(visitor: Person) -> None:
    """The form may be filled in before; the picture goes up afterwards, and the key is kept nowhere in the page."""
    page = visitor.open("/models/studio/first-frame")
    page.fill('[data-name="prompt"] textarea', "Before signing in.")
    drop(page, media.jpeg(800, 600), "a.jpg")
    expect(page.locator(".media-facts")).to_contain_text("800 × 600")
    assert visitor.calls("POST", "/v1/files") == []
    page.click("[data-run]")
    page.fill("#dialog-key", "mk_wrong")
    visitor.complaints.clear()
    page.keyboard.press("Enter")
    expect(page.locator('[data-dialog="sign-in"] [data-problem]')).to_contain_text("unknown")
    page.fill("#dialog-key", "mk_alice")
    page.keyboard.press("Enter")
    page.wait_for_selector('.run[data-state="completed"]')
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, document.body.outerHTML])")
    assert "mk_alice" not in kept
    assert "mutoscope_session" not in kept
    visitor.complaints[:] = [line for line in visitor.complaints if "401" not in line]


# -- catalogue ----------------------------------------------------------------------------------------------------


def test_models_are_found_as_one_types(visitor: Person) -> None:
    """The slash leads to the field, the address follows, the empty state teaches."""
    page = visitor.open("/")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("still")
    expect(page.locator(".card")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?search=still"))
    page.fill("#search", "nothing like this")
    expect(page.locator(".empty")).to_contain_text("A model is one YAML file")
    page.click("text=Show all models")
    expect(page.locator(".card")).not_to_have_count(0)


def test_a_card_moves_under_the_pointer(visitor: Person) -> None:
    """And keeps still for those who asked for that."""
    page = visitor.open("/models")
    card = page.locator(".card", has_text="Dreamina")
    card.hover()
    for _ in range(300):  # `wait_for_function` makes its own script of a string, which the policy forbids
        if page.evaluate("document.querySelector('.card video').currentTime > 0"):
            break
        page.wait_for_timeout(100)
    else:
        pytest.fail("the card does not move")
    calm = visitor.open("/models")
    calm.emulate_media(reduced_motion="reduce")
    calm.reload()
    calm.locator(".card", has_text="Dreamina").hover()
    assert calm.evaluate("[...document.querySelectorAll('video')].every((video) => video.paused)")


def test_light_and_dark_are_remembered(visitor: Person) -> None:
    """By the server, so that no page flashes."""
    page = visitor.open("/models")
    page.click("[data-theme-switch]")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert (
        'data-theme="dark"' in page.request.get(visitor.site.url + "/sign-in", headers={"Accept": "text/html"}).text()
    )


# -- promises -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/models", REFERENCE, "/profile", "/keys", "/usage", "/generations", "/library", *ACCOUNT]
)
def test_a_first_view_is_light_and_asks_nobody_else(gallery: LiveServer, arrive: Arrive, path: str) -> None:
    """At most 100 KB and 12 requests, media left out; nothing to other hosts, nothing against the policy."""
    person = arrive(gallery)
    person.sign_in()
    assert_light(person, path)


def assert_light(person: Person, path: str) -> None:
    """The first view of a page is small, and asks nobody else."""
    person.sent.clear()
    page = person.page
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective}`))"
    )
    urls: dict[str, str] = {}
    sizes: dict[str, int] = {}
    cdp = person.context.new_cdp_session(page)
    cdp.send("Network.enable")
    cdp.send("Network.setCacheDisabled", {"cacheDisabled": True})
    cdp.on("Network.requestWillBeSent", lambda event: urls.update({event["requestId"]: event["request"]["url"]}))
    cdp.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: int(event["encodedDataLength"])}),
    )
    page.goto(person.site.url + path)
    page.wait_for_load_state("networkidle")
    own = [call for call in person.sent if not MEDIA.search(call.url)]
    assert all(call.url.startswith(person.site.url) for call in person.sent)
    assert len({call.url for call in own}) <= MOST_REQUESTS, [call.url for call in own]
    assert sum(size for name, size in sizes.items() if not MEDIA.search(urls.get(name, "/preview."))) <= MOST_BYTES


def test_texts_that_mean_harm_do_nothing(owner: Person) -> None:
    """In a manifest, a prompt, a file's name; before and after the run."""
    page = owner.open("/models/studio/hostile")
    drop_harm = page.locator('[data-name="prompt"] [data-input]')
    expect(drop_harm).to_have_value(HARM)
    expect(owner.run().locator(".run-prompt")).to_have_text(HARM)
    page = owner.open("/models/studio/first-frame")
    drop(page, media.jpeg(400, 400), HARM + ".jpg")
    expect(page.locator(".media-facts")).to_contain_text("400 × 400")
    for path in ("/", "/models", f"/models?search={HARM}", "/models/studio/hostile"):
        owner.open(path)
        assert owner.page.title() != "harm"
        assert owner.page.locator("img[onerror]").count() == 0


@pytest.mark.parametrize("width", [320, 390, 1280, 2560, 3840])
def test_nothing_sticks_out_at_any_width(gallery: LiveServer, arrive: Arrive, width: int) -> None:
    """From a small telephone to a large screen, no page scrolls sideways."""
    person = arrive(gallery, viewport={"width": width, "height": 900})
    person.sign_in()
    for path in (
        "/", "/models", REFERENCE, "/models/studio/all-fields", "/sign-in", "/profile", "/keys", "/usage",
        "/generations", "/library", *ACCOUNT,
    ):  # fmt: skip
        page = person.open(path)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
