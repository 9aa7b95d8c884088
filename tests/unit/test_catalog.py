"""Manifests become models, or a complete list of what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from mutoscope.catalog import KEYS, Catalog, CatalogError, Model, check_engines, fitted, pick
from mutoscope.catalog.formula import parse_formula
from mutoscope.catalog.model import Resources
from mutoscope.engines import registry
from mutoscope.errors import ConfigError, InvalidInput, NotFound

REFERENCE = json.loads((Path(__file__).parent / "data" / "reference-schema.json").read_text("utf-8"))
REFERENCE_ID = "bytedance/dreamina-3-0/pro/image-to-video"

SOUND = """
manifest: 1
id: acme/spinner
author: Acme
name: Spinner
description: Turns things round.
input_schema:
  type: object
  required: [prompt]
  properties:
    prompt: {type: string, maxLength: 100}
    picture: {type: string, format: image_uri, default: null}
    duration: {type: float, minimum: 0, default: 5}
    length: {type: string, enum: ["5", "10"], default: "5"}
    angle: {type: integer}
output: {produces: video}
engine:
  name: lathe
  inputs: {words: prompt, photo: picture}
"""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an engine says of itself."""

    parameters: frozenset[str] = frozenset({"words", "speed"})
    files: frozenset[str] = frozenset({"photo"})
    required: frozenset[str] = frozenset({"words"})
    produces: frozenset[str] = frozenset({"video"})
    settings: frozenset[str] = frozenset({"crf"})
    starts: frozenset[str] = frozenset()
    is_open: bool = False
    keeps_models: bool = False

    def lacks(self, settings: Mapping[str, Any], /) -> str:
        """A key, when its settings name one."""
        return f"the environment variable {settings['key']}" if "key" in settings else ""

    def under(self, settings: Mapping[str, Any], /) -> Abilities:
        """The same whatever the settings are, unless there is something wrong with them."""
        if settings.get("crf") == "much":
            raise ConfigError("crf: found 'much'; a number is accepted")
        return self


def write(folder: Path, text: str, name: str = "model.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(dedent(text), "utf-8")
    return path


def the_model(folder: Path, text: str = SOUND) -> Model:
    write(folder, text)
    (model,) = Catalog.load([folder], builtin=False).models
    return model


def changed(*changes: tuple[str, str]) -> str:
    text = SOUND
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def problems_of(folder: Path, text: str) -> list[str]:
    """The problems, without the file's name in front of each."""
    path = write(folder, text)
    with pytest.raises(CatalogError) as refused:
        Catalog.load([folder], builtin=False)
    assert all(problem.startswith(f"{path}: ") for problem in refused.value.problems)
    return [problem.removeprefix(f"{path}: ") for problem in refused.value.problems]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


@pytest.fixture
def reference(catalog: Catalog) -> Model:
    return catalog.get(REFERENCE_ID)


# The manifests that come with the program


def test_the_reference_model_publishes_the_pages_schema_to_the_letter(reference: Model) -> None:
    """Japanese is the language of the page we have; even the order of the keys is the same."""
    assert reference.schema_in("ja") == REFERENCE["input_schema"]
    assert json.dumps(reference.schema_in("ja")) == json.dumps(REFERENCE["input_schema"])
    assert json.dumps(reference.output_schema_in("ja")) == json.dumps(REFERENCE["output_schema"])


def test_the_reference_model_in_english_differs_in_its_title_alone(reference: Model) -> None:
    """Validation texts and field texts are not translated on the hosted service either."""
    assert reference.input_schema == {**REFERENCE["input_schema"], "title": "Input Schema"}


def test_the_reference_model_takes_jpeg_and_png_and_is_made_by_parallax(reference: Model) -> None:
    """The schema says the formats only in words; the manifest says them so that they can be checked."""
    (field,) = reference.validator.media_fields

    assert field.accept == ("jpeg", "png")
    assert reference.engine == "parallax"
    assert reference.bindings == {
        "prompt": "prompt",
        "image": "image_urls",
        "num_frames": "frames",
        "seed": "seed",
    }
    assert reference.output_key == "video"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_reference_model_says_who_really_makes_the_video(reference: Model, language: str) -> None:
    """ByteDance's weights are closed; the page must not pretend otherwise."""
    note = reference.text("engine_note", language)

    assert "ByteDance" in note
    assert reference.engine in note


def test_the_reference_model_is_priced_by_its_frames(reference: Model) -> None:
    """24 frames are a second; the price is 0 until the operator sets one."""
    assert reference.price.quantity({"frames": 120}) == 5
    assert reference.price_microusd({"frames": 241}) == 0


def test_the_default_inputs_of_every_model_fit_its_schema(catalog: Catalog) -> None:
    """The curl block on a page is made of defaults; it must be accepted as it stands."""
    for model in catalog.models:
        properties = model.input_schema["properties"]
        required = {name: properties[name]["default"] for name in model.input_schema["required"]}

        inputs, ignored = model.validator.check(required)

        assert ignored == ()
        assert model.price_microusd(inputs) == 0


def test_every_model_has_its_texts_in_english_and_japanese(catalog: Catalog) -> None:
    """What comes with the program is complete in both languages of its pages."""
    for model in catalog.models:
        assert model.names.keys() >= {"en", "ja"}
        assert model.descriptions.keys() >= {"en", "ja"}
        assert model.schema_in("ja")["title"] == "入力スキーマ"


def test_the_test_cards_show_all_shapes_of_results(catalog: Catalog) -> None:
    """One video, a list of images, and a video from fields with other names."""
    assert {model.id: model.output_key for model in catalog.models if model.author == "Mutoscope"} == {
        "mutoscope/parallax": "video",
        "mutoscope/testcard": "video",
        "mutoscope/testcard/image": "images",
        "mutoscope/testcard/image-to-video": "video",
    }


def test_the_catalogue_is_sorted_and_knows_its_categories(catalog: Catalog) -> None:
    """Lists are the same on every start."""
    assert [model.id for model in catalog.models] == sorted(model.id for model in catalog.models)
    assert catalog.categories == ("image-to-video", "text-to-image", "text-to-video")


def test_an_unknown_model_is_answered_with_its_neighbours(catalog: Catalog) -> None:
    """A slip of the finger is the usual reason."""
    with pytest.raises(NotFound, match=f"did you mean {REFERENCE_ID}"):
        catalog.get("bytedance/dreamina-3-0/pro/image-to-vide")
    with pytest.raises(NotFound, match="lists all"):
        catalog.get("?" * 1_000_000)


# Reading


def test_a_short_manifest_gets_sensible_defaults(tmp_path: Path) -> None:
    """Nine keys make a model."""
    model = the_model(tmp_path)

    assert (model.slug, model.kind, model.many, model.output_key) == ("acme/spinner", "model", False, "video")
    assert (model.time_limit_s, model.max_attempts) == (600, 3)
    assert (model.price.base_price_usd, model.price.unit) == (0, "second")
    assert model.text("name", "ja") == model.text("title", "pt-BR") == "Spinner"
    assert model.source == str(tmp_path / "model.yaml")


@pytest.mark.parametrize(
    ("told", "takes"),
    [
        ("limits: {}", Resources(num_gpus=0, num_cpus=1)),
        ("needs: {gpu_memory_gb: 24}", Resources(num_gpus=1, num_cpus=1)),
        ("needs: {gpu_memory_gb: 24}\nresources: {num_gpus: 0.5}", Resources(num_gpus=0.5, num_cpus=1)),
        ("resources: {num_cpus: 0, custom: {'model:H100': 0.5}}", Resources(0, 0, {"model:H100": 0.5})),
    ],
)
def test_a_model_says_what_a_worker_of_it_takes_up(tmp_path: Path, told: str, takes: Resources) -> None:
    """A core each, and a GPU where one is needed, unless the manifest says otherwise."""
    assert the_model(tmp_path, changed(("output:", f"{told}\noutput:"))).resources == takes


def test_a_manifest_of_a_later_folder_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    """The operator's manifests win over ours, and the start-up log says so."""
    write(tmp_path, changed(("acme/spinner", "mutoscope/testcard")))

    catalog = Catalog.load([tmp_path])

    assert catalog.get("mutoscope/testcard").author == "Acme"
    assert len(catalog) == len(Catalog.load([]))
    assert catalog.overrides[0].startswith("mutoscope/testcard: ")


def test_two_manifests_of_one_folder_cannot_share_an_id(tmp_path: Path) -> None:
    """Which one should win? Nobody can tell."""
    write(tmp_path, SOUND, "a.yaml")
    write(tmp_path / "deeper", SOUND, "b.yml")

    with pytest.raises(CatalogError, match=r"is also the id of .*a\.yaml"):
        Catalog.load([tmp_path], builtin=False)


def test_two_models_cannot_share_their_pages(tmp_path: Path) -> None:
    """Slugs are addresses."""
    write(tmp_path, SOUND, "a.yaml")
    write(tmp_path, changed(("id: acme/spinner", "id: acme/other\nslug: acme/spinner")), "b.yaml")

    with pytest.raises(CatalogError, match=r"is also the slug of .*a\.yaml"):
        Catalog.load([tmp_path], builtin=False)


def test_the_problems_of_all_files_come_together(tmp_path: Path) -> None:
    """One start shows everything that has to be repaired."""
    write(tmp_path, changed(("author: Acme", "autor: Acme")), "a.yaml")
    write(tmp_path, "- no\n- mapping\n", "b.yaml")
    write(tmp_path, "a: [1,\nb: 2", "c.yaml")

    with pytest.raises(CatalogError) as refused:
        Catalog.load([tmp_path, tmp_path / "missing"], builtin=False)

    assert list(refused.value.problems) == [
        f"{tmp_path}/a.yaml: $.autor: unknown key; did you mean author?",
        f"{tmp_path}/a.yaml: $.author: is required",
        f"{tmp_path}/b.yaml: $: found a list; a mapping is accepted",
        f"{tmp_path}/c.yaml: line 2, column 5: expected ',' or ']', but got '<stream end>'",
        f"{tmp_path}/missing: is no folder; a folder with manifests is accepted",
    ]
    assert isinstance(refused.value, ConfigError)


def test_names_are_checked_even_where_the_schema_has_a_mistake(tmp_path: Path) -> None:
    """One slip in the schema does not hide the others."""
    slips = (("maxLength", "maxlength"), ("words: prompt", "words: promt"), ("name: Spinner", "nme: Spinner"))

    assert [problem.split(":")[0] for problem in problems_of(tmp_path, changed(*slips))] == [
        "$.nme",
        "$.input_schema.properties.prompt.maxlength",
        "$.name",
        "$.engine.inputs.words",
    ]


def test_an_empty_manifest_lists_what_is_required(tmp_path: Path) -> None:
    """The list is a recipe for a manifest."""
    assert problems_of(tmp_path, "{}") == [
        "$.manifest: is required",
        "$.id: is required",
        "$.input_schema: is required",
        "$.output.produces: is required",
        "$.author: is required",
        "$.name: is required",
        "$.description: is required",
        "$.engine.name: is required",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("manifest: 1", "manifest: 2", "$.manifest: is the version of this format; 1 is accepted"),
        ("id: acme/spinner", "id: /acme", "$.id: found '/acme'; accepted are 1 to 8 segments"),
        ("id: acme/spinner", "id: a/../b", "$.id: found 'a/../b'; accepted are 1 to 8 segments"),
        ("id: acme/spinner", "id: a/b/c/d/e/f/g/h/i", "$.id: found 'a/b/c/d/e/f/g/h/i'; accepted are"),
        ("id: acme/spinner", "id: categories", "$.id: 'categories' is an address of the API"),
        ("id: acme/spinner", "id: acme/spinner\nslug: acme/api", "$.slug: ends in `api`"),
        ("id: acme/spinner", "id: acme/spinner\nid: b", "line 4, column 1: the key 'id' is written twice"),
        ("author: Acme", "author: 5", "$.author: found a number; a string is accepted"),
        ("author: Acme", 'author: " "', "$.author: is empty"),
        ("author: Acme", "author: 2026-01-02", "$.author: found a date; put quotes around it"),
        ("author: Acme", "author: Acme\nkind: modle", "$.kind: found 'modle'; accepted are model, workflow"),
        ("name: lathe", "name: lathe\n  settings: {7: x}", "$.engine.settings: found the key 7, which YAML"),
        ("author: Acme", "author: Acme\ncategories: image", "$.categories: found a string; a list is accepted"),
        ("name: Spinner", "name: {ja: コマ}", "$.name: has no text in en"),
        ("name: Spinner", "name: {en: Spinner, Japanese: コマ}", "$.name: 'Japanese' is no language tag"),
        ("produces: video", "produces: music", "$.output.produces: found 'music'; accepted are video, image"),
        ("produces: video", "produces: video, many: 1", "$.output.many: found a number; true or false"),
        ("maxLength: 100", "maxlength: 100", "$.input_schema.properties.prompt.maxlength: unknown keyword"),
        ("words: prompt", "words: promt", "$.engine.inputs.words: 'promt' is no input property; did you mean"),
        ("words: prompt", "words: 5", "$.engine.inputs.words: found a number; the name of an input property"),
        ("name: lathe", "name: lathe\n  speed: 2", "$.engine.speed: unknown key; known are"),
        ("output:", "limits: {time_limit_s: 0}\noutput:", "$.limits.time_limit_s: found 0; 1 to 86400"),
        ("output:", "limits: {max_attempts: true}\noutput:", "$.limits.max_attempts: found a boolean; a whole"),
        ("output:", "accept: {picture: [jpg]}\noutput:", "$.accept.picture: unknown format 'jpg'; accepted are"),
        ("output:", "accept: {prompt: [png]}\noutput:", "$.accept.prompt: unknown key; known are picture"),
        ("output:", "price: {base_price_usd: '1'}\noutput:", "$.price.base_price_usd: found a string; a number"),
        ("output:", "price: {base_price_usd: -1}\noutput:", "$.price.base_price_usd: found -1; at least 0"),
        ("output:", "price: {base_price_usd: .nan}\noutput:", "$.price.base_price_usd: found a number that JSON"),
        ("output:", "price: {unit: image}\noutput:", "$.price.unit: found 'image'; accepted are second, output"),
        ("output:", "price: {formula: frames / 24}\noutput:", "$.price.formula: 'frames' is no input property"),
        ("output:", "price: {formula: prompt * 2}\noutput:", "$.price.formula: 'prompt' is of type string"),
        ("output:", "price: {formula: angle * 2}\noutput:", "$.price.formula: 'angle' may be missing"),
        ("output:", "price: {formula: 2 ** 9}\noutput:", "$.price.formula: found '2 ** 9'; accepted are"),
        ("output:", "resources: {gpus: 1}\noutput:", "$.resources.gpus: unknown key; did you mean num_gpus?"),
        ("output:", "resources: {num_gpus: 1.5}\noutput:", "$.resources.num_gpus: found 1.5; accepted is 0 to 1, or"),
        ("output:", "resources: {num_cpus: -1}\noutput:", "$.resources.num_cpus: found -1; at least 0"),
        ("output:", "resources: {num_cpus: 1e9}\noutput:", "$.resources.num_cpus: found a string; a number"),
        ("output:", "resources: {custom: 2}\noutput:", "$.resources.custom: found a number; a mapping"),
        ("output:", "resources: {custom: {GPU: 2}}\noutput:", "$.resources.custom.GPU: is no name of a resource"),
        ("output:", "resources: {custom: {nv: many}}\noutput:", "$.resources.custom.nv: found a string; a number"),
        (
            "output:",
            "examples: [{name: A, input: {prompt: 5}}]\noutput:",
            "$.examples[0].input.prompt: found a number; a string is accepted",
        ),
        (
            "output:",
            "examples: [{name: A, input: {prompt: x, angel: 5}}]\noutput:",
            "$.examples[0].input.angel: is no input property; did you mean angle?",
        ),
        (
            "output:",
            "translations: {ja: {/properties/promt/title: x}}\noutput:",
            '$.translations.ja["/properties/promt/title"]: points at nothing in input_schema',
        ),
        (
            "output:",
            "translations: {ja: {/properties/prompt/type: x}}\noutput:",
            '$.translations.ja["/properties/prompt/type"]: accepted are JSON pointers to a title',
        ),
    ],
)
def test_a_mistake_in_a_manifest_is_named_with_its_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """Each mistake gives one line: the file, the path, what was found and what is accepted."""
    problems = problems_of(tmp_path, changed((old, new)))

    assert len(problems) == 1, problems
    assert problems[0].startswith(problem)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: 2026-13-45", b"a: " + b"[" * 5000, b"#" * 1_100_000])
def test_a_file_that_is_no_manifest_is_a_problem_not_a_crash(tmp_path: Path, content: bytes) -> None:
    """Whatever lies in the folder, the message names the file."""
    (tmp_path / "x.yaml").write_bytes(content)

    with pytest.raises(CatalogError, match=r"x\.yaml: "):
        Catalog.load([tmp_path], builtin=False)


def test_a_small_file_that_unfolds_without_end_is_refused(tmp_path: Path) -> None:
    """Nine lines of aliases hold a thousand million values."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    problems = problems_of(tmp_path, "\n".join(lines))

    assert any("too many values" in problem for problem in problems)


def test_files_that_are_no_manifests_are_passed_over(tmp_path: Path) -> None:
    """Editors and file managers leave things behind."""
    write(tmp_path, SOUND)
    write(tmp_path, "no manifest", "notes.txt")
    write(tmp_path, "no: manifest", "._model.yaml")
    write(tmp_path / ".git", "no: manifest")

    assert len(Catalog.load([tmp_path], builtin=False)) == 1


def test_an_old_id_with_spaces_gets_a_slug_without(tmp_path: Path) -> None:
    """The hosted catalogue has such ids."""
    model = the_model(tmp_path, changed(("id: acme/spinner", "id: minimax/Hailuo Video 01 Live")))

    assert (model.id, model.slug) == ("minimax/Hailuo Video 01 Live", "minimax/Hailuo-Video-01-Live")
    assert Catalog([model]).by_slug(model.slug) is model


# Texts


def test_texts_fall_back_to_the_nearest_language() -> None:
    """A variant finds its language, a missing language finds English."""
    texts = {"en": "e", "ja": "j", "pt-BR": "p"}

    assert [pick(texts, tag) for tag in ("ja", "ja-JP", "pt-BR", "pt", "de")] == ["j", "j", "p", "e", "e"]
    assert pick({}, "en") == ""


def test_a_translated_schema_leaves_the_published_one_alone(reference: Model) -> None:
    """Readers of different languages share a model."""
    reference.schema_in("ja")["properties"].clear()

    assert reference.schema_in("de") == reference.input_schema
    assert reference.input_schema["title"] == "Input Schema"


# Prices


@pytest.mark.parametrize(
    ("price", "inputs", "outputs", "duration_s", "microusd"),
    [
        ("{base_price_usd: 0.1, formula: duration * 2}", {"duration": 5}, 1, None, 1_000_000),
        ("{base_price_usd: 0.1, formula: duration * 2}", {"duration": 5}, 1, 60.0, 1_000_000),
        ("{base_price_usd: 0.15}", {"duration": 5}, 1, None, 750_000),
        ("{base_price_usd: 0.15}", {"duration": "5"}, 1, None, 750_000),
        ("{base_price_usd: 0.15}", {"duration": 5}, 1, 10.0, 1_500_000),
        ("{base_price_usd: 0.15}", {"duration": "auto"}, 1, None, 0),
        ("{base_price_usd: 0.15}", {}, 1, None, 0),
        ("{base_price_usd: 0.04, unit: output}", {"duration": 5}, 4, None, 160_000),
        ("{base_price_usd: 0.1, formula: length / 5}", {"length": "10"}, 1, None, 200_000),
        ("{base_price_usd: 1, formula: 'min(max(duration, 3), 8)'}", {"duration": 100}, 1, None, 8_000_000),
        ("{base_price_usd: 1, formula: '-(2 - duration) * 1.5'}", {"duration": 4}, 1, None, 3_000_000),
    ],
)
def test_a_request_is_priced_from_its_inputs(
    tmp_path: Path,
    price: str,
    inputs: dict[str, object],
    outputs: int,
    duration_s: float | None,
    microusd: int,
) -> None:
    """By formula, by seconds, or by the number of outputs; in whole millionths of a dollar."""
    model = the_model(tmp_path, changed(("output:", f"price: {price}\noutput:")))

    assert model.price_microusd(inputs, outputs, duration_s) == microusd


@pytest.mark.parametrize("inputs", [{"n": 0}, {"n": "x"}, {"n": -1}, {"n": 1e-320}, {}])
def test_an_input_that_gives_no_price_is_refused(inputs: dict[str, object]) -> None:
    """A division by zero is the caller's input, not a crash of the server."""
    with pytest.raises(InvalidInput, match="the price of this input"):
        parse_formula("1 / n").evaluate(inputs)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "frames /",
        "__import__('os').system('x')",
        "frames.real",
        "frames[0]",
        "frames if frames else 1",
        "[frames]",
        "frames // 2",
        "9 ** 9 ** 9",
        "lambda: 1",
        "'a' * 3",
        "True",
        "max()",
        "abs(1)",
        "min(*frames)",
        "(" * 100 + ")" * 100,
        "1 +" * 100 + "1",
    ],
)
def test_what_is_more_than_arithmetic_is_no_formula(text: str) -> None:
    """Nothing is evaluated; what is not on the short list is refused when the manifest is loaded."""
    with pytest.raises(ConfigError):
        parse_formula(text)


# Engines


def test_a_manifest_that_fits_its_engine_has_no_problems(tmp_path: Path) -> None:
    """Words are bound to a value, the photo to a file."""
    assert check_engines([the_model(tmp_path)], {"lathe": Abilities()}) == ()


def test_a_model_without_its_engine_is_passed_over(tmp_path: Path) -> None:
    """It is shown as needing set-up; that is no reason not to start."""
    assert check_engines([the_model(tmp_path)], {}) == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("words: prompt", "words: prompt, sped: angle", "$.engine.inputs.sped: engine lathe has no such parameter"),
        ("words: prompt", "speed: angle", "$.engine.inputs.words: engine lathe needs this parameter"),
        ("words: prompt", "words: picture", "$.engine.inputs.words: engine lathe takes a value here"),
        ("photo: picture", "photo: angle", "$.engine.inputs.photo: engine lathe takes a media file here"),
        ("name: lathe", "name: lathe\n  settings: {crv: 2}", "$.engine.settings.crv: engine lathe has no such"),
        ("name: lathe", "name: lathe\n  settings: {crf: much}", "$.engine.settings: crf: found 'much'; a number is"),
        ("produces: video", "produces: image", "$.output.produces: engine lathe makes video, not image"),
    ],
)
def test_what_an_engine_cannot_do_is_found_before_the_first_request(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    """The file and the path are named, as for any other mistake."""
    model = the_model(tmp_path, changed((old, new)))

    problems = check_engines([model], {"lathe": Abilities()})

    assert len(problems) == 1
    assert problems[0].startswith(f"{tmp_path / 'model.yaml'}: {problem}")


def test_a_workflow_is_read_beside_its_manifest(tmp_path: Path) -> None:
    """Workers get what is in the file; one that cannot be read is a problem of the manifest."""
    named = changed(("name: lathe", "name: lathe\n  settings: {workflow: graph.json}"))
    (tmp_path / "graph.json").write_text('{"6": {"class_type": "Save", "inputs": {}}}', "utf-8")
    assert the_model(tmp_path, named).engine_settings["workflow"] == {"6": {"class_type": "Save", "inputs": {}}}

    (tmp_path / "graph.json").write_text("{\n6", "utf-8")
    with pytest.raises(CatalogError, match=r"\$.engine.settings.workflow: graph.json, line 2: is no JSON"):
        the_model(tmp_path, named)
    (tmp_path / "graph.json").unlink()
    with pytest.raises(
        CatalogError, match=r"\$.engine.settings.workflow: graph.json cannot be read beside the manifest"
    ):
        the_model(tmp_path, named)


# The documentation


def test_every_manifest_key_is_explained_in_the_reference() -> None:
    """A key without a row in docs/reference/manifest.md fails the build."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "manifest.md").read_text("utf-8")

    for section, keys in KEYS.items():
        for key in keys:
            name = f"{section}[].{key}" if section == "examples" else f"{section}.{key}".lstrip(".")
            assert f"| `{name}`" in page, f"{name} has no row"


def test_the_worked_example_of_the_how_to_loads(tmp_path: Path) -> None:
    """The manifest that people copy first is a sound one."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-model.md").read_text("utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]

    model = the_model(tmp_path, example)

    assert model.validator.check({"prompt": "a bell"})[0]
    assert model.schema_in("ja") != model.input_schema


CHAIN = changed(
    (
        "engine:\n  name: lathe\n  inputs: {words: prompt, photo: picture}\n",
        "engine:\n  - {name: lathe, inputs: {words: prompt}, settings: {key: A_KEY}}\n"
        "  - {name: drill, inputs: {words: prompt, photo: picture}, note: Drilled.}\n  - saw\n",
    )
)


def test_a_chain_is_what_can_run_here_in_its_order(tmp_path: Path) -> None:
    """Who is not installed or lacks something is left out; when nobody is left, it says what is missing."""
    model = the_model(tmp_path, CHAIN)
    assert [use.name for use in model.uses] == ["lathe", "drill", "saw"]
    drill = Abilities()
    assert [use.name for use in fitted(model, {"lathe": drill, "drill": drill}).uses] == ["drill"]
    assert fitted(model, {"lathe": drill, "drill": drill}).engine_notes == {"en": "Drilled."}
    closed = fitted(model, {"lathe": drill})
    assert (closed.engine, closed.needs) == ("lathe", "the environment variable A_KEY")


def test_every_engine_of_a_chain_is_checked(tmp_path: Path) -> None:
    """By its place in the list."""
    problems = check_engines(
        [the_model(tmp_path, CHAIN)], {"lathe": Abilities(), "drill": Abilities(), "saw": Abilities()}
    )
    assert [text.partition(": ")[2] for text in problems] == [
        "$.engine[0].settings.key: engine lathe has no such setting; known are crf",
        "$.engine[2].inputs.words: engine saw needs this parameter; bind it to an input",
    ]


@pytest.mark.parametrize(
    ("engine", "problem"),
    [
        ("engine: []", "$.engine: found a list; a mapping is accepted"),
        ("engine: [{name: lathe, inptus: {}}]", "$.engine[0].inptus: unknown key; did you mean inputs?"),
        ("engine: [lathe, 7]", "$.engine[1]: found a number; a mapping is accepted"),
        ("engine: [{inputs: {words: promt}}]", "$.engine[0].name: is required"),
    ],
)
def test_mistakes_in_a_chain_are_named_by_their_place(tmp_path: Path, engine: str, problem: str) -> None:
    """As in a single engine."""
    write(tmp_path, changed(("engine:\n  name: lathe\n  inputs: {words: prompt, photo: picture}\n", engine + "\n")))
    with pytest.raises(CatalogError) as caught:
        Catalog.load([tmp_path], builtin=False)
    assert any(text.endswith(problem) for text in caught.value.problems), caught.value.problems


# The models of accounts elsewhere


def test_models_of_an_account_come_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is sound for its engine, goes there under its own id, says where it is made, and needs the key."""
    monkeypatch.delenv("RUNCOMFY_TOKEN", raising=False)
    usual = Catalog.load()
    asked = Catalog.load(vendors=["runcomfy"])
    added = [model for model in asked.models if model.id not in usual]
    assert len(added) == 5
    capabilities = {"upstream": registry.capabilities("upstream")}
    assert check_engines(added, capabilities) == ()
    for model in added:
        assert model.engine_settings["model"] == model.id
        assert set(model.bindings.values()) == set(model.input_schema["properties"])
        lists = {name for name, field in model.input_schema["properties"].items() if field["type"] == "array"}
        assert set(model.engine_settings.get("arrays", ())) == lists
        assert "leaves this server" in model.text("engine_note")
        assert fitted(model, capabilities).needs == "the environment variable RUNCOMFY_TOKEN"
