"""Whatever is wrong with manifests is listed, completely and by its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutoscope.catalog import Catalog, CatalogError
from mutoscope.errors import ConfigError
from tests.unit.manifests import SOUND, changed, problems_of, write


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
