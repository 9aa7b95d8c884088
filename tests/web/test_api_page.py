"""A model's API page, as a reader, a program and a stranger's manifest meet it."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
import yaml

from mutoscope.catalog import Catalog, Model
from mutoscope.web.api_page import content, markdown
from mutoscope.web.api_page.document import Code, Section
from tests.conftest import PHOTOGRAPH, REFERENCE_MODEL, LiveServer, start_server
from tests.web.harm import FILM, HARM, SCHEMA, harmful
from tests.web.harm import film as a_film

BASE = "http://127.0.0.1:8000"
PICTURE = "https://playgrounds-storage-public.runcomfy.net/tools/7013/media-files/usecase2-2-input.jpeg"

# What the hosted service's page says, chapter by chapter, as facts: each must stand on ours.
CHAPTERS = (
    ("start", "1. Getting started"),
    ("authentication", "2. Authentication"),
    ("reference", "3. API reference"),
    ("submit", "Submit a request"),
    ("status", "Check the status"),
    ("result", "Get the result"),
    ("cancel", "Cancel a request"),
    ("files", "4. File inputs"),
    ("hosted-files", "Hosted files (URL)"),
    ("schemas", "5. Schemas"),
    ("input-schema", "Input schema"),
    ("output-schema", "Output schema"),
)
CALL = 'curl --request {} \\\n  --url {}/v1/{} \\\n  --header "{}Authorization: Bearer $MUTOSCOPE_API_KEY"'
TYPED = 'Content-Type: application/json" \\\n  --header "'
FACTS: dict[str, tuple[str, ...]] = {
    "start": (REFERENCE_MODEL, CALL.format("POST", BASE, f"models/{REFERENCE_MODEL}", TYPED), PICTURE, "[schemas]"),
    "authentication": ("MUTOSCOPE_API_KEY", "Authorization: Bearer $MUTOSCOPE_API_KEY", "Bearer token", "Every call"),
    "submit": (
        CALL.format("POST", BASE, f"models/{REFERENCE_MODEL}", TYPED),
        "asynchronous",
        "at once",
        *('"request_id"', '"status_url"', '"result_url"', '"cancel_url"'),
    ),
    "status": (
        CALL.format("GET", BASE, "requests/{request_id}/status", ""),
        *('"in_queue"', '"in_progress"', '"completed"', '"cancelled"'),
    ),
    "result": (
        CALL.format("GET", BASE, "requests/{request_id}/result", ""),
        *("Output and metadata", "unfinished", "present state", "polling"),
    ),
    "cancel": (
        CALL.format("POST", BASE, "requests/{request_id}/cancel", ""),
        "waits in the queue",
        "cannot be cancelled",
    ),
    "hosted-files": (
        *("public HTTPS address", "without a login", "rate limit", "bot protection", "stable", "pre-signed URL"),
        *("≤ 50 MB", "4K", "≤ 100 MB", "2 to 5 minutes of 720p"),
    ),
}


@pytest.fixture(scope="module")
def model() -> Model:
    return Catalog.load().get(REFERENCE_MODEL)


def told(model: Model, language: str = "en") -> str:
    """The page as Markdown."""
    return markdown.page(content.document(model, BASE, language=language, is_ready=True))


def chapters(model: Model) -> dict[str, str]:
    """Each chapter of the page by its anchor, as Markdown without the chapters inside it."""
    document = content.document(model, BASE, language="en", is_ready=True)
    found: dict[str, str] = {}

    def walk(section: Section, title: str) -> None:
        found[section.anchor] = markdown.sections([Section(section.anchor, title, section.blocks)])
        for part in section.parts:
            walk(part, part.title)

    for number, section in enumerate(document.sections, 1):
        walk(section, f"{number}. {section.title}")
    return found


# -- the reference page -------------------------------------------------------------------------------------------


def test_the_chapters_are_those_of_the_reference_page_in_its_order(model: Model) -> None:
    """What is ours comes between them and moves none."""
    ours = [(anchor, text.partition("\n")[0].lstrip("# ")) for anchor, text in chapters(model).items()]
    assert [entry for entry in ours if entry in CHAPTERS] == list(CHAPTERS)


@pytest.mark.parametrize("anchor", FACTS)
def test_each_chapter_says_what_the_reference_page_says_there(model: Model, anchor: str) -> None:
    """Every fact in its chapter, not just somewhere."""
    assert [fact for fact in FACTS[anchor] if fact not in chapters(model)[anchor]] == []


def test_the_schemas_are_told_whole_as_json_and_as_tables(model: Model) -> None:
    """The very objects of the reference, and each field, limit and rule in a row of a table."""
    reference = json.loads(SCHEMA.read_text("utf-8"))
    found = chapters(model)
    shown = [json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", found["input-schema"], re.DOTALL)]
    assert shown == [reference["input_schema"] | {"title": "Input Schema"}]
    (output,) = re.findall(r"```json\n(.*?)\n```", found["output-schema"], re.DOTALL)
    assert json.loads(output)["output"]["properties"].keys() == {"image", "video", "images", "videos"}
    rows = [
        "| `prompt` | `string` | yes | – | characters: at most 800 | Prompt |",
        "| `image_urls` | list of image addresses | yes | – | items: 1 | Image URL. Upload JPEG or PNG only. |",
        "| `seed` | `integer` | no | `-1` | – | Seed |",
        "| `frames` | `integer` | no | `121` | one of `121`, `241` | Frames. Total number of frames to generate.",
    ]
    assert [row for row in rows if row not in found["input-schema"]] == []
    for rule in reference["input_schema"]["properties"]["image_urls"]["validations"]:
        value = f"{rule['validation_value']:g}"
        assert f"| `{rule['validation_rule']}` | `{value}` | {rule['validation_error']} |" in found["rules-image_urls"]
    assert "| format | `jpeg png` |" in found["rules-image_urls"]


def test_the_texts_of_the_manifest_come_in_the_readers_language(model: Model) -> None:
    """Title and output descriptions, as on the hosted service's Japanese page."""
    japanese = told(model, "ja")
    assert '"title": "入力スキーマ"' in japanese
    assert "単一動画 URL" in japanese


def test_what_other_models_have_is_told_too() -> None:
    """Nested inputs by their path, numbers with limits, a model without files."""
    for one in Catalog.load().models:
        found = chapters(one)
        for name in one.input_schema["properties"]:
            assert f"| `{name}` |" in found["input-schema"], one.id
        if not one.validator.media_fields:
            assert "takes no files" in found["files"]


# -- over HTTP ----------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would find: text, elements, addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._raw = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._raw = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._raw = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._raw else data


def page_of(client: httpx.Client, slug: str) -> Page:
    """The API page."""
    answer = client.get(f"/models/{slug}/api", headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"]
    return Page(answer.text)


@pytest.mark.slow
def test_html_and_markdown_say_the_same(server: LiveServer) -> None:
    """Every example and every heading of the one is in the other."""
    with server.client("") as anybody:
        found = page_of(anybody, REFERENCE_MODEL)
        answer = anybody.get(f"/models/{REFERENCE_MODEL}/api.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    fences = re.findall(r"^```\w*\n(.*?)\n```$", answer.text, re.DOTALL | re.MULTILINE)
    assert len(fences) > 30
    assert [fence for fence in fences if fence not in found.text] == []
    for heading in re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", answer.text, flags=re.DOTALL | re.MULTILINE), re.M
    ):
        assert heading in found.text
    assert server.url in answer.text
    assert BASE not in answer.text or server.url == BASE


@pytest.mark.slow
def test_the_contents_lead_to_every_chapter(server: LiveServer) -> None:
    """No link of the page leads nowhere, and every id is there once."""
    with server.client("") as anybody:
        found = page_of(anybody, REFERENCE_MODEL)
        ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
        links = [str(attributes.get("href")) for tag, attributes in found.elements if tag == "a"]
        assert len(ids) == len(set(ids))
        assert {anchor for anchor, _ in CHAPTERS} <= {link[1:] for link in links if link.startswith("#")} <= set(ids)
        inside = {link for link in links if link.startswith("/") and not link.startswith("/sign-in")}
        assert f"/models/{REFERENCE_MODEL}/api.md" in inside
        closed = {"/comfyui": 303, "/generations": 303, "/library": 303}  # to the page for signing in
        assert {link: anybody.get(link).status_code for link in inside} == dict.fromkeys(inside, 200) | closed


@pytest.mark.slow
def test_where_the_catalogue_points_there_is_a_page(server: LiveServer) -> None:
    """`model_url` of every entry, and its API page."""
    with server.client("") as anybody:
        for entry in anybody.get("/v1/models").json()["models"]:
            for address in (entry["model_url"], entry["model_url"] + "/api"):
                answer = httpx.get(address, headers={"Accept": "text/html"}, trust_env=False)
                assert answer.status_code == 200
                assert entry["display_name"] in html.unescape(answer.text)


@pytest.mark.slow
def test_programs_find_every_model_from_llms_txt(server: LiveServer) -> None:
    """A link for each; all of them as one text, in which what they share stands once."""
    with server.client("") as anybody:
        short, full = anybody.get("/llms.txt").text, anybody.get("/llms-full.txt").text
        entries = anybody.get("/v1/models").json()["models"]
        links = re.findall(r"\]\((http[^)]*)\)", short)
        assert {link: httpx.get(link, trust_env=False).status_code for link in links} == dict.fromkeys(links, 200)
    assert short.startswith("# Mutoscope\n\n> ")
    assert {f"{entry['model_url']}/api.md" for entry in entries} < set(links)
    for entry in entries:
        assert f"\n## {entry['display_name']}\n" in full
        assert f'"{server.url}/v1/models/{entry["model_id"]}"' in full
    assert full.count("A public HTTPS address") == 1
    assert full.count("### Authentication") == 1


@pytest.mark.slow
def test_a_models_own_openapi_document_stands_alone(server: LiveServer) -> None:
    """Its calls, those of requests and files, nobody else's, and every reference leads somewhere."""
    with server.client("") as anybody:
        document = anybody.get(f"/models/{REFERENCE_MODEL}/openapi.json").json()
        missing = anybody.get("/models/no/such/model/openapi.json")
    assert missing.status_code == 404
    assert missing.json()["error_code"] == 404001
    paths = document["paths"]
    assert {f"/v1/models/{REFERENCE_MODEL}", f"/v1/quote/{REFERENCE_MODEL}", "/v1/files"} <= paths.keys()
    assert "/v1/requests/{request_id}/result" in paths
    assert not [path for path in paths if "testcard" in path or "keys" in path]
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= document["components"]["schemas"].keys()


@pytest.mark.slow
def test_there_is_no_page_for_no_model(server: LiveServer) -> None:
    """A page that says so, and an error in the API's shape for programs."""
    with server.client("") as anybody:
        assert anybody.get("/models/no/such/model/api", headers={"Accept": "text/html"}).status_code == 404
        assert anybody.get("/models/no/such/model/api.md").json()["error_code"] == 404001


# -- examples that run --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def film_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that has the film, and a model whose manifest means harm."""
    folder = tmp_path_factory.mktemp("api-page")
    manifests = folder / "manifests"
    manifests.mkdir()
    (manifests / "film.yaml").write_text(yaml.safe_dump(a_film(), allow_unicode=True), "utf-8")
    (manifests / "harm.yaml").write_text(yaml.safe_dump(harmful(), allow_unicode=True), "utf-8")
    live = start_server(folder / "data", engines="testcard", manifests=manifests, fetch_allow="127.0.0.0/8")
    live.wait_ready()
    yield live
    assert live.stop() == 0


@dataclass
class Reader:
    """Somebody who copies examples into a shell, with a picture of their own in a folder."""

    server: LiveServer
    folder: Path
    memory: dict[str, str] = field(default_factory=dict)

    def type(self, language: str, text: str) -> str:
        """Run one example as it is printed; what it printed."""
        for found, put in self.memory.items():
            text = text.replace(found, put)
        program = {
            "bash": ["bash", "-euo", "pipefail", "-c", text],
            "python": [sys.executable, "-c", text],
            "javascript": ["node", "--input-type=module", "-e", text],
        }[language]
        if shutil.which(program[0]) is None or (language == "bash" and shutil.which("curl") is None):
            pytest.skip(f"{program[0]} or curl is not installed")
        environment = {**os.environ, "MUTOSCOPE_API_KEY": self.server.api_key, "PYTHONWARNINGS": "error"}
        done = subprocess.run(
            program, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def reader(film_server: LiveServer, tmp_path: Path) -> Reader:
    return a_reader(film_server, tmp_path)


def a_reader(server: LiveServer, folder: Path) -> Reader:
    """They put a picture on the server and its address into the examples, as the page offers to do."""
    shutil.copy(PHOTOGRAPH, folder / "photo.jpg")
    with server.client() as client:
        url = client.post("/v1/files?name=photo.jpg", content=PHOTOGRAPH.read_bytes()).json()["url"]
    return Reader(server, folder, {PICTURE: url})


def examples(server: LiveServer, model: Model, anchor: str) -> dict[str, tuple[str, str]]:
    """The examples of a chapter by their name: (language, text), taken from the page that is served."""
    with server.client("") as anybody:
        shown = page_of(anybody, model.slug).text
    document = content.document(model, server.url, language="en", is_ready=True)
    chapters = [part for section in document.sections for part in (section, *section.parts)]
    (chapter,) = [found for found in chapters if found.anchor == anchor]
    found = [snippet for block in chapter.blocks if isinstance(block, Code) for snippet in block.snippets]
    assert [snippet.name for snippet in found if snippet.text not in shown] == []
    return {snippet.name: (snippet.language, snippet.text) for snippet in found}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("film")
    (folder / "film.yaml").write_text(yaml.safe_dump(a_film(), allow_unicode=True), "utf-8")
    return Catalog.load([folder]).get(FILM)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Python (mutoscope)", "Python (requests)", "JavaScript"])
def test_the_first_example_makes_a_video(reader: Reader, film: Model, name: str) -> None:
    """Copied, run, and there is a film to watch."""
    printed = reader.type(*examples(reader.server, film, "start")[name])
    if name == "Python (mutoscope)":
        content = (reader.folder / printed.strip()).read_bytes()
    else:
        (address,) = re.findall(r"https?://[^'\"\s]+\.mp4[^'\"\s]*", printed)
        content = httpx.get(address, trust_env=False).content
    assert content[4:8] == b"ftyp"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["curl", "Python (mutoscope)", "Python (requests)", "JavaScript"])
def test_the_four_calls_work_one_after_the_other(reader: Reader, film: Model, name: str) -> None:
    """Submit, status, result, cancel; the id of the first goes where the page has its place."""
    printed = reader.type(*examples(reader.server, film, "submit")[name])
    reader.memory["{request_id}"] = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", printed)[0]
    with reader.server.client() as client:
        client.get(f"/v1/requests/{reader.memory['{request_id}']}/events")  # ends with the request
    assert "completed" in reader.type(*examples(reader.server, film, "status")[name])
    assert ".mp4" in reader.type(*examples(reader.server, film, "result")[name])
    assert "not_cancellable" in reader.type(*examples(reader.server, film, "cancel")[name])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ("events", "completed"),
        ("webhooks", "request_id"),
        ("idempotency", "request_id"),
        ("quote", "explanation"),
        ("uploads", "/v1/files/"),
        ("check", '"ok":'),
    ],
)
def test_every_other_example_works(reader: Reader, film: Model, anchor: str, expected: str) -> None:
    """In each language it is shown in. The checked address and the webhook's are nobody's, and that is an answer."""
    reader.memory["https://example.com/photo.jpg"] = "https://127.0.0.1:9/photo.jpg"
    printed = reader.type(*examples(reader.server, film, "submit")["curl"])
    reader.memory["{request_id}"] = json.loads(printed)["request_id"]
    reader.memory["https%3A%2F%2Fexample.com%2Fhook"] = "http%3A%2F%2F127.0.0.1%3A9%2Fhook"
    for language, text in examples(reader.server, film, anchor).values():
        assert expected in reader.type(language, text)


# -- manifests that mean harm -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_texts_of_manifests_are_shown_and_never_obeyed(film_server: LiveServer) -> None:
    """The page has the elements of any other page; the attack stands there as text, word for word."""
    with film_server.client("") as anybody:
        harmless, harmed = page_of(anybody, FILM), page_of(anybody, "studio/harm")
        read = anybody.get("/models/studio/harm/api.md").text
    for tag, attributes in harmed.elements:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert not str(attributes.get("href", "")).startswith("javascript:")
    count = {
        name: [tag for tag, _ in harmless.elements].count(name) for name in ("script", "img", "iframe", "textarea")
    }
    assert {name: [tag for tag, _ in harmed.elements].count(name) for name in count} == count
    assert harmed.text.count(HARM) > 5
    rendered = str(markdown.line_as_html(read.splitlines()[0].removeprefix("# ")))
    assert html.unescape(rendered) == " ".join(HARM.split())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["curl", "Python (mutoscope)", "Python (requests)", "JavaScript"])
def test_an_examples_text_stays_text_in_every_language(film_server: LiveServer, tmp_path: Path, name: str) -> None:
    """The prompt of the attack arrives as it is, and nothing of it is run."""
    (tmp_path / "harm.yaml").write_text(yaml.safe_dump(harmful(), allow_unicode=True), "utf-8")
    model = Catalog.load([tmp_path]).get("studio/harm")
    reader = Reader(film_server, tmp_path)
    printed = reader.type(*examples(film_server, model, "submit")[name])
    request_id = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", printed)[0]
    with film_server.client() as client:
        assert client.get(f"/v1/requests/{request_id}").json()["inputs"]["prompt"] == HARM
    assert not (tmp_path / "harmed").exists()
