"""The operator's pages: what is changed there counts for callers, and only the owner of the site sees them."""

from __future__ import annotations

import csv
import json

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import LiveServer
from tests.http import media
from tests.http.calls import SMALL, TESTCARD, assert_error, finished, submit
from tests.web.conftest import Arrive, Person
from tests.web.models import HARM

pytestmark = pytest.mark.slow
PAGES = ("/admin", "/admin/workers", "/admin/accounts", "/admin/limits", "/admin/audit")
SHOWCASE = "mutoscope/parallax"


def entry(page: Page, name: str) -> Locator:
    """The entry of a model."""
    return page.locator(".entry", has=page.get_by_role("link", name=name, exact=True))


@pytest.mark.parametrize("scopes", [["run", "read"], ["run", "read", "admin"]])
def test_nobody_but_the_owner_sees_the_pages(gallery: LiveServer, arrive: Arrive, scopes: list[str]) -> None:
    """Neither a key of the owner without the scope nor a guest with every scope."""
    with gallery.client() as client:
        account = None if "admin" not in scopes else "a guest"
        key = client.post("/v1/keys", json={"name": "curious", "scopes": scopes, "account": account}).json()["key"]
    person = arrive(gallery, expected=("403",))
    person.sign_in(key)
    for path in PAGES:
        answer = person.page.goto(gallery.url + path)
        assert answer is not None
        assert answer.status == 403
        assert person.page.locator(".entry, table").count() == 0
    person.open("/profile")
    assert person.page.locator('a[href="/admin"]').count() == 0


def test_a_model_is_switched_off_and_on(owner: Person) -> None:
    """Callers are told so, its own page says so, and a list does not show it."""
    page = owner.open("/admin")
    found = entry(page, "Test card")
    found.get_by_role("button", name="Switch off").click()
    page.locator('[data-dialog="sure"]').get_by_role("button", name="Switch off").click()
    expect(found).to_contain_text("Switched off")
    try:
        with owner.site.client() as client:
            refused = assert_error(client.post(f"/v1/models/{TESTCARD}", json=SMALL), 403, 403005)
        assert "switched off" in refused["message"]
        page = owner.open(f"/models/{TESTCARD}")
        expect(page.locator("[data-form]")).to_contain_text("switched off on this server")
        expect(page.locator("[data-form] [data-run]")).to_have_count(0)
        page = owner.open("/models?search=bars")
        expect(page.get_by_role("link", name="Test card", exact=True)).to_have_count(0)
    finally:
        page = owner.open("/admin")
        entry(page, "Test card").get_by_role("button", name="Switch on").click()
        expect(entry(page, "Test card").get_by_role("button", name="Switch off")).to_be_visible()
    with owner.site.client() as client:
        assert finished(client, submit(client))["status"] == "succeeded"


def test_the_next_run_uses_another_engine(owner: Person) -> None:
    """Which the page was told; whoever calls changes nothing."""
    inputs = {"image_url": media.data_uri(media.jpeg(400, 300), "image/jpeg"), "prompt": "push in"}
    with owner.site.client() as client:
        request_id = client.post(f"/v1/models/{SHOWCASE}", json=inputs).json()["request_id"]
        page = owner.open("/admin")
        found = entry(page, "Parallax")
        found.locator("summary", has_text="Engine").click()
        found.get_by_label("What runs it").select_option("testcard")
        found.get_by_role("button", name="Save").click()
        expect(found).to_contain_text("manifest: parallax")
        assert finished(client, request_id)["metadata"]["engine"] == "testcard"
        found.locator("summary", has_text="Engine").click()
        found.get_by_role("button", name="As the manifest").click()
        expect(found).not_to_contain_text("differs from its manifest")
        assert client.get(f"/v1/models/{SHOWCASE}").json()["engine"] == "parallax"


def test_a_price_is_changed(owner: Person) -> None:
    """The price list and a quote follow at once."""
    page = owner.open("/admin")
    found = entry(page, "Test card with a picture")
    found.locator("summary", has_text="Price").click()
    found.get_by_label("US dollars a second").fill("0.125")
    found.get_by_role("button", name="Save").click()
    expect(found).to_contain_text("$0.125 a second")
    with owner.site.client() as client:
        quoted = client.post("/v1/quote/mutoscope/testcard/image-to-video", json={"frame_count": "24"}).json()
    assert quoted["price"]["cost_usd"] == pytest.approx(0.375)
    page = owner.open("/pricing")
    expect(page.locator("tr", has_text="Test card with a picture")).to_contain_text("$0.125 per second")
    page = owner.open("/admin")
    found.locator("summary", has_text="Price").click()
    found.get_by_role("button", name="As the manifest").click()
    expect(found).to_contain_text("$0.00 a second")


def test_what_runs_is_seen_live(owner: Person) -> None:
    """It comes and goes without a reload."""
    page = owner.open("/admin/workers")
    with owner.site.client() as client:
        request_id = submit(client, delay_s=60)
        expect(page.locator("#workers")).to_contain_text(request_id)
        client.post(f"/v1/requests/{request_id}/cancel?running=true")
        expect(page.locator("#workers")).not_to_contain_text(request_id)


def test_a_worker_is_drained_and_resumed(owner: Person) -> None:
    """It goes on with what it has, says so without a reload, and takes nothing new until it is resumed."""
    page = owner.open("/admin/workers")
    with owner.site.client() as client:
        running = submit(client, delay_s=60)
        row = page.locator("tr", has=page.get_by_role("button", name="Drain"))
        expect(page.locator("#workers")).to_contain_text(running)
        row.get_by_role("button", name="Drain").click()
        try:
            row = page.locator("tr", has=page.get_by_role("button", name="Resume"))
            expect(row).to_contain_text("Finishing what it has")
            expect(row.get_by_role("button")).to_be_focused()
            client.post(f"/v1/requests/{running}/cancel?running=true")
            expect(row).to_contain_text("Drained")
            waiting = submit(client)
            expect(page.locator("#workers .figure", has_text="Waiting")).to_contain_text("1")
            expect(row).to_contain_text("Drained")
        finally:
            page.get_by_role("button", name="Resume").click()
        expect(page.get_by_role("button", name="Drain")).to_be_visible()
        assert finished(client, waiting)["status"] == "succeeded"


def test_an_account_is_opened_and_gets_a_key(owner: Person) -> None:
    """By its name, whatever that is."""
    page = owner.open("/admin/accounts")
    page.fill("#account-name", HARM[:80])
    page.get_by_role("button", name="Open it").click()
    row = page.locator("tr", has_text=HARM[:80])
    row.get_by_role("link", name="Keys and limits").click()
    expect(page.locator("h1")).to_contain_text(HARM[:80])
    expect(page.locator(".empty")).to_contain_text("No key yet")
    page.get_by_role("button", name="New key").click()
    page.fill("#new-name", "their first")
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#secret-value")).to_contain_text("mk_")
    with owner.site.client(page.locator("#secret-value").inner_text()) as theirs:
        assert theirs.get("/v1/account").json()["account_name"] == HARM[:80]
    page = owner.open("/admin/accounts")
    expect(row.locator("td").first).to_have_text("1")
    assert page.title() != "harm"


def test_a_refusal_is_told_in_the_language_of_the_page(gallery: LiveServer, arrive: Arrive) -> None:
    """By its code; the server's own words follow."""
    person = arrive(gallery, expected=("409",))
    person.sign_in()
    page = person.open("/de/admin/accounts")
    page.fill("#account-name", "owner")
    page.locator("#account-name").press("Enter")
    expect(page.locator("[data-form-problem]")).to_have_text(
        "Das geht im Augenblick nicht. (there is an account of this name already)"
    )


def test_limits_of_the_site_are_changed(owner: Person) -> None:
    """And an empty field is the setting again."""
    page = owner.open("/admin/limits")
    page.get_by_label("Seconds that an address").fill("60")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast").last).to_have_text("Changed.")
    with owner.site.client() as client:
        assert client.get("/v1/admin/limits").json()["limits"]["file_url_ttl_s"] == 60
        assert client.post("/v1/files", content=media.png()).json()["expires_in_s"] == 60
        expect(page.get_by_label("Seconds that an address")).to_have_value("60")
        page.get_by_label("Seconds that an address").fill("")
        with page.expect_response("**/v1/admin/limits"):
            page.get_by_role("button", name="Save").click()
        told = client.get("/v1/admin/limits").json()
    assert told["limits"] == told["settings"]


def test_the_audit_log_is_filtered_and_saved(owner: Person) -> None:
    """Who made which key; the file holds what the page shows."""
    with owner.site.client() as client:
        made = client.post("/v1/keys", json={"name": HARM[:80]}).json()["key_id"]
    page = owner.open("/admin/audit")
    page.get_by_label("Act", exact=True).fill("key.created")
    page.get_by_label("Of what").fill(made)
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("127.0.0.1")
    with page.expect_download() as told:
        page.get_by_role("link", name="Save as CSV").click()
    (row,) = csv.DictReader(told.value.path().read_text("utf-8").splitlines())
    assert (row["action"], row["target"]) == ("key.created", made)
    assert json.loads(row["after"])["name"] == HARM[:80]
    assert page.title() != "harm"
