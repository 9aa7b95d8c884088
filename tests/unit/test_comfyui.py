"""What of the ComfyUI engine needs no server: workflows, settings, messages, complaints, proposals."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from mutoscope.catalog import Catalog, check_engines
from mutoscope.cli import exits
from mutoscope.cli.comfy import command
from mutoscope.engines import registry
from mutoscope.engines.comfyui import refusals
from mutoscope.engines.comfyui.messages import Course
from mutoscope.engines.comfyui.plan import FOLDER, SERVERS, Plan, read_plan
from mutoscope.engines.comfyui.workflow import Place, with_values
from mutoscope.errors import ConfigError, MediaError
from tests.workflows import FILM, FILM_INPUTS, STILL, STILL_INPUTS

HERE = "http://127.0.0.1:8188"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No ComfyUI is named by the environment."""
    monkeypatch.delenv(SERVERS, raising=False)
    monkeypatch.delenv(FOLDER, raising=False)


def a_plan(graph: Any = STILL, inputs: Any = None, **settings: Any) -> Plan:
    chosen = inputs or (STILL_INPUTS if graph is STILL else FILM_INPUTS)
    return read_plan({"servers": HERE, "workflow": graph, "inputs": chosen, **settings})


def test_settings_say_what_the_workflow_can_be_given() -> None:
    """Values, files by the nodes they go to, one value for several places, and where it runs."""
    plan = a_plan(FILM, {**FILM_INPUTS, "side": ["11.width", "11.height"]}, output="38:42", servers=[HERE + "/", HERE])

    assert plan.servers == (HERE,)
    assert plan.inputs["side"] == (Place("11", "width"), Place("11", "height"))
    assert plan.output == ("38:42",)
    assert plan.capabilities().files == {"image"}
    assert plan.capabilities().parameters == {"num_frames", "fps", "side", "seed"}
    filled = with_values(plan.graph, {Place("11", "width"): 96})
    assert (filled["11"]["inputs"]["width"], FILM["11"]["inputs"]["width"]) == (96, 64)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"servers": None}, r"servers: not given; name ComfyUI servers .* MUTOSCOPE_COMFYUI_SERVERS"),
        ({"servers": "ftp://comfy"}, "servers: found 'ftp://comfy'; accepted is an address such as"),
        ({"servers": "http://me:secret@comfy"}, "servers: holds a user name or password, which would be shown"),
        ({"servers": HERE, "folder": "/opt/ComfyUI"}, "servers, folder: one of the two is accepted"),
        ({"servers": None, "folder": "ComfyUI"}, "folder: found 'ComfyUI'; accepted is a folder such as"),
        ({"arguments": ["--cpu"]}, "arguments: accepted only together with `folder`"),
        ({"workflow": {}}, "workflow: found no workflow"),
        ({"workflow": {"nodes": [], "links": []}}, "workflow: found a workflow as ComfyUI's editor saves it; export"),
        ({"workflow": {"3": {"inputs": {}}}}, "workflow: node 3: class_type is missing"),
        ({"inputs": {"prompt": "66.text"}}, "inputs.prompt: the workflow has no node '66'; it has 1, 3"),
        (
            {"inputs": {"prompt": "6.words"}},
            r"inputs.prompt: node 6 \(CLIPTextEncode\) has no input 'words'; it has text",
        ),
        ({"inputs": {"prompt": "6"}}, "inputs.prompt: found '6'; a node and its input, such as 6.text"),
        ({"seed": "4.seed"}, "seed: the workflow has no node '4'"),
        ({"output": ["9", 99]}, "output: the workflow has no node '99'"),
    ],
)
def test_settings_that_cannot_be_are_named(settings: dict[str, Any], message: str) -> None:
    """At the start, before any request."""
    with pytest.raises(ConfigError, match=message) as caught:
        a_plan(**settings)
    assert "secret" not in caught.value.message


def test_the_environment_names_servers_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest's own come first, then the variables."""
    monkeypatch.setenv(FOLDER, "/opt/ComfyUI")
    assert a_plan(servers=None).folder == Path("/opt/ComfyUI")
    monkeypatch.setenv(SERVERS, "http://a:1,http://b:2")
    assert a_plan(servers=None).servers == ("http://a:1", "http://b:2")
    assert a_plan().servers == (HERE,)


def test_messages_tell_how_far_it_is() -> None:
    """Cached nodes count at once, running ones in part; nothing of another prompt does; the end is one of four."""
    course = Course("ours", STILL.keys())

    def hear(kind: str, **data: Any) -> None:
        assert course.hear(json.dumps({"type": kind, "data": data})) is None

    hear("status", status={"exec_info": {"queue_remaining": 1}}, sid="x")
    hear("execution_start", prompt_id="ours")
    hear("execution_cached", nodes=["1", "5"], prompt_id="ours")
    assert course.fraction == 2 / 8
    hear("executing", node="6", display_node="6", prompt_id="ours")
    hear("executing", node="3", display_node="3", prompt_id="ours")
    hear("progress", value=1, max=4, node="3", prompt_id="ours")
    assert course.fraction == 3.25 / 8
    hear("progress_state", prompt_id="ours", nodes={"3": {"value": 2, "max": 4, "state": "running"}, "77": {"max": 0}})
    hear("progress", value=4, max=4, node="3", prompt_id="another")
    assert course.fraction == 3.5 / 8
    hear("progress_state", prompt_id="ours", nodes={"3": {"value": 0, "max": 4, "state": "finished"}})
    hear("executed", node="9", output={}, prompt_id="ours")
    assert course.fraction == 5 / 8
    hear("executing", node=None, prompt_id="another")
    endings = [course.ended]
    hear("execution_error", prompt_id="ours", node_id="8")
    assert [*endings, course.ended] == [None, ("execution_error", {"prompt_id": "ours", "node_id": "8"})]
    assert [course.hear(odd) for odd in ("no json", "[]", b"", b"\0" * 7)] == [None] * 4


def test_pictures_come_out_of_binary_frames() -> None:
    """Kinds 1 and 4 hold one; an unencoded one and a node's text are not shown."""
    course = Course("ours", STILL.keys())
    assert course.hear(struct.pack(">II", 1, 1) + b"jpeg") == b"jpeg"
    assert course.hear(struct.pack(">II", 4, 2) + b"{}png") == b"png"
    assert course.hear(struct.pack(">II", 2, 1) + b"raw") is None
    assert course.hear(struct.pack(">II", 3, 1) + b"3text") is None


def test_complaints_of_nodes_name_inputs_of_the_model() -> None:
    """Those first; what the workflow itself has wrong names its node; a long value is not repeated."""
    told = {
        "1": {
            "class_type": "CheckpointLoaderSimple",
            "errors": [
                {
                    "type": "value_not_in_list",
                    "message": "Value not in list",
                    "extra_info": {"input_name": "ckpt_name", "input_config": [["a"]], "received_value": "tiny"},
                }
            ],
        },
        "6": {
            "class_type": "CLIPTextEncode",
            "errors": [
                {"type": "odd", "message": "Odd", "extra_info": {"input_name": "text", "received_value": "x" * 99}}
            ],
        },
    }
    error = refusals.of_nodes({"node_errors": told}, a_plan())
    assert error.message == "prompt: Odd; node 1 (CheckpointLoaderSimple), ckpt_name: found tiny; accepted are a"

    missing = {"errors": [{"type": "required_input_missing", "extra_info": {"input_name": "image"}}]}
    error = refusals.of_nodes({"node_errors": {"10": missing}}, a_plan(FILM))
    assert isinstance(error, MediaError)
    assert (error.field, error.message) == ("image", "image: is required")
    whole = refusals.of_nodes({"error": {"type": "prompt_no_outputs", "message": "Prompt has no outputs"}}, a_plan())
    assert whole.message == "ComfyUI does not accept the workflow: Prompt has no outputs"


def proposed(tmp_path: Path, graph: Any, name: str) -> dict[str, Any]:
    """What `import --write` wrote; checked as the server checks it."""
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(graph), "utf-8")
    done = CliRunner().invoke(command, ["import", str(path), "--server", HERE, "--write"])
    assert done.exit_code == 0, done.output
    catalog = Catalog.load([tmp_path], builtin=False)
    assert check_engines(catalog.models, {"comfyui": registry.capabilities("comfyui")}) == ()
    manifest: dict[str, Any] = yaml.safe_load((tmp_path / f"{name}.yaml").read_text("utf-8"))
    return manifest


def test_a_manifest_is_proposed_for_pictures_from_words(tmp_path: Path) -> None:
    """Prompts by their role, sampler, size; the graph's own values are the defaults."""
    manifest = proposed(tmp_path, STILL, "My harbour")
    schema, engine = manifest["input_schema"], manifest["engine"]

    assert manifest["id"] == "comfyui/My-harbour"
    assert manifest["categories"] == ["text-to-image"]
    assert schema["required"] == ["prompt"]
    assert {name: told["default"] for name, told in schema["properties"].items()} == {
        "steps": 4,
        "cfg": 7.0,
        "width": 64,
        "height": 48,
        "prompt": "a harbour",
        "negative_prompt": "blurred",
        "seed": -1,
    }
    assert engine["settings"]["inputs"]["negative_prompt"] == "7.text"
    assert (engine["settings"]["seed"], engine["settings"]["output"]) == ("3.seed", "9")


def test_a_manifest_is_proposed_for_films_of_pictures(tmp_path: Path) -> None:
    """A picture to load is a required input under its author's title; the film counts, not the still beside it."""
    manifest = proposed(tmp_path, FILM, "film")
    assert manifest["categories"] == ["image-to-video"]
    assert manifest["output"] == {"produces": "video"}
    assert manifest["engine"]["settings"]["output"] == "38:42"
    picture = manifest["input_schema"]["properties"]["image"]
    assert picture == {"title": "First frame", "type": "string", "format": "image_uri"}
    assert set(manifest["engine"]["inputs"]) == {"image", "fps"}


def test_a_file_that_is_no_workflow_is_refused(tmp_path: Path) -> None:
    """With its name, and what to do; a manifest that is there is not written over."""
    path = tmp_path / "graph.json"
    path.write_text('{"nodes": []}', "utf-8")
    done = CliRunner().invoke(command, ["import", str(path)])
    assert done.exit_code == exits.BAD_INPUT
    assert "export it with" in done.output

    path.write_text(json.dumps(STILL), "utf-8")
    path.with_suffix(".yaml").write_text("mine", "utf-8")
    assert CliRunner().invoke(command, ["import", str(path), "--write"]).exit_code == exits.BAD_INPUT
    assert path.with_suffix(".yaml").read_text("utf-8") == "mine"
