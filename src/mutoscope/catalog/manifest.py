"""Turn one manifest file into a `Model`, or into the complete list of what is wrong with it.

The keys, their types and defaults are explained in docs/reference/manifest.md, which a test keeps in step
with `KEYS`. Whether the named engine can do what the manifest asks is checked by `engines.py` beside this
file, because engines are installed apart from manifests.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

from mutoscope.catalog.formula import Formula, parse_formula
from mutoscope.catalog.model import (
    DEFAULT_LANGUAGE,
    EngineUse,
    Example,
    Kind,
    Model,
    Needs,
    Price,
    PriceUnit,
    Produces,
    Resources,
    Texts,
    steps,
)
from mutoscope.catalog.reading import Parts, Report, Section, read_json, read_yaml
from mutoscope.errors import ConfigError, InvalidInput
from mutoscope.schema import FILE_FORMATS, Validator, check_schema, json_path, kind_of, suggestion

KEYS: Mapping[str, tuple[str, ...]] = {
    "": (
        "manifest", "id", "slug", "kind", "author", "name", "title", "description", "categories",
        "input_schema", "accept", "output", "engine", "price", "limits", "needs", "resources", "examples",
        "translations",
    ),
    "output": ("produces", "many"),
    "engine": ("name", "inputs", "settings", "note"),
    "price": ("base_price_usd", "unit", "formula", "note"),
    "limits": ("time_limit_s", "max_attempts", "max_running"),
    "needs": ("gpu_memory_gb", "labels"),
    "resources": ("num_gpus", "num_cpus", "custom"),
    "examples": ("name", "input"),
}  # fmt: skip
"""Every key a manifest may have, by the section it stands in."""

KINDS = ("model", "workflow", "inference")
PRODUCES = ("video", "image")
UNITS = ("second", "output")
UNIT_OF = {"video": "second", "image": "output"}

MOST_GPU_MEMORY_GB = 100_000
MOST_RESOURCES = 10_000
RESOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,62}")
RESERVED_RESOURCES = ("CPU", "GPU", "memory", "object_store_memory")
"""Ray's names for what has a key of its own here, or none."""
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
LABEL_ACCEPTED = "1 to 63 letters, digits, dots, dashes and underscores are accepted, a letter or digit first"

DEFAULT_TIME_LIMIT_S = 600
DEFAULT_MAX_ATTEMPTS = 3

RESERVED_IDS = ("categories",)
"""`GET /v1/models/categories` is a list, so no model can live there."""

# Spaces are legal inside a segment: older entries of the hosted catalogue have them.
# A segment never starts with a dot, so no id climbs out of a folder.
_WORD = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_ID = re.compile(rf"{_WORD}( {_WORD})*(/{_WORD}( {_WORD})*){{0,7}}")
_SLUG = re.compile(rf"{_WORD}(/{_WORD}){{0,7}}")
_SEGMENTS = "accepted are 1 to 8 segments of A-Z a-z 0-9 _ . - between slashes"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_NO_LANGUAGE = "is no language tag; accepted are `ja`, `pt-BR` and the like"
MAX_ID_CHARACTERS = 200


def read_manifest(path: Path, source: str) -> tuple[Model | None, tuple[str, ...]]:
    """The model of one file, or None and every problem as `file: $.path: message`."""
    report = Report(source)
    content = read_yaml(path, report)
    if not isinstance(content, dict):
        if not report.problems:
            report.add((), f"found {kind_of(content)}; a mapping is accepted")
        return None, tuple(report.problems)
    model = _Manifest(content, report, path.parent).model()
    return (None if report.problems else model), tuple(report.problems)


class _Manifest:
    """Reads one manifest from top to bottom; problems go to the report."""

    def __init__(self, content: object, report: Report, folder: Path) -> None:
        self.report = report
        self.folder = folder
        self.top = Section(content, KEYS[""], (), report)
        self.schema: dict[str, Any] = {}
        self.properties: dict[str, Any] | None = None
        self.validator: Validator | None = None

    def model(self) -> Model | None:
        top = self.top
        if top.take("manifest", int, 1, required=True) != 1:
            top.problem("manifest", "is the version of this format; 1 is accepted")
        model_id = self._id()
        self._read_schema()
        produces, many = self._output()
        limits = self._section("limits")
        needs = self._needs()
        values: dict[str, Any] = {
            "id": model_id,
            "slug": self._slug(model_id),
            "kind": cast("Kind", top.choice("kind", KINDS, "model")),
            "author": top.text("author", required=True),
            "categories": top.names("categories"),
            "names": self._texts(top, "name", required=True),
            "titles": self._texts(top, "title"),
            "descriptions": self._texts(top, "description", required=True),
            **self._chain(),
            "produces": produces,
            "many": many,
            "price": self._price(produces),
            "time_limit_s": limits.whole("time_limit_s", DEFAULT_TIME_LIMIT_S, at_least=1, at_most=86_400),
            "max_attempts": limits.whole("max_attempts", DEFAULT_MAX_ATTEMPTS, at_least=1, at_most=20),
            "max_running": limits.whole("max_running", 0, at_least=0, at_most=100_000),
            "of_workers": needs,
            "resources": self._resources(needs),
            "examples": self._examples(),
            "translations": self._translations(),
        }
        if self.report.problems or self.validator is None:
            return None
        return Model(**values, input_schema=self.schema, validator=self.validator, source=self.report.source)

    def _id(self) -> str:
        model_id = self.top.text("id", required=True)
        if not model_id:
            return ""
        if len(model_id) > MAX_ID_CHARACTERS or not _ID.fullmatch(model_id):
            self.top.problem("id", f"found {model_id!r}; {_SEGMENTS}")
        if model_id in RESERVED_IDS:
            self.top.problem("id", f"{model_id!r} is an address of the API; choose another id")
        return model_id

    def _slug(self, model_id: str) -> str:
        slug = self.top.text("slug", model_id.replace(" ", "-"))
        if self.top.has("slug") and (len(slug) > MAX_ID_CHARACTERS or not _SLUG.fullmatch(slug)):
            self.top.problem("slug", f"found {slug!r}; {_SEGMENTS}")
        if slug.split("/")[-1] == "api":
            self.top.problem("slug", "ends in `api`, which is a page of every model; choose another slug")
        return slug

    def _read_schema(self) -> None:
        if not self.top.has("input_schema"):
            self.top.problem("input_schema", "is required")
            return
        schema = self.top.raw("input_schema")
        problems = check_schema(schema)
        for problem in problems:
            self._at("input_schema", problem.path, problem.message)
        if isinstance(schema, dict):
            self.schema = schema
        if isinstance(self.schema.get("properties"), dict):
            # The names count even where a property is unsound: what refers to them is checked all the same.
            self.properties = self.schema["properties"]
        if not problems:
            self.validator = Validator(schema)
            self.validator = Validator(schema, accept=self._accept())

    def _accept(self) -> dict[str, tuple[str, ...]]:
        fields = {field.name: field for field in self.validator.media_fields} if self.validator else {}
        section = self._section("accept", fields)
        accepted: dict[str, tuple[str, ...]] = {}
        for name, field in fields.items():
            accepted[name] = section.names(name)
            for word in accepted[name]:
                if word not in FILE_FORMATS[field.kind]:
                    known = ", ".join(FILE_FORMATS[field.kind])
                    section.problem(name, f"unknown format {word!r}; accepted are {known}")
        return accepted

    def _output(self) -> tuple[Produces, bool]:
        output = self._section("output")
        produces = cast("Produces", output.choice("produces", PRODUCES, "video", required=True))
        return produces, output.take("many", bool, False)

    def _needs(self) -> Needs:
        section = self._section("needs")
        memory_gb = section.number("gpu_memory_gb", 0.0)
        if not 0 <= memory_gb <= MOST_GPU_MEMORY_GB:
            section.problem("gpu_memory_gb", f"found {memory_gb:g}; accepted is 0 to {MOST_GPU_MEMORY_GB}, in GiB")
        labels = section.names("labels")
        for label in labels:
            if not LABEL.fullmatch(label):
                section.problem("labels", f"found {label!r}; {LABEL_ACCEPTED}")
        return Needs(memory_gb, frozenset(labels))

    def _resources(self, needs: Needs) -> Resources:
        section = self._section("resources")
        told = section.take("custom", dict, {})
        custom = Section(told, tuple(told), (*section.parts, "custom"), self.report)
        for name in told:
            if not RESOURCE.fullmatch(name) or name in RESERVED_RESOURCES:
                custom.problem(
                    name,
                    f"is no name of a resource; accepted are 1 to 63 letters, digits, dots, colons, dashes and "
                    f"underscores, a letter or digit first, but none of {', '.join(RESERVED_RESOURCES)}",
                )
        return Resources(
            num_gpus=self._amount(section, "num_gpus", 1.0 if needs.gpu_memory_gb else 0.0),
            num_cpus=self._amount(section, "num_cpus", 1.0),
            custom={name: self._amount(custom, name, 0.0) for name in told},
        )

    def _amount(self, section: Section, key: str, default: float) -> float:
        """Ray shares one of a thing, and hands out whole ones beyond."""
        amount = section.number(key, default)
        if amount > MOST_RESOURCES or (amount > 1 and amount != int(amount)):
            section.problem(key, f"found {amount:g}; accepted is 0 to 1, or a whole number up to {MOST_RESOURCES}")
            return default
        return amount

    def _engines(self) -> list[EngineUse]:
        """The engine, or a chain of them: each is a name, or a mapping as a single one is."""
        told = self.top.raw("engine")
        if not isinstance(told, list) or not told:
            return [self._engine(self._section("engine"))]
        sections = []
        for index, entry in enumerate(told):
            value = {"name": entry} if isinstance(entry, str) else entry
            sections.append(Section(value, KEYS["engine"], ("engine", index), self.report))
        return [self._engine(section) for section in sections]

    def _chain(self) -> dict[str, Any]:
        first, *others = self._engines()
        return {
            "engine": first.name,
            "engine_settings": first.settings,
            "engine_notes": first.notes,
            "bindings": first.bindings,
            "fallbacks": tuple(others),
        }

    def _engine(self, section: Section) -> EngineUse:
        return EngineUse(
            name=section.text("name", required=True),
            settings=self._settings(section),
            bindings=self._bindings(section),
            notes=self._texts(section, "note"),
        )

    def _settings(self, engine: Section) -> dict[str, Any]:
        """The engine's settings. A workflow that is named by its file is read here: workers do not have the file."""
        settings: dict[str, Any] = engine.take("settings", dict, {})
        if not isinstance(name := settings.get("workflow"), str):
            return settings
        try:
            return settings | {"workflow": read_json(self.folder / name)}
        except ConfigError as exc:
            self.report.add((*engine.parts, "settings", "workflow"), exc.message)
            return settings

    def _bindings(self, engine: Section) -> dict[str, str]:
        bindings: dict[str, str] = {}
        for parameter, name in engine.take("inputs", dict, {}).items():
            where = (*engine.parts, "inputs", parameter)
            if not isinstance(name, str):
                self.report.add(where, f"found {kind_of(name)}; the name of an input property is accepted")
            elif self.properties is not None and name not in self.properties:
                self.report.add(where, f"{name!r} is no input property{suggestion(name, self.properties)}")
            else:
                bindings[parameter] = name
        return bindings

    def _price(self, produces: Produces) -> Price:
        price = self._section("price")
        unit = cast("PriceUnit", price.choice("unit", UNITS, UNIT_OF[produces]))
        formula = self._formula(price) if price.raw("formula") is not None else None
        return Price(price.number("base_price_usd", 0.0), unit, formula, price.text("note"))

    def _formula(self, price: Section) -> Formula | None:
        text = price.text("formula")
        if not text:
            return None
        try:
            formula = parse_formula(text)
        except ConfigError as exc:
            price.problem("formula", exc.message)
            return None
        for name in sorted(formula.names):
            if complaint := self._not_a_number(name):
                price.problem("formula", complaint)
        return formula

    def _not_a_number(self, name: str) -> str | None:
        """Why an input cannot stand in a formula; None if it always has a number."""
        if self.properties is None:
            return None
        if name not in self.properties:
            return f"{name!r} is no input property{suggestion(name, self.properties)}"
        if self.validator is None:
            return None
        child = self.properties[name]
        if child["type"] not in ("integer", "number", "float") and not _are_numerals(child.get("enum", ())):
            return f"{name!r} is of type {child['type']}; a formula takes numbers"
        if name not in self.schema.get("required", ()) and child.get("default") is None:
            return f"{name!r} may be missing; a formula takes inputs that are required or have a default"
        return None

    def _examples(self) -> tuple[Example, ...]:
        examples = []
        for index, entry in enumerate(self.top.take("examples", list, [])):
            where: Parts = ("examples", index)
            section = Section(entry, KEYS["examples"], where, self.report)
            names = self._texts(section, "name", required=True)
            inputs = section.take("input", dict, {}, required=True)
            examples.append(Example(names, inputs))
            if self.validator and section.has("input"):
                self._check_example(inputs, where)
        return tuple(examples)

    def _check_example(self, inputs: dict[str, Any], where: Parts) -> None:
        assert self.validator is not None
        at = json_path((*where, "input"))
        try:
            _, unknown = self.validator.check(inputs)
        except InvalidInput as exc:
            for problem in exc.problems:
                self._at(at, problem.path, problem.message)
            return
        for name in unknown:
            message = f"is no input property{suggestion(name, self.properties or {})}"
            self._at(at, json_path((name,)), message)

    def _translations(self) -> dict[str, Texts]:
        translations: dict[str, Texts] = {}
        for language, texts in self.top.take("translations", dict, {}).items():
            where: Parts = ("translations", language)
            if not _LANGUAGE.fullmatch(language):
                self.report.add(where, _NO_LANGUAGE)
            if not isinstance(texts, dict):
                self.report.add(where, f"found {kind_of(texts)}; texts by JSON pointer are accepted")
                continue
            translations[language] = texts
            for pointer, text in texts.items():
                if complaint := self._not_translatable(pointer, text):
                    self.report.add((*where, pointer), complaint)
        return translations

    def _not_translatable(self, pointer: str, text: object) -> str | None:
        if not isinstance(text, str):
            return f"found {kind_of(text)}; a text is accepted"
        if not pointer.startswith("/") or steps(pointer)[-1] not in ("title", "description"):
            return "accepted are JSON pointers to a title or description, such as /properties/prompt/title"
        node: Any = self.schema
        for step in steps(pointer):
            if self.validator and (not isinstance(node, dict) or step not in node):
                return "points at nothing in input_schema"
            node = node.get(step) if isinstance(node, dict) else None
        return None

    def _texts(self, section: Section, key: str, *, required: bool = False) -> dict[str, str]:
        """A text by language; a plain string is English."""
        value = section.raw(key)
        if value is None and not section.has(key):
            if required:
                section.problem(key, "is required")
            return {}
        texts = {DEFAULT_LANGUAGE: value} if isinstance(value, str) else value
        if not isinstance(texts, dict) or not all(isinstance(text, str) and text for text in texts.values()):
            section.problem(key, "must be a text, or texts by language such as {en: …, ja: …}")
            return {}
        if DEFAULT_LANGUAGE not in texts:
            section.problem(key, f"has no text in {DEFAULT_LANGUAGE}, which every missing language falls back to")
        for language in texts:
            if not _LANGUAGE.fullmatch(language):
                section.problem(key, f"{language!r} {_NO_LANGUAGE}")
        return texts

    def _section(self, key: str, known: Collection[str] | None = None) -> Section:
        """A section; one that was left out is read as an empty one."""
        value = self.top.raw(key) if self.top.has(key) else {}
        return Section(value, KEYS[key] if known is None else known, (key,), self.report)

    def _at(self, prefix: str, path: str, message: str) -> None:
        dot = "" if path.startswith("[") or not path else "."
        self.report.add_at(f"{prefix}{dot}{path}", message)


def _are_numerals(values: Collection[object]) -> bool:
    """Whether an `enum` of strings holds numbers only, as in `"5"`, `"10"`."""
    return bool(values) and all(isinstance(v, str) and re.fullmatch(r"\d+(\.\d+)?", v) for v in values)
