"""Keeping things: uploads and outputs side by side, favourites, collections, and many at once."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import LiveServer
from tests.http import media
from tests.http.calls import completed
from tests.web.conftest import Arrive, Person
from tests.web.models import HARM
from tests.web.test_access import assert_accessible

pytestmark = pytest.mark.slow
Reader = tuple[Person, httpx.Client]


@pytest.fixture
def reader(gallery: LiveServer, arrive: Arrive) -> Any:
    """Somebody new, with a browser and a program; more of them by calling it again."""
    clients: list[httpx.Client] = []

    def come(**options: object) -> Reader:
        name = f"reader-{uuid.uuid4().hex}"
        with gallery.client() as alice:
            key = alice.post("/v1/keys", json={"name": name, "account": name}).json()["key"]
        person = arrive(gallery, **options)
        person.sign_in(key)
        clients.append(gallery.client(key))
        return person, clients[-1]

    yield come
    for client in clients:
        client.close()


Come = Callable[..., Reader]


def open_library(person: Person, query: str = "") -> Page:
    """The page, once its script is there."""
    page = person.open(f"/library{query}")
    page.wait_for_selector("[data-library][data-ready]")
    return page


def upload(client: httpx.Client, name: str, content: bytes | None = None) -> str:
    told = client.post("/v1/files", params={"name": name}, content=content or media.png(40, 30)).json()
    return str(told["file_id"])


def tile(page: Page, file_id: str) -> Locator:
    """The tile of a file."""
    return page.locator(f'[data-file="{file_id}"]')


def pick(page: Page, *ids: str) -> None:
    """Select these."""
    for file_id in ids:
        tile(page, file_id).locator("[data-pick]").check()


def test_an_empty_library_teaches(reader: Come) -> None:
    """And fills as things are made."""
    person, client = reader()
    page = open_library(person)
    expect(page.locator(".empty")).to_contain_text("Your library is empty")
    upload(client, "one.png")
    completed(client, prompt="A lighthouse.")
    page = open_library(person)
    expect(page.locator(".tile-name")).to_have_text(["A lighthouse.", "one.png"])
    for query, names in (
        ("?role=upload", ["one.png"]),
        ("?role=output", ["A lighthouse."]),
        ("?kind=video", ["A lighthouse."]),
        ("?kind=image", ["one.png"]),
    ):
        expect(open_library(person, query).locator(".tile-name")).to_have_text(names)
    expect(open_library(person, "?kind=audio").locator(".empty")).to_contain_text("No file fits")


def test_favourites_and_collections_survive_a_reload(reader: Come) -> None:
    """Marked, put together, renamed, taken out, and forgotten; the files stay."""
    person, client = reader()
    one, two, three = (upload(client, f"{name}.png") for name in ("one", "two", "three"))
    page = open_library(person)
    tile(page, two).locator("[data-heart]").click()
    pick(page, one, three)
    expect(page.locator("[data-count]")).to_have_text("2 files selected")
    page.click('[data-bulk="collect"]')
    page.locator('[data-dialog="collect"]').get_by_role("button", name="New collection").click()
    page.fill("#name-input", "Häfen <b>")
    page.keyboard.press("Enter")
    expect(page.locator(".chip.is-collection")).to_contain_text("Häfen <b> 2")
    expect(page.locator("[data-selection]")).to_be_hidden()

    page = open_library(person, "?favourite=true")
    expect(page.locator("[data-file]")).to_have_count(1)
    expect(tile(page, two).locator("[data-heart]")).to_have_attribute("aria-pressed", "true")
    page.locator(".chip.is-collection").click()
    expect(page.locator("h1")).to_have_text("Häfen <b>")
    expect(page.locator("[data-file]")).to_have_count(2)
    page.wait_for_selector("[data-library][data-ready]")
    pick(page, three)
    page.click('[data-bulk="release"]')
    expect(tile(page, three)).to_have_count(0)
    page.click("[data-rename]")
    page.fill("#name-input", "Ports")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Ports")
    page.reload()
    expect(page.locator("[data-file]")).to_have_count(1)
    page.wait_for_selector("[data-library][data-ready]")
    page.click("[data-forget]")
    page.locator('[data-dialog="sure"]').get_by_role("button", name="Delete").click()
    page.wait_for_url(person.site.url + "/library")
    expect(page.locator("[data-file]")).to_have_count(3)
    assert client.get("/v1/collections").json()["collections"] == []


def test_a_name_that_is_taken_is_told(reader: Come) -> None:
    """In the dialog, which stays open until it is mended."""
    person, client = reader(expected=("409",))
    client.post("/v1/collections", json={"name": "Ports"})
    page = open_library(person)
    page.click("[data-new]")
    page.fill("#name-input", "Ports")
    page.keyboard.press("Enter")
    expect(page.locator('[data-dialog="name"] [data-problem]')).to_contain_text("of this name already")
    page.fill("#name-input", "Other ports")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Other ports")
    expect(page.locator(".empty")).to_contain_text("Nothing in here yet")


def test_many_files_are_one_archive(reader: Come) -> None:
    """It opens, and holds the right files and no others; a whole collection as well."""
    person, client = reader()
    contents = {name: media.png(side, side) for name, side in (("one.png", 20), ("two.png", 30), ("three.png", 40))}
    ids = {name: upload(client, name, content) for name, content in contents.items()}
    page = open_library(person)
    pick(page, ids["one.png"], ids["three.png"])
    with page.expect_download() as got:
        page.click("[data-zip]")
    with zipfile.ZipFile(io.BytesIO(got.value.path().read_bytes())) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {name: contents[name] for name in ("one.png", "three.png")}
    shelf = client.post("/v1/collections", json={"name": "All of it"}).json()["collection_id"]
    client.put(f"/v1/collections/{shelf}/files/{ids['two.png']}")
    page = open_library(person, f"?collection={shelf}")
    with page.expect_download() as got:
        page.click("text=Download all")
    with zipfile.ZipFile(io.BytesIO(got.value.path().read_bytes())) as archive:
        assert archive.namelist() == ["two.png"]


def test_many_files_are_deleted_at_once(reader: Come) -> None:
    """With Shift all in between; an output goes with its run, and it is said so before."""
    person, client = reader()
    kept = upload(client, "kept.png")
    gone = [upload(client, f"{n}.png") for n in range(3)]
    run = completed(client, prompt="To be thrown away.")["request_id"]
    page = open_library(person)
    boxes = page.locator("[data-pick]")
    boxes.nth(0).check()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(page.locator("[data-count]")).to_have_text("4 files selected")
    page.click('[data-bulk="delete"]')
    sure = page.locator('[data-dialog="sure"]')
    expect(sure).to_contain_text("3 uploads go")
    expect(sure).to_contain_text("1 run goes with everything it made")
    sure.get_by_role("button", name="Delete").click()
    expect(page.locator("[data-file]")).to_have_count(1)
    expect(tile(page, kept)).to_be_visible()
    assert [client.get(f"/v1/files/{file_id}").status_code for file_id in gone] == [404] * 3
    assert client.get(f"/v1/requests/{run}").status_code == 404


def test_a_file_is_looked_at_and_used_again(reader: Come) -> None:
    """Large, with its run; the page of a model that takes it opens with the file filled in."""
    person, client = reader()
    picture = upload(client, "again.png", media.png(64, 48))
    run = completed(client, prompt="A film.")["request_id"]
    page = open_library(person)
    page.get_by_role("button", name="Open A film.").click()
    viewer = page.locator('[data-dialog="viewer"]')
    expect(viewer.locator("video")).to_have_js_property("videoWidth", 32)
    expect(viewer.get_by_role("link", name="Show the run")).to_have_attribute("href", f"/generations/{run}")
    page.keyboard.press("Escape")
    tile(page, picture).locator("[data-view]").click()
    viewer.get_by_role("button", name="Use as input").click()
    page.get_by_role("link", name="Test card with a picture", exact=True).click()
    page.wait_for_selector("[data-form][data-ready]")
    expect(page.locator(".media-item img")).to_have_js_property("naturalWidth", 64)
    person.run()


def test_older_files_are_a_press_away(reader: Come) -> None:
    """Each once, and they can be selected too."""
    person, client = reader()
    made = [upload(client, f"{n}.png") for n in range(50)]
    page = open_library(person)
    expect(page.locator("[data-file]")).to_have_count(48)
    page.click("text=Show older files")
    expect(page.locator("[data-file]")).to_have_count(50)
    pick(page, made[0], made[49])
    expect(page.locator("[data-count]")).to_have_text("2 files selected")


def test_what_others_add_and_delete_is_seen(reader: Come) -> None:
    """Without a reload; what is selected stays selected, and older files still follow in order."""
    person, client = reader(expected=("404",))  # a tile's picture may be on its way when its file is deleted
    page = open_library(person)
    expect(page.locator(".empty")).to_be_visible()
    made = [upload(client, f"{n}.png") for n in range(49)]
    expect(tile(page, made[-1])).to_be_visible()
    expect(page.locator("[data-file]")).to_have_count(48)
    pick(page, made[20])
    gone = [made[30], made[31]]
    assert [client.delete(f"/v1/files/{file_id}").status_code for file_id in gone] == [204, 204]
    client.put(f"/v1/files/{made[25]}/favourite")
    client.post("/v1/collections", json={"name": "from elsewhere"})
    expect(tile(page, made[0])).to_be_visible()
    expect(page.locator("[data-file]")).to_have_count(47)
    expect(tile(page, made[25]).locator("[data-heart]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-collections]")).to_contain_text("from elsewhere")
    expect(page.locator("[data-count]")).to_have_text("1 file selected")
    expect(page.locator("[data-tiles] [data-more]")).to_have_count(0)
    shown = page.locator("[data-file]").evaluate_all("(tiles) => tiles.map((tile) => tile.dataset.file)")
    assert shown == [file_id for file_id in reversed(made) if file_id not in gone]


def test_two_libraries_hold_nothing_of_each_other(reader: Come) -> None:
    """Neither on the page, nor in an archive, nor by a collection's address."""
    person, client = reader()
    other, theirs = reader(expected=("404",))
    file_id = upload(client, "PLANTED-mine.png")
    shelf = client.post("/v1/collections", json={"name": "PLANTED shelf"}).json()["collection_id"]
    client.put(f"/v1/collections/{shelf}/files/{file_id}")
    own = upload(theirs, "theirs.png")
    page = open_library(other)
    expect(page.locator(".tile-name")).to_have_text(["theirs.png"])
    assert "PLANTED" not in page.content()
    answer = other.page.goto(f"{other.site.url}/library?collection={shelf}")
    assert answer is not None
    assert (answer.status, "PLANTED" in answer.text()) == (404, False)
    for path in (f"/v1/files.zip?file={own}&file={file_id}", f"/v1/collections/{shelf}/files.zip"):
        assert other.page.evaluate("async (path) => (await fetch(path)).status", path) == 404
    page = open_library(person, f"?collection={shelf}")
    expect(page.locator(".tile-name")).to_have_text(["PLANTED-mine.png"])


def test_names_and_prompts_that_mean_harm_do_nothing(reader: Come) -> None:
    """On tiles, in the viewer, as a collection's name, in an archive's names."""
    person, client = reader()
    file_id = upload(client, f"../../{HARM}.png")
    completed(client, prompt=HARM)
    client.post("/v1/collections", json={"name": HARM[:80]})
    page = open_library(person)
    expect(page.locator(".tile-name").first).to_have_text(HARM)
    for number in range(2):
        page.locator("[data-view]").nth(number).click()
        page.keyboard.press("Escape")
    pick(page, file_id)
    page.click('[data-bulk="collect"]')
    expect(page.locator('[data-dialog="collect"]')).to_contain_text(HARM[:80])
    page.keyboard.press("Escape")
    page.locator(".chip.is-collection").click()
    expect(page.locator("h1")).to_have_text(HARM[:80])
    assert page.title() != "harm"
    assert page.locator("img[onerror]").count() == 0
    content = client.get("/v1/files.zip", params={"file": file_id}).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not [name for name in archive.namelist() if "/" in name or "\\" in name]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_full_library_is_accessible_and_fits(reader: Come, theme: str) -> None:
    """With a selection, and with each dialog open, down to the smallest telephone."""
    person, client = reader(color_scheme=theme, bypass_csp=True, viewport={"width": 320, "height": 800})
    file_id = upload(client, "a-name-that-is-much-too-long-for-the-smallest-of-telephones.png")
    completed(client, prompt="A film.")
    tile_id = client.post("/v1/collections", json={"name": "Ports"}).json()["collection_id"]
    client.put(f"/v1/collections/{tile_id}/files/{file_id}")
    page = open_library(person)
    pick(page, file_id)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert_accessible(page)
    page.click('[data-bulk="collect"]')
    assert_accessible(page)
    page.keyboard.press("Escape")
    tile(page, file_id).locator("[data-view]").click()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page = open_library(person, f"?collection={tile_id}")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert_accessible(page)
