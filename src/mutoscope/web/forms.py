"""From a model's input schema to the fields of its form. Every keyword of the notation has its field.

What a field looks like is decided here, by the schema alone; what its value must be is the schema's business and is
checked by the page's script and again by the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mutoscope.catalog import Model
from mutoscope.schema import media_kind
from mutoscope.web import texts
from mutoscope.web.languages import Told
from mutoscope.web.texts import _

Kind = Literal[
    "text", "prompt", "media", "choice", "number", "seed", "switch", "several", "list", "object", "json",
]  # fmt: skip

LONG_TEXT = 120
"""Characters beyond which a text gets several lines."""
BUTTONS = 5
"""Choices shown side by side; more become a menu."""
INPUT_TYPES = {"uri": "url", "email": "email", "date": "date", "date-time": "datetime-local", "color": "color"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    ident       unique in the page; inside a list's item it holds `__n__`, which the script replaces.
    node        its part of the schema.
    default     what it holds at first; None for nothing.
    media       `image`, `video` or `audio` for a media field.
    many        whether a media field takes several files.
    fields      of an object.
    item        of a list.
    """

    ident: str
    name: str
    kind: Kind
    title: Told
    description: Told
    required: bool
    node: Mapping[str, Any]
    default: Any = None
    media: str = ""
    many: bool = False
    fields: tuple[Field, ...] = ()
    item: Field | None = None

    @property
    def input_type(self) -> str:
        """The type of a text field's `<input>`."""
        return INPUT_TYPES.get(self.node.get("format", ""), "text")

    @property
    def is_slider(self) -> bool:
        """A number between two ends, near enough for a slider."""
        return self.kind == "number" and "minimum" in self.node and "maximum" in self.node and self.steps <= 100_000

    @property
    def steps(self) -> float:
        """How many steps the slider has."""
        return float(self.node["maximum"] - self.node["minimum"]) / self.step

    @property
    def step(self) -> float:
        """The distance of two values that the field offers."""
        if "multipleOf" in self.node:
            return float(self.node["multipleOf"])
        if self.node["type"] == "integer":
            return 1
        span = float(self.node.get("maximum", 1) - self.node.get("minimum", 0))
        return 0.01 if span <= 10 else 0.1

    @property
    def buttons(self) -> bool:
        """Few short choices stand side by side."""
        options = self.node.get("enum", self.node.get("items", {}).get("enum", ()))
        return len(options) <= BUTTONS and sum(len(str(option)) for option in options) <= 40


@dataclass(frozen=True, slots=True)
class Form:
    """The fields one sees, and those in the fold."""

    main: tuple[Field, ...]
    more: tuple[Field, ...]


def form_of(model: Model, schema: Mapping[str, Any]) -> Form:
    """The form for a model; schema: its own, in the reader's language."""
    roles = {name: parameter for parameter, name in model.bindings.items()}
    fields = fields_of(schema, "f", roles, model.schema_language(texts.language()))
    main = [field for field in fields if _is_main(field)]
    more = [field for field in fields if not _is_main(field)]
    if len(more) == 1:  # a fold with one thing in it hides more than it helps
        main, more = fields, []
    return Form(tuple(main), tuple(more))


def _is_main(field: Field) -> bool:
    return field.required or field.kind in ("prompt", "media", "choice", "seed")


def fields_of(schema: Mapping[str, Any], ident: str, roles: Mapping[str, str], language: str) -> list[Field]:
    """The fields of an object schema, in its order.

    roles      what the engine calls each.
    language   of the schema's texts.
    """
    required = schema.get("required", ())
    return [
        field_of(name, node, f"{ident}-{number}", language, required=name in required, role=roles.get(name, name))
        for number, (name, node) in enumerate(schema.get("properties", {}).items())
    ]


def field_of(name: str, node: Mapping[str, Any], ident: str, language: str, *, required: bool, role: str = "") -> Field:
    """The field of one property."""
    kind = _kind(node, role)
    inner = fields_of(node, ident, {}, language) if kind == "object" else ()
    item = field_of("", node["items"], f"{ident}-__n__", language, required=True) if kind == "list" else None
    return Field(
        ident=ident,
        name=name,
        kind=kind,
        title=_title(name, node, language),
        description=Told(node.get("description", ""), language),
        required=required,
        node=node,
        default=None if kind == "media" else node.get("default"),
        media=media_kind(node) or "",
        many=node.get("type") == "array",
        fields=tuple(inner),
        item=item,
    )


def _title(name: str, node: Mapping[str, Any], language: str) -> Told:
    said = node.get("title") or name.replace("_", " ").capitalize()
    return Told(said, language) if said else Told(_("Entry"), texts.language())


def _kind(node: Mapping[str, Any], role: str) -> Kind:
    if media_kind(node) is not None:
        return "media"
    if "enum" in node:
        return "choice"
    match node["type"]:
        case "boolean":
            return "switch"
        case "integer" if role == "seed":
            return "seed"
        case "integer" | "number" | "float":
            return "number"
        case "array":
            return _kind_of_list(node)
        case "object":
            return "object" if node.get("properties") else "json"
    is_long = node.get("maxLength", 0) > LONG_TEXT or node.get("format") == "multiline"
    return "prompt" if is_long or role in ("prompt", "negative_prompt") else "text"


def _kind_of_list(node: Mapping[str, Any]) -> Kind:
    items = node.get("items")
    if items is None:
        return "json"
    return "several" if "enum" in items and node.get("uniqueItems") else "list"
