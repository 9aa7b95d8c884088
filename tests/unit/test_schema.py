"""A body meets a model's schema: what is accepted, what is filled in, and what is said about the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import thread_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutoscope.errors import ConfigError, InvalidInput, Problem
from mutoscope.schema import OPERATORS, QUANTITIES, Validator, check_schema, normalise, parse_rule

REFERENCE = json.loads((Path(__file__).parent / "data" / "reference-schema.json").read_text("utf-8"))
SCHEMA: dict[str, Any] = REFERENCE["input_schema"]
IMAGE = "https://example.com/a.jpg"
PICTURE = "data:image/png;base64,iVBORw0KGgo="


def an_object(required: tuple[str, ...] = (), **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def a_body(**changes: object) -> dict[str, object]:
    return {"prompt": "a slow push in", "image_urls": [IMAGE], **changes}


def problems_with(schema: dict[str, Any], body: object) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidInput) as refused:
        Validator(schema).check(body)
    return [(p.path, p.message, p.rule) for p in refused.value.problems]


def paths(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.path for problem in problems]


# Accepting


def test_a_body_with_only_the_required_keys_gets_the_optional_defaults() -> None:
    """The reference call of the page's curl block: seed and frames come from the schema."""
    inputs, ignored = Validator(SCHEMA).check(a_body())

    assert inputs == {"prompt": "a slow push in", "image_urls": [IMAGE], "seed": -1, "frames": 121}
    assert ignored == ()


def test_a_required_property_is_never_filled_from_its_default() -> None:
    """The default of `prompt` is an example, not an answer."""
    assert problems_with(SCHEMA, {"image_urls": [IMAGE]}) == [("prompt", "is required", "required")]


def test_unknown_keys_are_dropped_and_listed_in_order() -> None:
    """Clients of other models send keys this one does not have."""
    inputs, ignored = Validator(SCHEMA).check(a_body(zoom=1, aspect_ratio="16:9"))

    assert ignored == ("aspect_ratio", "zoom")
    assert not inputs.keys() & {"aspect_ratio", "zoom"}


def test_a_body_full_of_unknown_keys_is_listed_in_part() -> None:
    """The list is stored with the request."""
    _, ignored = Validator(SCHEMA).check(a_body(**{f"{number:06}" * 50: 1 for number in range(1000)}))

    assert len(ignored) == 100
    assert {len(name) for name in ignored} == {100}


def test_defaults_are_copied_so_that_one_request_cannot_change_the_next() -> None:
    """A list from the schema must not be shared between requests."""
    validator = Validator(an_object(tags={"type": "array", "items": {"type": "string"}, "default": ["a"]}))

    first, _ = validator.check({})
    first["tags"].append("b")

    assert validator.check({})[0] == {"tags": ["a"]}


def test_the_callers_body_is_left_as_it_was() -> None:
    """Validation returns new inputs; the body is still needed for its hash."""
    body = a_body(seed=7.0, unknown=1)

    Validator(SCHEMA).check(body)

    assert body == a_body(seed=7.0, unknown=1)


def test_whole_floats_become_integers_everywhere() -> None:
    """1.0 is an integer in JSON Schema; an engine gets 1, also inside lists and objects."""
    shot = {"type": "object", "properties": {"frames": {"type": "integer"}, "strength": {"type": "float"}}}
    validator = Validator(an_object(frames={"type": "integer"}, shots={"type": "array", "items": shot}))

    inputs, _ = validator.check({"frames": 121.0, "shots": [{"frames": 2.0, "strength": 1.0}]})

    assert repr(inputs) == "{'frames': 121, 'shots': [{'frames': 2, 'strength': 1.0}]}"


@pytest.mark.parametrize("address", [IMAGE, "http://10.0.0.1/a.png", "HTTPS://EXAMPLE.COM/a", PICTURE])
def test_media_fields_take_addresses_and_data_uris(address: str) -> None:
    """Which networks may be asked is decided later, by the worker."""
    assert Validator(SCHEMA).check(a_body(image_urls=[address]))[0]["image_urls"] == [address]


def test_null_is_accepted_where_the_default_is_null() -> None:
    """Pages of the notation give null as the default of optional values."""
    validator = Validator(an_object(mode={"type": "string", "enum": ["a", "b"], "default": None}))

    assert validator.check({"mode": None})[0] == {"mode": None}
    assert validator.check({})[0] == {"mode": None}


@pytest.mark.parametrize("empty", [None, ""])
def test_an_optional_media_field_left_empty_is_absent(empty: str | None) -> None:
    """Engines see a file or nothing; `no file` has one spelling."""
    validator = Validator(an_object(end_image={"type": "string", "format": "image_uri", "default": empty}))

    assert validator.check({"end_image": empty})[0] == {}
    assert validator.check({})[0] == {}


# Refusing


def test_every_problem_is_told_at_once_with_its_path() -> None:
    """One answer is enough to repair the whole body."""
    body = {"prompt": "x" * 801, "image_urls": [5, "/etc/passwd"], "seed": True, "frames": 120}

    assert problems_with(SCHEMA, body) == [
        ("prompt", "found 801 characters; at most 800 are accepted", "maxLength"),
        ("image_urls", "found 2 items; at most 1 is accepted", "maxItems"),
        ("image_urls[0]", "found a number; a string is accepted", "type"),
        (
            "image_urls[1]",
            "expected an https address or a data URI (data:image/…;base64,…)",
            "format",
        ),
        ("seed", "found a boolean; an integer is accepted", "type"),
        ("frames", "found 120; accepted are 121, 241", "enum"),
    ]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a.jpg",
        "mutoscope-file:1",
        "file:///etc/passwd",
        "ftp://example.com/a",
        "https://",
        "data:video/mp4;base64,AA",
    ],
)
def test_other_addresses_are_refused(address: str) -> None:
    """Internal names and other schemes cannot come in from outside; a video is no image."""
    (problem,) = problems_with(SCHEMA, a_body(image_urls=[address]))

    assert problem[0] == "image_urls[0]"
    assert problem[2] == "format"


@pytest.mark.parametrize("body", [None, [], "text", 1, True])
def test_a_body_that_is_not_an_object_is_refused(body: object) -> None:
    """A list of inputs is a mistake that deserves its own words."""
    (problem,) = problems_with(SCHEMA, body)

    assert problem[0] == ""
    assert problem[1].endswith("an object is accepted")


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "integer"}, 1.5, "found 1.5; an integer is accepted"),
        ({"type": "integer"}, 2**63, "found 9223372036854775808; at most 9223372036854775807 is accepted"),
        ({"type": "integer"}, 1e30, "found 1e+30; at most 9223372036854775807 is accepted"),
        ({"type": "integer"}, None, "found null; an integer is accepted"),
        ({"type": "integer", "default": None}, "5", "found a string; an integer or null is accepted"),
        ({"type": "boolean"}, 1, "found a number; true or false is accepted"),
        ({"type": "float", "minimum": 0}, -0.5, "found -0.5; at least 0 is accepted"),
        ({"type": "number", "exclusiveMaximum": 2}, 2, "found 2; less than 2 is accepted"),
        ({"type": "number", "multipleOf": 8}, 12, "found 12; multiples of 8 are accepted"),
        ({"type": "string", "minLength": 1}, "", "found 0 characters; at least 1 is accepted"),
        (
            {"type": "string", "pattern": "^[a-z]+$"},
            "A1",
            "found 2 characters that do not match; ^[a-z]+$ is accepted",
        ),
        (
            {"type": "string", "enum": ["5", "auto"]},
            "secret",
            'found a string that is not in the list; accepted are "5", "auto"',
        ),
        ({"type": "array", "minItems": 2}, [1], "found 1 item; at least 2 are accepted"),
        (
            {"type": "array", "uniqueItems": True},
            [1, 1],
            "found the same item twice among 2; each is accepted once",
        ),
        ({"type": "object"}, [], "found a list; an object is accepted"),
        (
            {"type": "object", "properties": {"a": {"type": "float"}}, "additionalProperties": False},
            {"secret": 1},
            "found unknown properties (1); only the published ones are accepted",
        ),
        (
            {"type": "object", "additionalProperties": False},
            {"secret": 1},
            "found unknown properties; none is accepted",
        ),
    ],
)
def test_each_rule_says_what_was_found_and_what_is_accepted(
    schema: dict[str, Any], value: object, message: str
) -> None:
    """The wording of every keyword of the notation."""
    ((path, said, _),) = problems_with(an_object(x=schema), {"x": value})

    assert (path, said) == ("x", message)


def test_nested_lists_of_objects_are_checked_with_full_paths() -> None:
    """`multi_prompt` and `keyframes` of other models' pages."""
    shot = {
        "type": "object",
        "required": ["text"],
        "properties": {"text": {"type": "string", "maxLength": 3}},
    }
    schema = an_object(multi_prompt={"type": "array", "items": shot})

    problems = problems_with(schema, {"multi_prompt": [{"text": "ok"}, {"text": "long"}, {}]})

    assert [path for path, _, _ in problems] == ["multi_prompt[1].text", "multi_prompt[2].text"]


@given(st.text(min_size=3, max_size=40).filter(lambda text: not text.isascii() or not text.isalnum()))
def test_the_text_of_a_string_never_reaches_a_message(secret: str) -> None:
    """Prompts and data URIs stay out of errors, whatever they hold and wherever they stand."""
    marked = f"<<{secret}>>"
    schema = an_object(
        length={"type": "string", "maxLength": 2},
        choice={"type": "string", "enum": ["a"]},
        number={"type": "integer"},
        address={"type": "string", "format": "image_uri"},
        shape={"type": "string", "pattern": "^[0-9]$"},
        closed={"type": "object", "additionalProperties": False},
    )
    body: dict[str, object] = dict.fromkeys(schema["properties"], marked)

    with pytest.raises(InvalidInput) as refused:
        Validator(schema).check({**body, "closed": {marked: marked}})

    assert len(refused.value.problems) == 6
    assert marked not in refused.value.message
    assert marked not in str(refused.value.detail)


@given(
    st.dictionaries(
        st.sampled_from(["text", "count", "share", "flag", "file", "shots", "open", "other"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
            max_leaves=6,
        ),
    )
)
def test_whatever_json_comes_is_accepted_or_refused_with_paths(body: dict[str, object]) -> None:
    """No JSON body is a defect of the server, and what was accepted is accepted again."""
    shot = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}, "b": {"type": "float"}}}
    validator = Validator(
        an_object(
            text={"type": "string", "minLength": 1, "default": None},
            count={"type": "integer", "minimum": 0, "enum": [0, 1, 2]},
            share={"type": "float", "exclusiveMinimum": 0},
            flag={"type": "boolean", "default": False},
            file={"type": "array", "format": "image_uris"},
            shots={"type": "array", "items": shot, "uniqueItems": True, "maxItems": 2},
            open={"type": "object"},
        )
    )
    try:
        inputs, _ = validator.check(body)
    except InvalidInput as exc:
        assert exc.problems
        assert all(problem.path and problem.message for problem in exc.problems)
    else:
        assert validator.check(inputs) == (inputs, ())


def test_a_flood_of_wrong_items_is_answered_quickly() -> None:
    """jsonschema-rs makes every error before the first is seen; the list is cut where errors repeat."""
    started = thread_time()

    problems = problems_with(an_object(tags={"type": "array", "items": {"type": "string"}}), {"tags": [1] * 300_000})

    assert thread_time() - started < 2
    assert problems[0] == ("tags", "found 300000 items; at most 256 are accepted", "maxItems")
    assert len(problems) == 100


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "object"}, {"type": "array"}])
def test_a_deeply_nested_value_is_refused_not_a_crash(schema: dict[str, Any]) -> None:
    """Also where the schema is open: what is stored must be written as JSON again."""
    nested: dict[str, object] = {}
    for _ in range(900):
        nested = {"a": nested}

    with pytest.raises(InvalidInput, match="nested more than"):
        Validator(an_object(x=schema)).check({"x": [nested] if schema["type"] == "array" else nested})


def test_an_open_object_is_passed_on_as_it_is() -> None:
    """`lora` is an object whose further keys no page defines."""
    lora = {"path": "a.safetensors", "scales": [{"block": 1.0}]}

    assert Validator(an_object(lora={"type": "object"})).check({"lora": lora})[0] == {"lora": lora}


def test_a_hostile_pattern_runs_in_linear_time() -> None:
    """The classic catastrophic pattern meets its worst string."""
    validator = Validator(an_object(x={"type": "string", "pattern": "^(a+)+$"}))
    started = thread_time()

    with pytest.raises(InvalidInput):
        validator.check({"x": "a" * 50_000 + "!"})

    assert thread_time() - started < 1


def test_a_large_data_uri_costs_almost_nothing() -> None:
    """Only the start of an address is read here."""
    validator = Validator(SCHEMA)
    body = a_body(image_urls=["data:image/png;base64," + "A" * 6_000_000])
    started = thread_time()

    validator.check(body)

    assert thread_time() - started < 0.1


# Media fields


def test_media_fields_are_found_with_their_rules() -> None:
    """The reference model: one list of images with seven rules, and the formats the manifest names."""
    (field,) = Validator(SCHEMA, accept={"image_urls": ["jpeg", "png"]}).media_fields

    assert (field.name, field.kind, field.many) == ("image_urls", "image", True)
    assert [rule["validation_rule"] for rule in field.validations] == [
        "file_size_mb<",
        "width_pixels<=",
        "height_pixels<=",
        "width_pixels>",
        "height_pixels>",
        "width/height<",
        "width/height>",
    ]
    assert field.accept == ("jpeg", "png")


@pytest.mark.parametrize(
    ("schema", "kind", "many"),
    [
        ({"type": "string", "format": "video_uri"}, "video", False),
        ({"type": "array", "items": {"type": "string", "format": "audio_uri"}}, "audio", True),
        ({"type": "array", "format": "image_uris"}, "image", True),
    ],
)
def test_all_spellings_of_media_fields_are_understood(schema: dict[str, Any], kind: str, many: bool) -> None:
    """The format stands on the string, on the items, or in the plural on the list."""
    validator = Validator(an_object(file=schema))

    assert [(field.kind, field.many) for field in validator.media_fields] == [(kind, many)]
    with pytest.raises(InvalidInput, match="an https address"):
        validator.check({"file": ["nowhere"] if many else "nowhere"})


def test_a_property_that_is_not_a_file_is_no_media_field() -> None:
    """A link is a string."""
    assert Validator(an_object(link={"type": "string", "format": "uri"})).media_fields == ()


# Normalising


def test_the_normalised_copy_speaks_standard_json_schema() -> None:
    """OpenAPI reads this copy; the published schema stays as it is."""
    before = json.dumps(SCHEMA)
    copied = normalise(an_object(scale={"type": "float"}, images={"type": "array", "format": "image_uris"}))

    assert copied["properties"]["scale"] == {"type": "number"}
    assert copied["properties"]["images"]["items"]["format"] == "uri"
    assert "format" not in copied["properties"]["images"]
    assert "validations" not in json.dumps(list(normalise(SCHEMA)["properties"]["image_urls"]))[:10]
    assert "x-validations" in normalise(SCHEMA)["properties"]["image_urls"]
    assert json.dumps(SCHEMA) == before


# Rules


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("op", OPERATORS)
def test_every_rule_is_read_back_as_it_was_written(quantity: str, op: str) -> None:
    """`<=` is not read as `<` with a strange quantity."""
    rule = parse_rule(f"{quantity}{op}")

    assert (rule.quantity, rule.op, str(rule)) == (quantity, op, f"{quantity}{op}")


def test_strict_rules_are_strict() -> None:
    """The reference model refuses a picture of exactly 320 pixels and of exactly 3:1."""
    assert not parse_rule("width_pixels>").holds(320, 320)
    assert not parse_rule("width/height<").holds(3.0, 3)
    assert parse_rule("width_pixels<=").holds(4096, 4096)


@pytest.mark.parametrize("text", ["", "<", "width_pixels", "width_pixel<", "width_pixels ==", "pixels < "])
def test_an_unknown_rule_is_refused(text: str) -> None:
    """A rule that nobody evaluates would be a promise nobody keeps."""
    with pytest.raises(ConfigError, match="found"):
        parse_rule(text)


# Checking schemas


def test_the_reference_schema_is_legal() -> None:
    """The page's own schema passes without a remark."""
    assert check_schema(SCHEMA) == ()


@pytest.mark.parametrize(
    ("property_schema", "path", "says"),
    [
        ({}, "type", "is required"),
        ({"type": "text"}, "type", "unknown type"),
        ({"type": "string", "maxlength": 3}, "maxlength", "did you mean maxLength"),
        ({"type": "string", "maxLength": "3"}, "maxLength", "must be a whole number"),
        ({"type": "string", "maxLength": True}, "maxLength", "must be a whole number"),
        ({"type": "integer", "maxLength": 3}, "maxLength", "does not apply to integer"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "minimum", "nothing can fit"),
        ({"type": "integer", "default": "a"}, "default", "does not fit its own schema"),
        ({"type": "integer", "default": 1.5}, "default", "does not fit its own schema"),
        ({"type": "integer", "enum": [1, "2"]}, "enum", "must be of one type"),
        ({"type": "integer", "enum": [1, 1]}, "enum", "twice"),
        ({"type": "integer", "enum": []}, "enum", "at least one value"),
        ({"type": "integer", "enum": [1, 2.5]}, "enum[1]", "an integer is accepted"),
        ({"type": "integer", "enum": [1, 2], "default": 3}, "default", "accepted are 1, 2"),
        ({"type": "string", "enum": ["a", False]}, "enum", "must be of one type"),
        ({"type": "string", "pattern": "(("}, "pattern", "is not a regular expression"),
        ({"type": "string", "pattern": "(?=a)"}, "pattern", "is not a regular expression"),
        ({"type": "string", "format": "picture"}, "format", "unknown format"),
        ({"type": "string", "format": "image_uris"}, "format", "stands on an array"),
        ({"type": "array", "format": "image_uri"}, "format", "stands on a string"),
        ({"type": "string", "format": "image_uri", "pattern": "a"}, "format", "neither pattern nor enum"),
        ({"type": "string", "format": "image_uri", "default": "a.jpg"}, "default", "https address"),
        ({"type": "string", "validations": []}, "validations", "not a media field"),
        ({"type": "object", "required": ["a"]}, "required[0]", "is no property"),
        ({"type": "array", "items": {"type": "strin"}}, "items.type", "unknown type"),
        (
            {"type": "object", "properties": {"a": {"type": "string", "format": "image_uri"}}},
            "properties.a.format",
            "only at the top level",
        ),
    ],
)
def test_a_mistake_in_a_schema_is_named_with_its_path(property_schema: dict[str, Any], path: str, says: str) -> None:
    """Manifests are written by hand; each mistake is told where it stands."""
    problems = check_schema(an_object(x=property_schema))

    assert paths(problems) == [f"properties.x.{path}"]
    assert says in problems[0].message


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("width_pixels<", ""),
        ({"validation_rule": "width<", "validation_value": 1, "validation_error": ""}, ".validation_rule"),
        ({"validation_rule": 1, "validation_value": 1, "validation_error": ""}, ".validation_rule"),
        ({"validation_rule": "fps<", "validation_value": 1, "validation_error": ""}, ".validation_rule"),
        (
            {"validation_rule": "pixels<", "validation_value": "1", "validation_error": ""},
            ".validation_value",
        ),
        (
            {"validation_rule": "pixels<", "validation_value": True, "validation_error": ""},
            ".validation_value",
        ),
        (
            {"validation_rule": "pixels<", "validation_value": 1, "validation_error": None},
            ".validation_error",
        ),
        ({"validation_rule": "pixels<", "validation_value": 1}, ".validation_error"),
        ({"validation_rule": "pixels<", "validation_value": 1, "validation_error": "", "x": 1}, ".x"),
    ],
)
def test_a_mistake_in_a_rule_is_named_with_its_path(entry: object, path: str) -> None:
    """A rule is checked when the manifest is loaded, not when the first file comes."""
    schema = an_object(x={"type": "string", "format": "image_uri", "validations": [entry]})

    assert paths(check_schema(schema)) == [f"properties.x.validations[0]{path}"]


def test_all_mistakes_of_a_schema_are_told_at_once() -> None:
    """Two properties, two mistakes, one answer; and a required name that does not exist."""
    schema = an_object(("z",), x={"type": "text"}, y={"type": "string", "maxLength": -1})

    assert paths(check_schema(schema)) == ["required[0]", "properties.x.type", "properties.y.maxLength"]


@pytest.mark.parametrize("schema", [None, [], "object", {}, {"type": "array"}, {"type": "object", "properties": []}])
def test_what_is_no_object_schema_is_refused(schema: object) -> None:
    """Inputs are always an object with named properties."""
    assert check_schema(schema)


def test_a_mistake_below_a_list_of_files_is_found_too() -> None:
    """Rules are looked at before the items are known to be sound."""
    items = {"type": "string", "format": ["image_uri"]}

    problems = check_schema(an_object(x={"type": "array", "items": items, "validations": []}))

    assert "properties.x.items.format" in paths(problems)


def test_private_keywords_are_left_alone() -> None:
    """`x-…` is for tools of the manifest's author."""
    assert check_schema(an_object(x={"type": "string", "x-order": 3})) == ()


def test_a_schema_that_passes_can_be_compiled() -> None:
    """What `check_schema` lets through never surprises the validator."""
    nested: Callable[[], dict[str, Any]] = lambda: {"type": "object", "properties": {"a": {"type": "float"}}}  # noqa: E731
    schema = an_object(a={"type": "array", "items": nested(), "default": [{"a": 1}]}, b=nested())

    assert check_schema(schema) == ()
    assert Validator(schema).check({"b": {"a": 0.5}})[0] == {"b": {"a": 0.5}, "a": [{"a": 1}]}
