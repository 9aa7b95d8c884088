"""Pages of deployments: a workflow dropped into a form, tried node by node, changed and deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from mutoscope.testing import a_picture
from tests import comfy
from tests.comfy import Comfy
from tests.conftest import LiveServer, serving
from tests.web.conftest import Arrive, Person
from tests.web.test_access import READER, assert_accessible
from tests.web.test_pages import assert_light
from tests.workflows import FILM, STILL, node, write_styled

pytestmark = pytest.mark.slow
WORKFLOW = STILL | {"20": node("ShowText", text="told by a node"), "21": node("SaveMesh", text="a mesh")}
WIDTHS_PX = (390, 768, 1280, 2560)


@pytest.fixture(scope="module")
def server() -> Iterator[Comfy]:
    with comfy.running() as server:
        yield server


@pytest.fixture(scope="module")
def studio(server: Comfy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with a ComfyUI, and nothing deployed."""
    folder = tmp_path_factory.mktemp("studio")
    models = write_styled(folder / "models")
    with serving(folder / "data", engines="comfyui", comfyui_servers=server.url, manifests=models) as live:
        yield live


@pytest.fixture
def client(studio: LiveServer) -> Iterator[httpx.Client]:
    with studio.client() as client:
        yield client


@pytest.fixture
def owner(studio: LiveServer, arrive: Arrive) -> Person:
    person = arrive(studio, expected=("422",), **READER)
    person.sign_in(studio.api_key)
    return person


def made(client: httpx.Client, workflow: Any = WORKFLOW, **given: Any) -> str:
    """A deployment; its id."""
    body = {"name": "portrait", "payload": {"workflow_api_json": workflow}} | given
    return str(client.post("/prod/v2/deployments", json=body).raise_for_status().json()["id"])


def test_a_workflow_is_deployed_changed_and_deleted(owner: Person, client: httpx.Client, tmp_path: Path) -> None:
    """From a file; what is wrong stands at its field, as the API says it; the list and the API know what was made."""
    page = owner.open("/comfyui")
    page.get_by_role("link", name="New deployment").first.click()
    form = page.locator("form.deploy[data-ready]")
    form.wait_for()
    page.fill("#workflow", "{not json")
    page.fill("#name", "harbour")
    form.get_by_role("button", name="Deploy").click()
    expect(page.locator(".field.is-wrong")).to_contain_text("This is not JSON.")

    (tmp_path / "harbour.json").write_text(json.dumps(WORKFLOW), "utf-8")
    page.set_input_files("#workflow-file", tmp_path / "harbour.json")
    expect(page.locator("[data-found]")).to_have_text(f"{len(WORKFLOW)} nodes")
    page.fill("#overrides", '{"66": {}}')
    page.fill("#max_instances", "3")
    page.fill("#min_instances", "4")
    form.get_by_role("button", name="Deploy").click()
    expect(page.locator(".field.is-wrong", has=page.locator("#max_instances"))).to_contain_text(
        "At least min_instances"
    )
    page.fill("#min_instances", "0")
    form.get_by_role("button", name="Deploy").click()
    expect(page.locator(".field.is-wrong", has=page.locator("#overrides"))).to_contain_text("no such node")
    page.fill("#overrides", '{"6": {"inputs": {"text": "a lighthouse"}}}')
    form.get_by_role("button", name="Deploy").click()
    page.wait_for_selector("[data-overrides][data-ready]")
    deployment_id = page.locator("#deployment-id").inner_text()
    told = client.get(f"/prod/v2/deployments/{deployment_id}?includes=payload").json()
    assert (told["name"], told["max_instances"]) == ("harbour", 3)
    assert told["payload"] | {"object_info_url": ""} == {
        "workflow_api_json": WORKFLOW,
        "overrides": {"6": {"inputs": {"text": "a lighthouse"}}},
        "object_info_url": "",
    }

    page = owner.open(f"/comfyui/{deployment_id}/edit")
    page.wait_for_selector("form.deploy[data-ready]")
    page.fill("#name", "pier")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("[data-overrides][data-ready]")
    expect(page.locator("h1")).to_have_text("pier")
    page.get_by_role("button", name="Switch off").click()
    page.locator('[data-dialog="sure"]').get_by_role("button", name="Switch off").click()
    expect(page.locator("[data-overrides]")).to_contain_text("This deployment is switched off.")
    page.get_by_role("button", name="Delete").first.click()
    page.locator('[data-dialog="sure"]').get_by_role("button", name="Delete").click()
    page.wait_for_url(owner.site.url + "/comfyui")
    assert client.get(f"/prod/v2/deployments/{deployment_id}").status_code == 404


def test_it_is_tried_on_its_page(owner: Person, client: httpx.Client, server: Comfy) -> None:
    """Only what was changed is sent; outputs stand by node; an earlier run is put into the form again."""
    deployment_id = made(client)
    page = owner.open(f"/comfyui/{deployment_id}")
    page.wait_for_selector("[data-overrides][data-ready]")
    text = page.locator('[data-node="6"][data-field="text"] textarea')
    expect(text).to_have_value("a harbour")
    text.fill("a tower")
    expect(page.locator("[data-changed]")).to_have_text("1 value changed")
    text.press("Control+Enter")
    run = page.locator(".run")
    expect(run).to_have_attribute("data-state", "completed")
    graph = list(server.history.values())[-1]["prompt"][2]
    assert (graph["6"]["inputs"]["text"], graph["5"]["inputs"]["width"]) == ("a tower", 64)
    picture = run.locator(".made", has_text="9 SaveImage").locator("img")
    expect(picture).to_be_visible()
    assert client.get(str(picture.get_attribute("src"))).content.startswith(b"\x89PNG")
    expect(run.locator(".made", has_text="20 ShowText").locator("pre")).to_have_text("told by a node")
    assert run.locator('.made a[download$=".glb"]').count() == 1

    page.reload()
    page.wait_for_selector("[data-overrides][data-ready]")
    expect(text).to_have_value("a harbour")
    page.locator(".run").get_by_role("button", name="Edit and run").click()
    expect(text).to_have_value("a tower")
    page = owner.open(f"/generations/{page.locator('.run').get_attribute('data-run')}")
    page.get_by_role("link", name="Edit and run").click()
    expect(text).to_have_value("a tower")


def test_what_is_refused_stands_at_its_node(owner: Person, client: httpx.Client) -> None:
    """By the form itself, or by the server."""
    deployment_id = made(client, FILM)
    page = owner.open(f"/comfyui/{deployment_id}")
    page.wait_for_selector("[data-overrides][data-ready]")
    page.locator("#node-13 > summary").click()
    page.locator('[data-node="13"] input').first.fill("")
    page.click("[data-run]")
    expect(page.locator('[data-node="13"].is-wrong')).to_contain_text("A number is needed here.")
    page.locator('[data-node="13"] input').first.fill("5")
    page.locator('[data-node="10"] input').first.fill("data:image/png;base64,AAAA")
    page.click("[data-run]")
    expect(page.locator("[data-overrides]")).to_contain_text("images[0]")


def test_a_lora_is_deployed_and_tried(owner: Person, server: Comfy) -> None:
    """By a form of its own; asked with the hosted service's words, on its page and in the examples."""
    page = owner.open("/comfyui")
    page.get_by_role("link", name="Deploy a LoRA").click()
    page.wait_for_selector("form.deploy[data-ready]")
    page.fill("#name", "charcoal")
    page.fill("#path", "style.ckpt")
    page.get_by_role("button", name="Deploy").click()
    expect(page.locator(".field.is-wrong")).to_contain_text("safetensors file")
    page.fill("#path", "style.safetensors")
    page.get_by_role("button", name="Deploy").click()
    page.wait_for_selector("[data-form][data-ready]")
    page.fill('[data-name="prompt"] textarea', "a pier")
    page.click("[data-form] [data-run]")
    run = page.locator(".run")
    expect(run).to_have_attribute("data-state", "completed")
    expect(run.locator(".run-stage img")).to_be_visible()
    graph = list(server.history.values())[-1]["prompt"][2]
    assert (graph["6"]["inputs"]["text"], graph["2"]["inputs"]["lora_name"]) == ("a pier", "style.safetensors")
    page.get_by_role("link", name="API", exact=True).click()
    expect(page.locator(".api-text")).to_contain_text("sample_steps")
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.locator("#path")).to_have_value("style.safetensors")


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        *(("workflow", path) for path in ("", "/new", "/{id}", "/{id}/edit", "/{id}/api")),
        *(("lora", path) for path in ("/new-lora", "/{id}", "/{id}/edit", "/{id}/api")),
    ],
)
def test_the_pages_are_light_accessible_and_fit(owner: Person, client: httpx.Client, path: str, kind: str) -> None:
    """Within the limits of a first view, without violations in two languages and lights, from a telephone to a wall."""
    lora = {"payload": {}, "lora": {"base_model": "studio/styled", "path": "style.safetensors"}}
    given = lora if kind == "lora" else {}
    address = "/comfyui" + path.format(id=made(client, FILM | WORKFLOW, **given))
    for language in ("", "/ja"):
        page = owner.open(language + address)
        page.wait_for_load_state("networkidle")
        page.evaluate("for (const fold of document.querySelectorAll('details.node')) fold.open = true")
        assert_accessible(page, "light", "dark")
    assert_light(owner, address)
    for width in WIDTHS_PX:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, width


def test_a_film_is_tried_and_seen_to_be_made(
    owner: Person, client: httpx.Client, server: Comfy, tmp_path: Path
) -> None:
    """What there is so far is shown while it runs; a run waits for the file that goes up, and the film plays."""
    page = owner.open(f"/comfyui/{made(client)}")
    page.wait_for_selector("[data-overrides][data-ready]")
    server.step_s = 0.3
    page.locator("#node-3 > summary").click()
    page.locator('[data-node="3"][data-field="steps"] input').fill("60")
    page.click("[data-run]")
    run = page.locator(".run")
    expect(run.locator("img.run-preview")).to_be_visible()
    server.step_s = 0.0
    expect(run).to_have_attribute("data-state", "completed")

    page = owner.open(f"/comfyui/{made(client, FILM)}")
    page.wait_for_selector("[data-overrides][data-ready]")
    page.locator('[data-node="10"] input[type=file]').set_input_files(a_picture(tmp_path / "a.png"))
    page.click("[data-run]")
    expect(run).to_have_attribute("data-state", "completed")
    film = run.locator("video").first
    film.evaluate("film => film.play()")
    page.wait_for_function("() => document.querySelector('.run video').currentTime > 0.2")
    assert film.evaluate("film => [film.videoWidth, film.videoHeight]") == [64, 48]
