"""RunComfy's Serverless API over a socket, field by field: deployments, their requests in both versions, instances."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mutoscope.testing import a_picture
from tests import comfy
from tests.comfy import Comfy
from tests.conftest import LiveServer, serving
from tests.http import media
from tests.http.calls import assert_error, assert_no_defects, until
from tests.http.receiver import receiving
from tests.workflows import FILM, STILL, node, write_styled

pytestmark = pytest.mark.slow
WORKFLOW = STILL | {"20": node("ShowText", text="told")}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
SUBMITTED = {"request_id", "status_url", "result_url", "cancel_url"}


@pytest.fixture(scope="module")
def server() -> Iterator[Comfy]:
    with comfy.running() as server:
        yield server


@pytest.fixture(scope="module")
def site(server: Comfy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with serving(
        tmp_path_factory.mktemp("serverless") / "data",
        engines="comfyui",
        comfyui_servers=server.url,
        manifests=write_styled(tmp_path_factory.mktemp("models") / "models"),
        hardware_prices="HOPPER_141=3600",
        fetch_allow="127.0.0.0/8",
    ) as live:
        yield live
    assert_no_defects(live)


@pytest.fixture
def client(site: LiveServer, server: Comfy) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client
    server.step_s = 0.0
    server.hold.clear()


@pytest.fixture(scope="module")
def guest(site: LiveServer) -> Iterator[httpx.Client]:
    """Somebody with an account of her own."""
    with site.client() as owner:
        wanted = {"name": "guest", "account": "guest", "scopes": ["run", "read", "admin"]}
        key = owner.post("/v1/keys", json=wanted).json()["key"]
    with site.client(key) as client:
        yield client


def made(client: httpx.Client, workflow: Any = WORKFLOW, **given: Any) -> dict[str, Any]:
    """A new deployment."""
    body = {"name": "portrait", "payload": {"workflow_api_json": workflow}} | given
    answer = client.post("/prod/v2/deployments", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def infer(client: httpx.Client, deployment: dict[str, Any], body: Any = None, version: str = "v2", **query: str) -> str:
    answer = client.post(f"/prod/{version}/deployments/{deployment['id']}/inference", json=body or {}, params=query)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == SUBMITTED
    return str(answer.json()["request_id"])


def address(deployment: dict[str, Any], request_id: str, what: str, version: str = "v2") -> str:
    return f"/prod/{version}/deployments/{deployment['id']}/requests/{request_id}/{what}"


def result(client: httpx.Client, deployment: dict[str, Any], request_id: str, version: str = "v2") -> dict[str, Any]:
    """The result once it is over."""
    where = address(deployment, request_id, "result", version)
    until(lambda: client.get(where).json()["status"] not in ("in_queue", "in_progress"))
    told: dict[str, Any] = client.get(where).json()
    return told


def nested(levels: int) -> Any:
    """A list in a list in a list …"""
    return [nested(levels - 1)] if levels else []


# -- deployments --------------------------------------------------------------------------------------------------


def test_a_deployment_is_made_shown_changed_and_deleted(client: httpx.Client) -> None:
    """The fields of the contract, payload and readme only with their `includes`; a bare list; PATCH needs the name."""
    given = {"workflow_version": "v3", "hardware": ["AMPERE_24"], "max_instances": 2, "readme": "Read me."}
    deployment = made(client, **given)
    assert set(deployment) == {
        *("id", "name", "workflow_id", "workflow_version", "hardware", "min_instances", "max_instances"),
        *("queue_size", "keep_warm_duration_in_seconds", "status", "is_enabled", "created_at", "updated_at"),
    }
    assert {name: deployment[name] for name in ("workflow_version", "hardware", "max_instances")} == {
        "workflow_version": "v3",
        "hardware": ["AMPERE_24"],
        "max_instances": 2,
    }
    assert (deployment["min_instances"], deployment["queue_size"], deployment["keep_warm_duration_in_seconds"]) == (
        *(0, 1, 60),
    )
    assert (deployment["status"], deployment["is_enabled"]) == ("standby", True)
    assert TIME.fullmatch(deployment["created_at"]) and TIME.fullmatch(deployment["updated_at"])

    where = f"/prod/v2/deployments/{deployment['id']}"
    assert client.get(where).json() == deployment
    whole = client.get(where, params={"includes": ["payload", "readme"]}).json()
    assert whole["payload"]["workflow_api_json"] == WORKFLOW
    assert whole["payload"]["overrides"] == {}
    assert client.get(whole["payload"]["object_info_url"]).json().keys() >= {"KSampler", "SaveImage"}
    assert whole["readme"] == "Read me."

    other = made(client, name="other")
    listed = client.get("/prod/v2/deployments", params={"ids": [deployment["id"], other["id"]]}).json()
    assert [one["id"] for one in listed] == [deployment["id"], other["id"]]
    assert client.get("/prod/v2/deployments", params={"ids": other["id"]}).json() == [other]

    assert "Deployment name is required" in assert_error(client.patch(where, json={"queue_size": 2}), 422)["message"]
    changed = client.patch(where, json={"name": "renamed", "is_enabled": False, "max_instances": 3}).json()
    assert (changed["name"], changed["is_enabled"], changed["max_instances"]) == ("renamed", False, 3)
    assert changed["hardware"] == ["AMPERE_24"]
    assert changed["updated_at"] > changed["created_at"]

    assert client.delete(where).status_code == 204
    assert_error(client.get(where), 404, 10003)
    assert_error(client.post(f"{where}/inference", json={}), 404, 10003)
    assert deployment["id"] not in [one["id"] for one in client.get("/prod/v2/deployments").json()]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"name": ""}, "name"),
        ({"hardware": ["ABACUS"]}, "hardware"),
        ({"hardware": ["AMPERE_24", "AMPERE_48"]}, "hardware"),
        ({"min_instances": 31}, "min_instances"),
        ({"min_instances": 5, "max_instances": 4}, "max_instances"),
        ({"max_instances": True}, "max_instances"),
        ({"queue_size": -1}, "queue_size"),
        ({"keep_warm_duration_in_seconds": 1.5}, "keep_warm_duration_in_seconds"),
        ({"is_enabled": "yes"}, "is_enabled"),
        ({"payload": {"workflow_api_json": {"nodes": []}}}, "payload.workflow_api_json"),
        ({"payload": {"workflow_api_json": STILL, "overrides": {"66": {}}}}, "payload.overrides.66"),
        ({"payload": {}}, "workflow_id"),
        ({"name": "a\0b"}, "name"),
        ({"readme": "a\0b"}, "readme"),
        ({"payload": {"workflow_api_json": {"6": {"class_type": "x", "inputs": {"deep": nested(90)}}}}}, ""),
        ({"payload": {}, "workflow_id": "1b4e28ba"}, "workflow_id"),
    ],
)
def test_what_a_deployment_cannot_be_is_named(client: httpx.Client, given: dict[str, Any], path: str) -> None:
    """422001 with the field."""
    body = {"name": "x", "payload": {"workflow_api_json": WORKFLOW}} | given
    told = assert_error(client.post("/prod/v2/deployments", json=body), 422, 422001)
    assert any(problem["path"].startswith(path) for problem in told["detail"])


def test_nothing_of_it_is_seen_by_others(client: httpx.Client, guest: httpx.Client) -> None:
    """Neither the deployment nor its requests, nor as a model of the catalogue; not even its owner runs it as one."""
    deployment = made(client, name="private")
    request_id = infer(client, deployment)
    result(client, deployment, request_id)
    assert deployment["id"] not in guest.get("/prod/v2/deployments").text
    for where in ("", "/object_info.json", f"/requests/{request_id}/status", f"/requests/{request_id}/result"):
        assert_error(guest.get(f"/prod/v2/deployments/{deployment['id']}{where}"), 404, 404001)
    assert_error(guest.post(f"/prod/v2/deployments/{deployment['id']}/inference", json={}), 404, 404001)
    assert_error(client.post(f"/v1/models/deployments/{deployment['id']}", json={}), 404, 404001)
    assert "deployments/" not in client.get("/v1/models").text


# -- requests -----------------------------------------------------------------------------------------------------


def test_a_request_gives_what_every_node_made(client: httpx.Client, server: Comfy) -> None:
    """Overrides of deployment and request in the workflow; outputs by node and channel, files with an address."""
    changed = {"6": {"inputs": {"text": "of the deployment"}}}
    deployment = made(client, payload={"workflow_api_json": WORKFLOW, "overrides": changed})
    body = {"overrides": {"5": {"inputs": {"width": 96}}, "20": {"inputs": {"text": "of the request"}}}}
    told = result(client, deployment, infer(client, deployment, body))

    assert set(told) == {"request_id", "status", "created_at", "finished_at", "outputs"}
    assert told["status"] == "succeeded"
    assert TIME.fullmatch(told["created_at"]) and TIME.fullmatch(told["finished_at"])
    (file,) = told["outputs"]["9"]["images"]
    assert set(file) == {"filename", "subfolder", "type", "url"}
    assert (file["subfolder"], file["type"]) == ("", "output")
    assert client.get(file["url"]).content.startswith(b"\x89PNG")
    assert told["outputs"]["20"] == {"text": ["of the request"]}
    graph = list(server.history.values())[-1]["prompt"][2]
    assert graph["6"]["inputs"]["text"] == "of the deployment"
    assert graph["5"]["inputs"]["width"] == 96


def test_a_whole_workflow_may_be_sent(client: httpx.Client, tmp_path: Path) -> None:
    """With a picture as a data URI where a node loads one; a film comes back under SaveVideo's channel."""
    deployment = made(client)
    workflow = FILM | {"10": node("LoadImage", image=media.data_uri(a_picture(tmp_path / "a").read_bytes()))}
    told = result(client, deployment, infer(client, deployment, {"workflow_api_json": workflow}))
    assert told["status"] == "succeeded", told
    (film,) = told["outputs"]["38:42"]["images"]
    assert film["filename"].endswith(".mp4")
    assert film["subfolder"] == "video"
    assert client.get(film["url"]).content[4:8] == b"ftyp"


def test_a_file_that_is_no_medium_has_an_address_too(client: httpx.Client, site: LiveServer) -> None:
    """Its bytes are handed out as bytes, never as a page; it is on the run's page beside the picture."""
    deployment = made(client, WORKFLOW | {"21": node("SaveMesh", text="<script>alert(1)</script>")})
    request_id = infer(client, deployment)
    told = result(client, deployment, request_id)
    (mesh,) = told["outputs"]["21"]["3d"]
    assert set(mesh) == {"filename", "subfolder", "type", "url"}
    answer = client.get(mesh["url"])
    assert answer.text == "<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    whole = client.get(f"/v1/requests/{request_id}").json()
    assert whole["metadata"]["media"]["width_px"] == 64
    with site.client("") as browser:
        browser.post("/sign-in", data={"key": site.api_key}, headers={"Origin": site.url})
        assert ".glb" in browser.get(f"/generations/{request_id}", headers={"Accept": "text/html"}).text


def test_keys_in_extra_data_reach_comfyui_and_are_shown_to_nobody(
    client: httpx.Client, server: Comfy, site: LiveServer
) -> None:
    """Neither by the API nor by the pages, nor can they be searched for."""
    deployment = made(client)
    secret = "comfyui-0123456789abcdef"
    request_id = infer(client, deployment, {"extra_data": {"api_key_comfy_org": secret}})
    result(client, deployment, request_id)
    assert list(server.history.values())[-1]["prompt"][3]["api_key_comfy_org"] == secret
    assert secret not in client.get(f"/v1/requests/{request_id}").text
    assert secret not in client.get(f"/v1/requests/{request_id}/events", params={"follow": "false"}).text
    assert client.get("/v1/requests", params={"search": secret}).json()["requests"] == []
    with site.client("") as browser:
        signed_in = browser.post("/sign-in", data={"key": site.api_key}, headers={"Origin": site.url})
        assert signed_in.is_success, signed_in.text
        page = browser.get(f"/generations/{request_id}", headers={"Accept": "text/html"})
        assert (page.status_code, secret in page.text) == (200, False)


def test_its_requests_are_among_all_others(client: httpx.Client, site: LiveServer) -> None:
    """In the list, by themselves, and on the pages, which know no model of that name."""
    deployment = made(client)
    request_id = infer(client, deployment)
    result(client, deployment, request_id)
    told = client.get(f"/v1/requests/{request_id}").json()
    assert told["model_id"] == f"deployments/{deployment['id']}"
    assert len(told["output"]["files"]) == 2
    assert request_id in client.get("/v1/requests").text
    with site.client("") as browser:
        browser.get(site.welcome_url.removeprefix(site.url))
        for page in ("/generations", f"/generations/{request_id}", "/library", "/usage"):
            shown = browser.get(page, headers={"Accept": "text/html"})
            assert shown.status_code == 200, (page, shown.text[:500])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([], ""),
        ({"overrides": {"66": {"inputs": {}}}}, "overrides.66"),
        ({"overrides": {"6": "text"}}, "overrides.6"),
        ({"overrides": [1]}, "overrides"),
        ({"overrides": {"6": {"inputs": {"text": "x"}}}, "workflow_api_json": STILL}, "overrides"),
        ({"workflow_api_json": {"nodes": []}}, "workflow_api_json"),
        ({"extra_data": "secret"}, "extra_data"),
        ({"overrides": {"6": {"inputs": {"text": {"$file": ["images", 0]}}}}}, "6.inputs.text"),
        ({"webhook": "ftp://nowhere"}, "webhook"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(client: httpx.Client, body: Any, path: str) -> None:
    """Before it is queued, with the place."""
    deployment = made(client)
    told = assert_error(client.post(f"/prod/v2/deployments/{deployment['id']}/inference", json=body), 422)
    assert [problem["path"] for problem in told["detail"]] == [path]


def test_a_disabled_deployment_takes_nothing(client: httpx.Client) -> None:
    """10002, until it is enabled again."""
    deployment = made(client, is_enabled=False)
    where = f"/prod/v2/deployments/{deployment['id']}"
    assert_error(client.post(f"{where}/inference", json={}), 403, 10002)
    client.patch(where, json={"name": "portrait", "is_enabled": True})
    assert result(client, deployment, infer(client, deployment))["status"] == "succeeded"


def test_work_is_charged_by_the_second_of_its_hardware(client: httpx.Client, site: LiveServer) -> None:
    """At the price of the deployment's hardware; a key whose limit that passes is told 10001 before it waits."""
    deployment = made(client, hardware=["HOPPER_141"])
    request_id = infer(client, deployment, {"overrides": {"6": {"inputs": {"text": "paid"}}}})
    result(client, deployment, request_id)
    told = client.get(f"/v1/requests/{request_id}/result", params={"include_cost": "true"}).json()
    assert told["cost"] == pytest.approx(told["metadata"]["timings"]["engine_s"] * 1.0, abs=1e-5)

    limits = {"spending": {"usd": 0, "period": "day"}}
    poor = client.post("/v1/keys", json={"name": "poor", "scopes": ["run"], "limits": limits}).json()
    with site.client(poor["key"]) as spender:
        assert_error(spender.post(f"/prod/v2/deployments/{deployment['id']}/inference", json={}), 402, 10001)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_states_are_told_in_each_version_s_words(client: httpx.Client, server: Comfy, version: str) -> None:
    """Waiting with a position, running with an instance in v2 only, cancelled while it runs; v1 with no other field."""
    deployment = made(client, max_instances=1)
    server.step_s = 0.1
    slow = {"overrides": {"3": {"inputs": {"steps": 300, "seed": 100 + int(version[1])}}}}
    running, waiting = infer(client, deployment, slow, version), infer(client, deployment, slow, version)
    until(lambda: server.running)
    told = until(
        lambda: (
            (now := client.get(address(deployment, running, "status", version)).json())["status"] == "in_progress"
            and now
        )
    )
    plain = {"request_id", "status", "status_url", "result_url"}
    assert set(told) == plain | ({"instance_id"} if version == "v2" else set())
    assert f"/prod/{version}/deployments/" in told["result_url"]
    assert client.get(f"/prod/v2/deployments/{deployment['id']}").json()["status"] == "running"
    told = client.get(address(deployment, waiting, "status", version)).json()
    assert set(told) == plain | {"queue_position"}
    assert (told["status"], told["queue_position"]) == ("in_queue", 0)
    now = client.get(address(deployment, waiting, "result", version))
    assert (now.status_code, now.json()["status"]) == (200, "in_queue")

    for request_id in (waiting, running):
        answer = client.post(address(deployment, request_id, "cancel", version))
        wanted = {"request_id": request_id, "status": "cancellation_requested"}
        assert answer.status_code == 202
        assert answer.json() == (wanted | {"outcome": "cancelled"} if version == "v2" else wanted)
    again = client.post(address(deployment, running, "cancel", version)).json()
    assert again["status"] == "not_cancellable"
    assert again.get("outcome", "not_cancellable") == "not_cancellable"
    until(lambda: not server.running)
    assert client.get(address(deployment, running, "status", version)).json()["status"] == "cancelled"
    told = client.get(address(deployment, running, "result", version)).json()
    assert set(told) == {"request_id", "status", "created_at", "finished_at"}
    assert told["status"] == "cancelled"


def test_a_failure_is_told_in_each_version_s_shape(client: httpx.Client) -> None:
    """`completed` in status; an array in v1, an object in v2."""
    deployment = made(client)
    request_id = infer(client, deployment, {"overrides": {"3": {"inputs": {"steps": 0}}}})
    told = result(client, deployment, request_id)
    assert told["status"] == "failed"
    assert set(told["error"]) == {"type", "message"}
    assert "at least 1 is accepted" in told["error"]["message"]
    (error,) = result(client, deployment, request_id, "v1")["error"]
    assert set(error) == {"errorCode", "error", "debugInfo"}
    assert isinstance(error["errorCode"], int)
    assert client.get(address(deployment, request_id, "status")).json()["status"] == "completed"
    other = made(client)
    assert_error(client.get(address(other, request_id, "status")), 404, 404001)


def test_a_deleted_deployment_leaves_nothing_waiting(client: httpx.Client, server: Comfy) -> None:
    """What waits fails and says why; what runs ends as it would have."""
    deployment = made(client, max_instances=1)
    server.step_s = 0.05
    running = infer(client, deployment, {"overrides": {"3": {"inputs": {"steps": 1200, "seed": 99}}}})
    until(lambda: server.running)
    waiting = infer(client, deployment)
    client.delete(f"/prod/v2/deployments/{deployment['id']}")
    server.step_s = 0.0
    assert result(client, deployment, waiting)["status"] == "failed"
    assert result(client, deployment, running)["status"] == "succeeded"


@pytest.mark.parametrize("in_body", [True, False], ids=["in the body", "in the query"])
def test_webhooks_tell_every_state(client: httpx.Client, in_body: bool) -> None:
    """Intermediate ones if asked for; the final one holds outputs with addresses."""
    with receiving() as receiver:
        deployment = made(client)
        given = {"webhook": receiver.at("/told"), "webhook_intermediate_status": True}
        if in_body:
            request_id = infer(client, deployment, given)
        else:
            request_id = infer(client, deployment, {}, **{name: str(value).lower() for name, value in given.items()})
        by_status = {got.event["status"]: got.event for got in receiver.wait("/told", 3)}
        assert set(by_status) == {"in_queue", "in_progress", "succeeded"}
        final = by_status["succeeded"]
        assert set(final) == {
            *("request_id", "deployment_id", "status", "created_at", "finished_at", "outputs", "error"),
        }
        assert (final["request_id"], final["deployment_id"], final["error"]) == (request_id, deployment["id"], None)
        assert client.get(final["outputs"]["9"]["images"][0]["url"]).status_code == 200


def test_the_proxy_reaches_only_the_own_instance(client: httpx.Client, guest: httpx.Client, server: Comfy) -> None:
    """While a request of the deployment is on it; guests read nothing of others, and interrupt only what is theirs."""
    deployment, server.step_s = made(guest), 0.1
    request_id = infer(guest, deployment, {"overrides": {"3": {"inputs": {"steps": 300, "seed": 5}}}})
    where = address(deployment, request_id, "status")
    instance = until(lambda: guest.get(where).json().get("instance_id"))
    proxy = f"/prod/v2/deployments/{deployment['id']}/instances/{instance}/proxy"

    assert guest.get(f"{proxy}/object_info").json().keys() >= {"KSampler"}
    freed = server.freed
    assert guest.post(f"{proxy}/api/free", json={"unload_models": True, "free_memory": True}).content == b""
    assert server.freed == freed + 1
    for path in ("history", "queue", "view?filename=x", "models/../history"):
        assert guest.get(f"{proxy}/{path}").status_code in (400, 403)
    assert_error(guest.post(f"{proxy}/api/prompt", json={"prompt": {}}), 403)
    assert_error(guest.post(f"{proxy}/interrupt", json={"prompt_id": "another"}), 403)
    other = made(client)
    elsewhere = f"/prod/v2/deployments/{other['id']}/instances/{instance}/proxy/object_info"
    assert_error(client.get(elsewhere), 404, 404001)
    assert_error(client.get(f"{proxy}/object_info"), 404, 404001)

    assert guest.post(f"{proxy}/interrupt").status_code == 200
    assert "interrupted in ComfyUI" in result(guest, deployment, request_id)["error"]["message"]
    assert_error(guest.get(f"{proxy}/object_info"), 404, 404001)


def test_a_workflow_of_the_catalogue_may_be_deployed(client: httpx.Client) -> None:
    """By the model's id as `workflow_id`; a model of another engine has none."""
    told = assert_error(
        client.post("/prod/v2/deployments", json={"name": "x", "workflow_id": "mutoscope/testcard"}), 422
    )
    assert "payload.workflow_api_json" in told["message"]


# -- a model with a LoRA ------------------------------------------------------------------------------------------

LORA = {"base_model": "studio/styled", "path": "style.safetensors"}


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_lora_is_asked_with_a_flat_body(client: httpx.Client, server: Comfy, version: str) -> None:
    """The hosted service's words reach the nodes, the LoRA is the deployment's; `output` as the Model API has it."""
    deployment = made(client, payload={}, lora=LORA)
    assert deployment["lora"] == LORA
    flat = {"prompt": "a pier", "neg": "fog", "sample_steps": 3, "network_multiplier": 0.5, "seed": 7, "width": 96}
    sent = flat | {"lora": "other.safetensors", "sampler": "flowmatch", "hidden:lora": "other.safetensors"}
    told = result(client, deployment, infer(client, deployment, sent, version), version)
    assert set(told) == {"request_id", "status", "created_at", "finished_at", "output"}
    assert told["status"] == "succeeded"
    assert set(told["output"]) == {"image"}
    assert client.get(told["output"]["image"]).content.startswith(b"\x89PNG")
    inputs = {node: told["inputs"] for node, told in list(server.history.values())[-1]["prompt"][2].items()}
    assert (inputs["6"]["text"], inputs["7"]["text"], inputs["3"]["steps"]) == ("a pier", "fog", 3)
    assert (inputs["2"]["lora_name"], inputs["2"]["strength_model"]) == ("style.safetensors", 0.5)
    assert (inputs["3"]["seed"], inputs["5"]["width"]) == (7, 96)

    whole = client.get(f"/prod/v2/deployments/{deployment['id']}", params={"includes": "payload"}).json()
    assert set(whole["payload"]["input_schema"]["properties"]) == {
        *("prompt", "neg", "sample_steps", "width", "seed", "network_multiplier"),
    }


def test_the_lora_makes_a_difference(client: httpx.Client) -> None:
    """Another one, or as much of it, gives another picture; the same gives the same."""
    body = {"prompt": "a pier", "seed": 7}
    deployments = [
        made(client, payload={}, lora=LORA | {"path": path}) for path in ("style.safetensors", "other.safetensors")
    ]
    asked = [
        (deployments[0], body),
        (deployments[0], body),
        (deployments[1], body),
        (deployments[0], body | {"network_multiplier": 0.2}),
    ]
    told = [result(client, one, infer(client, one, given)) for one, given in asked]
    first, again, other, weaker = [client.get(one["output"]["image"]).content for one in told]
    assert first == again
    assert len({first, other, weaker}) == 3


def test_what_cannot_be_deployed_with_a_lora_is_said(client: httpx.Client) -> None:
    """Each field; a body that does not fit names the word that the caller used."""
    for lora, path in (
        ("style.safetensors", "lora"),
        ({"base_model": "mutoscope/testcard", "path": "a.safetensors"}, "lora.base_model"),
        (LORA | {"path": "style.ckpt"}, "lora.path"),
        (LORA | {"scale": 1}, "lora"),
    ):
        told = assert_error(client.post("/prod/v2/deployments", json={"name": "x", "lora": lora}), 422)
        assert path in [problem["path"] for problem in told["detail"]]
    deployment = made(client, payload={}, lora=LORA)
    where = f"/prod/v2/deployments/{deployment['id']}"
    told = assert_error(client.post(f"{where}/inference", json={"neg": 1, "sample_steps": 99, "prompt": "x"}), 422)
    assert {problem["path"] for problem in told["detail"]} == {"neg", "sample_steps"}
    assert "prompt" in assert_error(client.post(f"{where}/inference", json={}), 422)["message"]
    workflow = {"name": "x", "payload": {"workflow_api_json": STILL}}
    assert_error(client.patch(where, json=workflow), 422)
    renamed = client.patch(where, json={"name": "renamed"}).json()
    assert (renamed["name"], renamed["lora"]) == ("renamed", LORA)


def test_webhooks_of_a_lora_tell_its_output(client: httpx.Client) -> None:
    """`output` in place of `outputs`."""
    with receiving() as receiver:
        deployment = made(client, payload={}, lora=LORA)
        infer(client, deployment, {"prompt": "told", "webhook": receiver.at("/lora")})
        (got,) = receiver.wait("/lora", 1)
        assert set(got.event) == {
            *("request_id", "deployment_id", "status", "created_at", "finished_at", "output", "error"),
        }
        assert (got.event["status"], list(got.event["output"])) == ("succeeded", ["image"])
