"""The pages of an account: what a person does there counts for programs, and the other way round."""

from __future__ import annotations

import csv
from decimal import Decimal

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from mutoscope.client import Client
from mutoscope.client.errors import Unauthorized
from mutoscope.client.webhooks import verify
from tests.conftest import LiveServer
from tests.http import media
from tests.http.calls import until
from tests.http.receiver import receiving
from tests.web.conftest import Arrive, Person
from tests.web.models import HARM

pytestmark = pytest.mark.slow
COLOURS = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200 && data[at] - data[at + 2] > 60) found += 1;
  return found;
}"""
"""How many of a canvas' pixels have the first colour of a chart."""


def make(page: Page, name: str, *scopes: str) -> str:
    """Make a key on the page; its secret, as it is shown once."""
    page.get_by_role("button", name="New key").click()
    page.fill("#new-name", name)
    for scope in ("run", "read", "admin"):
        page.locator(f'#new-key [name="scopes"][value="{scope}"]').set_checked(scope in scopes)
    page.get_by_role("button", name="Make the key").click()
    return shown_once(page)


def shown_once(page: Page) -> str:
    """The secret in the dialog, which is closed and empty afterwards."""
    place = page.locator("#secret-value")
    expect(place).to_contain_text("mk_")
    secret = place.inner_text()
    page.get_by_role("button", name="I have it").click()
    expect(place).to_be_hidden()
    expect(place).to_be_empty()  # one task after the dialog has gone
    assert secret not in page.content()
    return secret


def opens(site: LiveServer, key: str) -> bool:
    """Does this key open the API, for the client that others use?"""
    with Client(api_key=key, base_url=site.url) as client:
        try:
            client.usage()
        except Unauthorized:
            return False
    return True


def entry(page: Page, name: str) -> Locator:
    """The entry of a key."""
    return page.locator(".entry", has=page.get_by_role("heading", name=name, exact=True))


def test_a_key_is_made_used_and_revoked(owner: Person) -> None:
    """It works with the client from the moment it is shown, and stops working with the answer to a question."""
    page = owner.open("/keys")
    secret = make(page, "for a day", "run", "read")
    assert opens(owner.site, secret)

    entry(page, "for a day").get_by_role("button", name="Revoke").click()
    page.locator('[data-dialog="sure"]').get_by_role("button", name="Cancel").click()
    assert opens(owner.site, secret)
    entry(page, "for a day").get_by_role("button", name="Revoke").click()
    page.locator('[data-dialog="sure"]').get_by_role("button", name="Revoke").click()

    expect(page.locator("#over summary")).to_be_visible()
    expect(page.locator("#keys > .entries")).not_to_contain_text("for a day")
    assert not opens(owner.site, secret)


def test_a_key_gets_a_new_secret_while_the_old_one_goes_on(owner: Person) -> None:
    """For as long as the form says; after a leak not at all."""
    page = owner.open("/keys")
    first = make(page, "to be rotated", "read")
    found = entry(page, "to be rotated")
    found.locator("summary", has_text="Rotate").click()
    found.get_by_role("button", name="Make a new secret").click()
    second = shown_once(page)
    expect(entry(page, "to be rotated")).to_contain_text("Old secret opens until")
    assert opens(owner.site, first)
    assert opens(owner.site, second)

    found = entry(page, "to be rotated")
    found.locator("summary", has_text="Rotate").click()
    found.get_by_label("The present secret").select_option(label="No longer: after a leak")
    found.get_by_role("button", name="Make a new secret").click()
    third = shown_once(page)
    assert (opens(owner.site, first), opens(owner.site, second), opens(owner.site, third)) == (False, False, True)


def test_everything_a_key_may_have_can_be_given_and_changed(owner: Person) -> None:
    """Scopes, end, networks and limits as the API has them; what is wrong stands beside its field."""
    page = owner.open("/keys")
    page.get_by_role("button", name="New key").click()
    page.fill("#new-name", "everything")
    page.locator("#new-life").select_option(label="30 days")
    page.locator("#new-key summary").click()
    page.fill("#new-networks", "127.0.0.0/8\nnowhere")
    page.fill("#new-running", "2")
    page.locator('#new-key [name="limits.rate.submits"]').fill("60")
    page.get_by_role("button", name="Make the key").click()
    owner.complaints.clear()
    problem = page.locator("#new-key .field", has=page.locator("#new-networks")).locator("[data-problem]")
    expect(problem).to_contain_text("A list of at most 50 networks")
    expect(page.locator('#new-key [data-group="limits.rate"] [data-problem]')).to_contain_text("window_s")

    page.fill("#new-networks", "127.0.0.0/8")
    page.locator('#new-key [name="limits.rate.window_s"]').fill("30")
    page.get_by_role("button", name="Make the key").click()
    with owner.site.client(shown_once(page)) as client:
        key = client.get("/v1/account").json()["key"]
    owner.complaints[:] = [line for line in owner.complaints if "422" not in line]
    assert key["scopes"] == ["run", "read"]
    assert key["networks"] == ["127.0.0.0/8"]
    assert key["expires_at"] is not None
    assert key["limits"] == {
        "weight": 1.0, "priority": "normal", "max_running": 2, "max_queued": None,
        "rate": {"submits": 60, "window_s": 30}, "spending": None, "cache": "off",
    }  # fmt: skip

    found = entry(page, "everything")
    found.locator("summary", has_text="Edit").click()
    found.get_by_label("Running at once").fill("")
    found.locator('[name="limits.spending.usd"]').fill("12.5")
    found.locator('[name="limits.rate.submits"]').fill("")
    found.locator('[name="limits.rate.window_s"]').fill("")
    found.get_by_label("Priority, at most").select_option(label="Low")
    found.get_by_label("An equal request").select_option(label="Gets the earlier output")
    found.get_by_role("button", name="Save").click()
    expect(entry(page, "everything")).to_contain_text("$12.50 a month · earlier outputs will do")
    with owner.site.client() as client:
        limits = client.get(f"/v1/keys/{key['key_id']}").json()["limits"]
    assert limits == {
        "weight": 1.0, "priority": "low", "max_running": None, "max_queued": None,
        "rate": None, "spending": {"usd": 12.5, "period": "month"}, "cache": "use",
    }  # fmt: skip


def test_a_key_without_the_scope_sees_no_keys(gallery: LiveServer, arrive: Arrive) -> None:
    """No link, no page, no way around; its own profile it sees."""
    with gallery.client() as client:
        key = client.post("/v1/keys", json={"name": "reader only", "scopes": ["read"]}).json()["key"]
    person = arrive(gallery, expected=("403",))
    person.sign_in(key)
    page = person.open("/profile")
    expect(page.locator("h1")).to_have_text("owner")
    expect(page.locator("main")).to_contain_text("reader only")
    assert page.locator('a[href="/keys"]').count() == 0
    assert person.page.goto(gallery.url + "/keys").status == 403  # type: ignore[union-attr]  # it answers
    expect(page.locator("main")).to_contain_text("admin")
    assert page.locator(".entry").count() == 0


def test_another_accounts_keys_are_for_the_owner(gallery: LiveServer, arrive: Arrive, owner: Person) -> None:
    """Alice makes one for a guest on her page; the guest, with every scope, sees only their own."""
    with gallery.client() as client:
        guest = client.post(
            "/v1/keys", json={"name": "Gina's first", "account": "gina", "scopes": ["run", "read", "admin"]}
        ).json()["key"]
    page = owner.open("/keys?account=gina")
    expect(page.locator("h1")).to_have_text("Keys of gina")
    made = make(page, "made by the owner", "read")
    with gallery.client(made) as client:
        assert client.get("/v1/account").json()["account_name"] == "gina"

    gina = arrive(gallery, expected=("403",))
    gina.sign_in(guest)
    page = gina.open("/keys")
    expect(page.locator("#keys")).to_contain_text("made by the owner")
    assert "first key" not in page.locator("#keys").inner_text()
    assert page.goto(gallery.url + "/keys?account=owner").status == 403  # type: ignore[union-attr]  # it answers


def test_names_that_mean_harm_stay_names(visitor: Person) -> None:
    """In the list, in the head of every page, in the question before it is revoked."""
    name = HARM[:70] + " of a key"
    with visitor.site.client() as client:
        key = client.post("/v1/keys", json={"name": name, "scopes": ["run", "read", "admin"]}).json()["key"]
    visitor.sign_in(key)
    page = visitor.open("/keys")
    found = entry(page, name)
    expect(found).to_be_visible()
    found.get_by_role("button", name="Revoke").click()
    expect(page.locator("[data-more]")).to_contain_text(name)
    page.locator('[data-dialog="sure"]').get_by_role("button", name="Revoke").click()
    page.wait_for_url("**/sign-in?next=/keys")
    assert page.title() != "harm"
    visitor.complaints[:] = [line for line in visitor.complaints if "401" not in line]


def test_a_strangers_page_cannot_make_a_key_for_a_reader(owner: Person) -> None:
    """The cookie counts only for calls from pages of this site."""
    cookies = {cookie["name"]: cookie["value"] for cookie in owner.context.cookies()}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = httpx.post(
            owner.site.url + "/v1/keys", json={"name": "x"}, cookies=cookies, headers=headers, trust_env=False
        )
        assert answer.status_code == 403, answer.text


# -- usage --------------------------------------------------------------------------------------------------------


def test_usage_shows_what_was_run(gallery: LiveServer, arrive: Arrive) -> None:
    """The chart is drawn, the tables tell the same, and the files hold every request."""
    with gallery.client() as client:
        wanted = {"name": HARM[:70], "account": "usage", "scopes": ["run", "read"]}
        key = client.post("/v1/keys", json=wanted).json()["key"]
    person = arrive(gallery)
    person.sign_in(key)
    page = person.open("/usage")
    expect(page.locator(".empty")).to_contain_text("Nothing was run in this time")

    inputs = {"prompt": "Counted.", "image_urls": [media.data_uri(media.jpeg(400, 400), "image/jpeg")], "frames": 241}
    with gallery.client(key) as client:
        ids = {client.post("/v1/models/studio/first-frame", json=inputs).json()["request_id"] for _ in range(2)}
        until(lambda: all(client.get(f"/v1/requests/{one}").json()["state"] == "completed" for one in ids))
        total_usd = client.get("/v1/usage/summary").json()["total_usd"]
    page = person.open("/usage")
    page.wait_for_selector("[data-chart][data-ready] canvas")
    assert page.locator("[data-chart] canvas").evaluate(COLOURS) > 500
    expect(page.locator("[data-total]")).to_have_text(f"${total_usd:.2f}")
    expect(page.locator("table").first).to_contain_text("studio/first-frame")
    assert page.locator("table").nth(1).locator("tbody th").inner_text() == HARM[:70]
    page.get_by_role("link", name="by key").click()
    expect(page.locator(".legend")).to_contain_text(HARM[:70])
    assert page.title() != "harm"

    with page.expect_download() as told:
        page.get_by_role("link", name="Every request as CSV").click()
    rows = list(csv.DictReader(told.value.path().read_text("utf-8").splitlines()))
    assert {row["request_id"] for row in rows} == ids
    assert sum(Decimal(row["cost_usd"]) for row in rows) == Decimal(str(total_usd))
    with page.expect_download() as told:
        page.get_by_role("link", name="Charges as FOCUS 1.2").click()
    rows = list(csv.DictReader(told.value.path().read_text("utf-8").splitlines()))
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal(str(total_usd))


def test_usage_of_another_time_is_another(owner: Person) -> None:
    """The dates of the form are kept in the address; a time that makes no sense is told."""
    page = owner.open("/usage")
    page.fill("#from", "2020-01-01")
    page.fill("#to", "2020-02-01")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".empty")).to_contain_text("Nothing was run in this time")
    expect(page.locator("#from")).to_have_value("2020-01-01")
    page.fill("#to", "2026-01-01")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".problem")).to_contain_text("at most 400 days before `to` are accepted")
    owner.complaints[:] = [line for line in owner.complaints if "422" not in line]


# -- pricing ------------------------------------------------------------------------------------------------------


def test_the_calculator_says_what_the_quote_says(visitor: Person) -> None:
    """For the same inputs, times the number of runs; also for somebody who is not signed in."""
    page = visitor.open("/pricing")
    page.locator("[data-model]").select_option("studio/first-frame")
    page.get_by_label("Frames").select_option("241")
    page.get_by_label("Runs").fill("12")
    picture = media.data_uri(media.jpeg(400, 400), "image/jpeg")
    with visitor.site.client() as client:
        quoted = client.post(
            "/v1/quote/studio/first-frame", json={"prompt": "A price.", "image_urls": [picture], "frames": 241}
        ).json()
    assert quoted["price"]["cost_usd"] == pytest.approx(1.50625)
    expect(page.locator("[data-total]")).to_have_text(f"${quoted['price']['cost_usd'] * 12:.3f}".rstrip("0"))
    expect(page.locator("[data-words]")).to_contain_text(quoted["price"]["explanation"])
    expect(page.locator("table")).to_contain_text("$0.15 per second")

    page.get_by_label("Runs").fill("0")
    expect(page.locator("[data-form-problem]")).to_contain_text("a whole number from 1 to 1000000")
    expect(page.locator("[data-total]")).to_have_text("–")
    visitor.complaints[:] = [line for line in visitor.complaints if "422" not in line]


# -- webhooks -----------------------------------------------------------------------------------------------------


def test_a_test_event_arrives_and_verifies(owner: Person) -> None:
    """Signed with the secret that the page showed; the log has what was sent and answered."""
    with receiving() as receiver:
        address = receiver.at("/from-the-page", 500)
        page = owner.open("/webhooks")
        page.get_by_role("button", name="New endpoint").click()
        page.fill("#new-url", address)
        page.fill("#new-description", HARM)
        page.get_by_role("button", name="Add").click()
        place = page.locator("#secret-value")
        expect(place).to_contain_text("whsec_")
        secret = place.inner_text()
        page.get_by_role("button", name="I have it").click()

        found = page.locator(".entry", has=page.get_by_role("heading", name=address, exact=True))
        expect(found).to_contain_text(HARM)
        found.get_by_role("button", name="Send a test event").click()
        (got,) = receiver.wait("/from-the-page")
        assert verify(got.body, got.headers, secret).type == "webhook.test"

        row = page.locator("#deliveries tbody tr", has_text="/from-the-page")
        expect(row).to_contain_text("the receiver answered 500")
        row.get_by_role("link", name="webhook.test").click()
        expect(page.locator("pre.body").first).to_contain_text('"type":"webhook.test"')
        page.get_by_role("button", name="Send it again").click()
        receiver.wait("/from-the-page", 2)
        expect(page.locator("#delivery .tag").first).to_have_text("Delivered")
        assert {one.event_id for one in receiver.of("/from-the-page")} == {got.event_id}

        page = owner.open("/webhooks")
        found.get_by_role("button", name="Switch off").click()
        page.locator('[data-dialog="sure"]').get_by_role("button", name="Switch off").click()
        expect(found).to_contain_text("disabled by its owner")
        expect(found.get_by_role("button", name="Send a test event")).to_be_disabled()
        found.get_by_role("button", name="Delete").click()
        page.locator('[data-dialog="sure"]').get_by_role("button", name="Delete").click()
        expect(found).to_have_count(0)
        expect(page.locator("#deliveries")).to_contain_text("/from-the-page")
        assert page.title() != "harm"


def test_the_accounts_secret_is_shown_on_demand(owner: Person) -> None:
    """It is the one that the API tells, and it is nowhere in the page before."""
    with owner.site.client() as client:
        secret = client.get("/v1/webhooks/secret").json()["secret"]
    page = owner.open("/webhooks")
    assert secret not in page.content()
    page.get_by_role("button", name="Show it").click()
    expect(page.locator("#secret-value")).to_have_text(secret)


def test_a_wrong_address_is_told_beside_its_field(owner: Person) -> None:
    """And nothing is made."""
    page = owner.open("/webhooks")
    page.get_by_role("button", name="New endpoint").click()
    page.fill("#new-url", "https://user:pass@example.com/")
    for event in ("completed", "failed", "cancelled"):
        page.locator(f'#new-endpoint [value="{event}"]').uncheck()
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#new-endpoint .field").first.locator("[data-problem]")).to_be_visible()
    expect(page.locator("#new-endpoint .field").nth(1).locator("[data-problem]")).to_be_visible()
    owner.complaints[:] = [line for line in owner.complaints if "422" not in line]
