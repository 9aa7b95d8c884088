"""How to call a deployment: the same chapters as a model's API page, shorter, with examples that work as they stand."""

from __future__ import annotations

from typing import Any

from mutoscope import lora
from mutoscope.catalog import Model
from mutoscope.engines.comfyui.workflow import values_of
from mutoscope.store.deployments import Deployment
from mutoscope.web.api_page.document import Bullets, Code, Document, Json, Section, Snippet, Table, Text, code, plain
from mutoscope.web.api_page.snippets import (
    KEY,
    REQUEST,
    as_python,
    as_script,
    curl,
    json_options,
    with_requests,
    with_script,
)
from mutoscope.web.texts import _

REQUEST_ID = "01a2b3c4-d5e6-7f80-9a1b-2c3d4e5f6071"
RECEIVER = "https://example.com/hook"
SHORT = 120


def document(deployment: Deployment, model: Model | None, base: str) -> Document:
    """The page of one deployment. model: that a LoRA is deployed with, if one is. base: the server's address."""
    calls = _Calls(deployment, model, base)
    about, inputs = (_about_overrides(), _inputs(deployment)) if model is None else (_about_words(), _words(model))
    return Document(
        plain(deployment.name),
        "",
        (
            Section(
                "start",
                _("Getting started"),
                (
                    Text(_start()),
                    calls.run(),
                ),
            ),
            Section(
                "reference", _("API reference"), (calls.overview(),), (calls.submit(), calls.result(), calls.cancel())
            ),
            Section("inputs", _("What can be changed"), (Text(about), inputs)),
        ),
        facts={"picture": ""},
    )


def _start() -> str:
    return _(
        "Put an API key into the environment variable {variable}. The example sends a request, waits until it has "
        "ended and prints what every node made."
    ).format(variable=code(KEY))


def _about_overrides() -> str:
    return _(
        "An override names a node and the inputs that change in it. Where a node loads a picture, film or sound, an "
        "{https} address or a data URI may stand."
    ).format(https=code("https"))


def _about_outputs() -> str:
    return _("Outputs by node and channel; until it has ended, the state so far.")


def _about_body() -> str:
    return _(
        "The body holds {overrides}, or a whole {workflow} in place of the deployment's; {empty} runs it as it is."
    ).format(overrides=code("overrides"), workflow=code("workflow_api_json"), empty=code("{}"))


def _about_words() -> str:
    return _("The body is flat: one member for each of these. The LoRA belongs to the deployment.")


def _words(model: Model) -> Table:
    schema = lora.asked_with(model)
    rows = []
    for name, node in schema["properties"].items():
        usual = code(node["default"]) if node.get("default") not in (None, "") else ""
        rows.append((code(name), code(node.get("format") or node.get("type", "")), usual, plain(node.get("title", ""))))
    return Table((_("Input"), _("Type"), _("Default"), _("Meaning")), tuple(rows))


def _inputs(deployment: Deployment) -> Table:
    rows = []
    for place, value in values_of(deployment.workflow):
        shown = str(value) if len(str(value)) <= SHORT else str(value)[:SHORT] + "…"
        kind = deployment.workflow[place.node]["class_type"]
        rows.append((code(place.node), plain(kind), code(place.field), code(shown) if shown.strip() else ""))
    return Table((_("Node"), _("Class"), _("Input"), _("Value in the workflow")), tuple(rows))


def example_of(deployment: Deployment, model: Model | None) -> dict[str, Any]:
    """A body worth showing: the first text of the workflow as an override, or what a LoRA's model requires."""
    if model is not None:
        schema = lora.asked_with(model)
        wanted = {"prompt", *schema["required"]} & schema["properties"].keys()
        return {name: schema["properties"][name].get("default", "…") for name in schema["properties"] if name in wanted}
    for place, value in values_of(deployment.workflow):
        if isinstance(value, str) and place.field in ("text", "prompt"):
            return {"overrides": {place.node: {"inputs": {place.field: value[:SHORT]}}}}
    return {}


class _Calls:
    """The calls of one deployment as chapters."""

    def __init__(self, deployment: Deployment, model: Model | None, base: str) -> None:
        self._is_lora = model is not None
        self._body = example_of(deployment, model)
        self._where = f"{base}/prod/v2/deployments/{deployment.id}"

    @property
    def _inference(self) -> str:
        return f"{self._where}/inference"

    def overview(self) -> Table:
        path = self._where[self._where.index("/prod") :]
        of_one = f"{path}/requests/{REQUEST}"
        rows = (
            ("POST", f"{path}/inference", _("submit a request")),
            ("GET", f"{of_one}/status", _("where it stands")),
            ("GET", f"{of_one}/result", _("what came of it")),
            ("POST", f"{of_one}/cancel", _("take it back")),
        )
        return Table((_("Call"), _("Does")), tuple((code(f"{verb} {at}"), plain(does)) for verb, at, does in rows))

    def run(self) -> Code:
        """Submit, wait, have the result."""
        return Code(
            (
                Snippet("curl", "bash", curl("POST", self._inference, *json_options(self._body))),
                Snippet("Python", "python", self._python()),
                Snippet("JavaScript", "javascript", self._script()),
            )
        )

    def submit(self) -> Section:
        where = f"{self._where}/requests/{REQUEST_ID}"
        told = {
            "request_id": REQUEST_ID,
            **{f"{word}_url": f"{where}/{word}" for word in ("status", "result", "cancel")},
        }
        about = _about_words() if self._is_lora else _about_body()
        address = f"{self._inference}?webhook={RECEIVER}&webhook_intermediate_status=true"
        hook = Code((Snippet("curl", "bash", curl("POST", address, *json_options(self._body))),))
        return Section(
            "submit",
            _("Submit a request"),
            (
                Text(about),
                Json(_("Answer, 200"), told),
                Text(_("An address of yours may be told: of the end, or of every state.")),
                hook,
            ),
        )

    def result(self) -> Section:
        """Of a request that succeeded."""
        file = {"filename": "ComfyUI_00001_.png", "subfolder": "", "type": "output", "url": "https://…"}
        told = {
            "request_id": REQUEST_ID,
            "status": "succeeded",
            "created_at": "2026-01-02T03:04:05.123000+00:00",
            "finished_at": "2026-01-02T03:05:05.123000+00:00",
            **({"output": {"image": "https://…"}} if self._is_lora else {"outputs": {"9": {"images": [file]}}}),
        }
        address = f"{self._where}/requests/{REQUEST}/result"
        return Section(
            "result",
            _("Result"),
            (
                *(
                    []
                    if self._is_lora
                    else [Text(_("Outputs by node and channel; until it has ended, the state so far."))]
                ),
                Code((Snippet("curl", "bash", curl("GET", address)),)),
                Json(_("Answer, 200"), told),
            ),
        )

    def cancel(self) -> Section:
        """Also of what runs."""
        address = f"{self._where}/requests/{REQUEST}/cancel"
        return Section(
            "cancel",
            _("Cancel"),
            (
                Code((Snippet("curl", "bash", curl("POST", address)),)),
                Bullets(
                    (
                        _("What waits and what runs is taken back."),
                        _("{old} in place of {new} answers with exactly the fields that older clients know.").format(
                            old=code("/prod/v1"), new=code("/prod/v2")
                        ),
                    )
                ),
            ),
        )

    def _python(self) -> str:
        return with_requests(
            f'answer = requests.post("{self._inference}", json=body, headers=headers, timeout=60)\n'
            "answer.raise_for_status()\n"
            'result_url = answer.json()["result_url"]\n'
            "while True:\n"
            "    answer = requests.get(result_url, headers=headers, timeout=60)\n"
            '    if answer.json()["status"] not in ("in_queue", "in_progress"):\n'
            "        break\n"
            "    time.sleep(1)",
            before=f"body = {as_python(self._body)}\n",
            imports=("os", "time"),
        )

    def _script(self) -> str:
        return with_script(
            f'let answer = await fetch("{self._inference}", {{\n  method: "POST",\n'
            '  headers: { ...headers, "Content-Type": "application/json" },\n'
            f"  body: JSON.stringify({as_script(self._body)}),\n}});\n"
            "if (!answer.ok) throw new Error(await answer.text());\n"
            "const { result_url } = await answer.json();\n"
            "do {\n"
            "  await new Promise((resolve) => setTimeout(resolve, 1000));\n"
            "  answer = await fetch(result_url, { headers });\n"
            '} while (["in_queue", "in_progress"].includes((await answer.clone().json()).status));'
        )
