"""Examples that work as they are copied: each call with curl, our own client, requests and JavaScript.

The key comes from the environment; the page can put the reader's own in its place. Values out of manifests are written
by each language's own rules, so that none of them ends a string.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Any
from urllib.parse import quote

from mutoscope.catalog import Model
from mutoscope.web.api_page.document import Code, Snippet

KEY = "MUTOSCOPE_API_KEY"
REQUEST = "{request_id}"
PICTURE = "photo.jpg"
_PYTHON_KEY = f'os.environ["{KEY}"]'
_SCRIPT_KEY = f"process.env.{KEY}"


def example_body(model: Model) -> dict[str, Any]:
    """A body worth showing: what is required, by its default, which is its example; else the first example."""
    schema = model.input_schema
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = [name for name in properties if name in schema.get("required", ())]
    if all("default" in properties[name] for name in required):
        return {name: properties[name]["default"] for name in required}
    return dict(model.examples[0].input) if model.examples else {}


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of one model on one server. base: the server's address, without a slash at the end."""

    base: str
    model: Model
    body: Mapping[str, Any]

    def start(self) -> Code:
        """The first one: submit, wait, and have the result."""
        return self._in_all(
            curl=self._curl_submit(),
            ours=_ours(
                self.base,
                f'result = client.run({self._id}, inputs, output_dir=".")\nprint(result.files[0])',
                before=f"inputs = {as_python(self._local_body())}\n",
            ),
            requests=self._requests_run(),
            script=self._script_run(),
        )

    def submit(self) -> Code:
        inputs = f"inputs = {as_python(self.body)}\n"
        return self._in_all(
            curl=self._curl_submit(),
            ours=_ours(self.base, f"print(client.submit({self._id}, inputs).request_id)", before=inputs),
            requests=with_requests(
                f'answer = requests.post("{self._address}", json=inputs, headers=headers, timeout=60)', before=inputs
            ),
            script=with_script(
                f'const answer = await fetch("{self._address}", {{\n  method: "POST",\n'
                '  headers: { ...headers, "Content-Type": "application/json" },\n'
                f"  body: JSON.stringify({as_script(self.body)}),\n}});"
            ),
            call="submit",
        )

    def status(self) -> Code:
        return self._simple("GET", "status", f'print(client.status("{REQUEST}").state)')

    def result(self) -> Code:
        return self._simple("GET", "result", f'result = client.result("{REQUEST}")\nprint(result.state, result.urls)')

    def cancel(self) -> Code:
        return self._simple("POST", "cancel", f'print(client.cancel("{REQUEST}").outcome)')

    def events(self) -> Code:
        address = f"{self.base}/v1/requests/{REQUEST}/events"
        return Code(
            (
                Snippet("curl", "bash", curl("GET", address, "--no-buffer")),
                Snippet(
                    "Python (mutoscope)",
                    "python",
                    _ours(
                        self.base, f'for event in client.events("{REQUEST}"):\n    print(event.kind, dict(event.data))'
                    ),
                ),
            )
        )

    def upload(self) -> Code:
        address = f"{self.base}/v1/files"
        return self._in_all(
            curl=curl("POST", address, f"--form file=@{PICTURE}"),
            ours=_ours(self.base, f'print(client.upload("{PICTURE}").url)'),
            requests=with_requests(
                f'with open("{PICTURE}", "rb") as file:\n'
                f'    answer = requests.post("{address}", files={{"file": file}}, headers=headers, timeout=60)'
            ),
            script=with_script(
                'import { readFile } from "node:fs/promises";\n\nconst form = new FormData();\n'
                f'form.append("file", new Blob([await readFile("{PICTURE}")]), "{PICTURE}");\n'
                f'const answer = await fetch("{address}", {{ method: "POST", headers, body: form }});'
            ),
        )

    def with_webhook(self, receiver: str) -> Code:
        address = f"{self._address}?webhook={quote(receiver, safe='')}"
        return Code((Snippet("curl", "bash", curl("POST", address, *json_options(self._short_body))),))

    def with_idempotency(self) -> Code:
        options = ("--header 'Idempotency-Key: order-4711'", *json_options(self._short_body))
        return Code((Snippet("curl", "bash", curl("POST", self._address, *options)),))

    def quote(self) -> Code:
        address = self._address.replace("/v1/models/", "/v1/quote/", 1)
        return Code((Snippet("curl", "bash", curl("POST", address, *json_options(self._short_body))),))

    def check(self, field: str) -> Code:
        body = {"model_id": self.model.id, "field": field, "url": "https://example.com/photo.jpg"}
        return Code((Snippet("curl", "bash", curl("POST", f"{self.base}/v1/inputs/check", *json_options(body))),))

    # -- parts ------------------------------------------------------------------------------------------------

    @property
    def _id(self) -> str:
        return json.dumps(self.model.id)

    @property
    def _address(self) -> str:
        return f"{self.base}/v1/models/{quote(self.model.id)}"

    @property
    def _short_body(self) -> dict[str, Any]:
        """The body with the first sentence of each long text, where the schema asks for no certain text."""
        properties = self.model.input_schema.get("properties", {})
        return {
            name: value.partition(". ")[0]
            if isinstance(value, str) and not {"enum", "format", "minLength", "pattern"} & properties[name].keys()
            else value
            for name, value in self.body.items()
        }

    def _local_body(self) -> dict[str, Any]:
        """The body as our client takes it: a file on the reader's disk instead of an address."""
        body = dict(self.body)
        for field in self.model.validator.media_fields:
            if field.name in body and field.kind == "image":
                body[field.name] = [f"./{PICTURE}"] if field.many else f"./{PICTURE}"
        return body

    def _curl_submit(self) -> str:
        return curl("POST", self._address, *json_options(self.body))

    def _simple(self, method: str, word: str, ours: str) -> Code:
        address = f"{self.base}/v1/requests/{REQUEST}/{word}"
        return self._in_all(
            curl=curl(method, address),
            ours=_ours(self.base, ours),
            requests=with_requests(f'answer = requests.{method.lower()}("{address}", headers=headers, timeout=60)'),
            script=with_script(f'const answer = await fetch("{address}", {{ method: "{method}", headers }});'),
            call=word,
        )

    def _requests_run(self) -> str:
        return with_requests(
            f'answer = requests.post("{self._address}", json=inputs, headers=headers, timeout=60)\n'
            "answer.raise_for_status()\n"
            'result_url = answer.json()["result_url"]\n'
            "while True:\n"
            "    answer = requests.get(result_url, headers=headers, timeout=60)\n"
            '    if answer.json()["status"] not in ("in_queue", "in_progress"):\n'
            "        break\n"
            "    time.sleep(1)",
            before=f"inputs = {as_python(self.body)}\n",
            imports=("os", "time"),
        )

    def _script_run(self) -> str:
        return with_script(
            f'let answer = await fetch("{self._address}", {{\n  method: "POST",\n'
            '  headers: { ...headers, "Content-Type": "application/json" },\n'
            f"  body: JSON.stringify({as_script(self.body)}),\n}});\n"
            "if (!answer.ok) throw new Error(await answer.text());\n"
            "const { result_url } = await answer.json();\n"
            "do {\n"
            "  await new Promise((resolve) => setTimeout(resolve, 1000));\n"
            "  answer = await fetch(result_url, { headers });\n"
            '} while (["in_queue", "in_progress"].includes((await answer.clone().json()).status));'
        )

    def _in_all(self, *, curl: str, ours: str, requests: str, script: str, call: str = "") -> Code:
        return Code(
            (
                Snippet("curl", "bash", curl),
                Snippet("Python (mutoscope)", "python", ours),
                Snippet("Python (requests)", "python", requests),
                Snippet("JavaScript", "javascript", script),
            ),
            call,
        )


def curl(method: str, address: str, *options: str) -> str:
    url = shlex.quote(address) if "?" in address else address
    lines = [f"curl --request {method}", f"--url {url}", *options]
    # The order of the hosted service's page: what the body is, whose it is, the body.
    at = next((n for n, line in enumerate(lines) if line.startswith(("--data", "--form"))), len(lines))
    lines.insert(at, f'--header "Authorization: Bearer ${KEY}"')
    return " \\\n  ".join(lines)


def json_options(body: Mapping[str, Any]) -> tuple[str, str]:
    text = indent(json.dumps(body, ensure_ascii=False, indent=2), "  ").strip()
    return '--header "Content-Type: application/json"', "--data '" + text.replace("'", "'\\''") + "'"


def _ours(base: str, act: str, *, before: str = "") -> str:
    return (
        f"import os\n\nfrom mutoscope import Client\n\n{before}"
        f'with Client("{base}", {_PYTHON_KEY}) as client:\n{indent(act, "    ")}'
    )


def with_requests(act: str, *, before: str = "", imports: tuple[str, ...] = ("os",)) -> str:
    modules = "\n".join(f"import {name}" for name in imports)
    return (
        f"{modules}\n\nimport requests\n\n"
        f'headers = {{"Authorization": "Bearer " + {_PYTHON_KEY}}}\n{before}{act}\nprint(answer.json())'
    )


def with_script(act: str) -> str:
    head, act = act.split("\n\n", 1) if act.startswith("import ") else ("", act)
    start = f"{head}\n\n" if head else ""
    headers = f"const headers = {{ Authorization: `Bearer ${{{_SCRIPT_KEY}}}` }};"
    return f"{start}{headers}\n{act}\nconsole.log(await answer.json());"


def as_python(value: Any, depth: int = 0) -> str:
    """A JSON value as Python writes it, a member to a line."""
    inner, outer = "    " * (depth + 1), "    " * depth
    if isinstance(value, Mapping) and value:
        members = "".join(
            f"{inner}{as_python(name)}: {as_python(child, depth + 1)},\n" for name, child in value.items()
        )
        return f"{{\n{members}{outer}}}"
    if isinstance(value, list):
        return f"[{', '.join(as_python(child, depth) for child in value)}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def as_script(value: Any) -> str:
    # JSON is JavaScript but for two line separators, which older parsers end a string at.
    text = json.dumps(value, ensure_ascii=False, indent=2).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return indent(text, "  ").strip()
