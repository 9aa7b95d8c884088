"""Manifests become models: those that come with the program, and what is read of others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mutoscope.catalog import KEYS, Catalog, CatalogError, Model, check_engines, fitted, pick
from mutoscope.catalog.model import Resources
from mutoscope.engines import registry
from mutoscope.errors import NotFound
from tests.unit.manifests import SOUND, changed, the_model, write

REFERENCE = json.loads((Path(__file__).parent / "data" / "reference-schema.json").read_text("utf-8"))
REFERENCE_ID = "bytedance/dreamina-3-0/pro/image-to-video"


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
