"""One model: everything the program knows about it, read from its manifest and never changed afterwards.

The pages, the API's documentation, validation, prices and the engine's task are all made from these values.
Where they come from is `manifest.py`; nothing here knows a model by name.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from mutoscope.catalog.formula import Formula
from mutoscope.schema import Validator

Kind = Literal["model", "workflow", "inference"]
Produces = Literal["video", "image", "files"]
PriceUnit = Literal["second", "output"]
Field = Literal["name", "title", "description", "engine_note"]
Texts = Mapping[str, str]

DEFAULT_LANGUAGE = "en"

_OUTPUT_TEXTS: Mapping[str, Texts] = {
    # The hosted service's page shows the same output schema for every model, in the reader's language.
    "image": {
        "en": "Single image URL",
        "ja": "単一画像 URL",
        "zh-CN": "单张图片的 URL",
        "zh-TW": "單張圖片的 URL",
        "ko": "단일 이미지 URL",
        "de": "URL eines Bildes",
        "fr": "URL d’une image",
        "es": "URL de una imagen",
        "pt": "URL de uma imagem",
        "it": "URL di una singola immagine",
        "ru": "URL одного изображения",
    },
    "video": {
        "en": "Single video URL",
        "ja": "単一動画 URL",
        "zh-CN": "单个视频的 URL",
        "zh-TW": "單部影片的 URL",
        "ko": "단일 동영상 URL",
        "de": "URL eines Videos",
        "fr": "URL d’une vidéo",
        "es": "URL de un vídeo",
        "pt": "URL de um vídeo",
        "it": "URL di un singolo video",
        "ru": "URL одного видео",
    },
    "images": {
        "en": "Multiple image URLs",
        "ja": "複数画像 URL",
        "zh-CN": "多张图片的 URL",
        "zh-TW": "多張圖片的 URL",
        "ko": "여러 이미지 URL",
        "de": "URLs mehrerer Bilder",
        "fr": "URL de plusieurs images",
        "es": "URL de varias imágenes",
        "pt": "URLs de várias imagens",
        "it": "URL di più immagini",
        "ru": "URL нескольких изображений",
    },
    "videos": {
        "en": "Multiple video URLs",
        "ja": "複数動画 URL",
        "zh-CN": "多个视频的 URL",
        "zh-TW": "多部影片的 URL",
        "ko": "여러 동영상 URL",
        "de": "URLs mehrerer Videos",
        "fr": "URL de plusieurs vidéos",
        "es": "URL de varios vídeos",
        "pt": "URLs de vários vídeos",
        "it": "URL di più video",
        "ru": "URL нескольких видео",
    },
}


def pick(texts: Texts, language: str) -> str:
    """The text in this language (`ja-JP` also finds `ja`), else in English, else in any; "" without any."""
    found = _closest(texts, language) or _closest(texts, DEFAULT_LANGUAGE)
    return texts[found] if found else next(iter(texts.values()), "")


def output_schema(language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
    """The output schema, the same for every model."""
    properties: dict[str, Any] = {}
    for key, texts in _OUTPUT_TEXTS.items():
        if key.endswith("s"):
            items = {"type": "string", "format": "uri"}
            properties[key] = {"type": "array", "description": pick(texts, language), "items": items}
        else:
            properties[key] = {"type": "string", "format": "uri", "description": pick(texts, language)}
    return {"output": {"type": "object", "properties": properties}}


@dataclass(frozen=True, slots=True)
class Price:
    """What a unit costs, and how many units a request is.

    base_price_usd   of one unit, >= 0.
    formula          units from the inputs; without it seconds of output, or the number of outputs.
    note             a sentence for the price list.
    is_of_work       seconds are those that the engine worked, not those of what it made.
    """

    base_price_usd: float
    unit: PriceUnit
    formula: Formula | None = None
    note: str = ""
    is_of_work: bool = False

    def quantity(self, inputs: Mapping[str, Any], *, outputs: int = 1, duration_s: float | None = None) -> float:
        """How many units; 0 for seconds that nobody knows yet (an input `duration` of "auto", or none)."""
        if self.formula is not None:
            return self.formula.evaluate(inputs)
        if self.unit == "output":
            return outputs
        return _seconds(inputs.get("duration")) if duration_s is None else duration_s


@dataclass(frozen=True, slots=True)
class Example:
    """An input worth trying; fits the schema."""

    names: Texts
    input: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EngineUse:
    """One engine of a model's chain: its settings, what feeds its parameters, and what readers must know."""

    name: str
    settings: Mapping[str, Any]
    bindings: Mapping[str, str]
    notes: Texts


@dataclass(frozen=True, slots=True)
class Scaling:
    """How a model's requests spread over workers, below `max_running`.

    places        workers that take a request whatever waits.
    queue_size    how many requests may wait before one more worker begins with it.
    keep_warm_s   for how long a worker that worked for it takes the next one whatever waits.
    """

    places: int
    queue_size: int
    keep_warm_s: float


@dataclass(frozen=True, slots=True)
class Needs:
    """What a worker must have to run a model.

    gpu_memory_gb   memory of its GPU, in GiB; 0 for none.
    labels          words that the operator gave it.
    """

    gpu_memory_gb: float = 0.0
    labels: frozenset[str] = frozenset()

    def are_met(self, gpu_memory_gb: float, labels: Collection[str]) -> bool:
        """Does a worker with this have enough?"""
        return gpu_memory_gb >= self.gpu_memory_gb and self.labels.issubset(labels)


@dataclass(frozen=True, slots=True)
class Resources:
    """What one worker of a model takes up on a cluster that starts workers by itself.

    custom   amounts by the cluster's own names, such as `{"nvlink": 1}`.
    """

    num_gpus: float = 0.0
    num_cpus: float = 1.0
    custom: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """What a caller picks.

    slug             the path of its pages; the id unless the manifest says otherwise.
    input_schema     as published: RunComfy's notation, exactly as the manifest has it.
    bindings         engine parameter -> input property.
    many             whether one request gives a list of outputs.
    time_limit_s     seconds one attempt may take.
    max_running      requests of it in progress at once; 0 for no limit.
    scaling          how it comes to so many; None: as there are workers.
    translations     language -> JSON pointer into `input_schema` -> text.
    source           the manifest's file.
    enabled          whether it may be run; the operator can switch it off.
    fallbacks        engines that take over, in this order, when those before decline a request.
    needs            what has to be set up first, in words; empty when nothing is known to be missing.
    of_workers       what a worker must have to run it.
    resources        what such a worker takes up on a cluster.
    """

    id: str
    slug: str
    kind: Kind
    author: str
    categories: tuple[str, ...]
    names: Texts
    titles: Texts
    descriptions: Texts
    input_schema: Mapping[str, Any]
    validator: Validator = field(compare=False, repr=False)
    engine: str
    engine_settings: Mapping[str, Any]
    engine_notes: Texts
    bindings: Mapping[str, str]
    produces: Produces
    many: bool
    price: Price
    time_limit_s: int
    max_attempts: int
    max_running: int
    examples: tuple[Example, ...]
    translations: Mapping[str, Texts]
    source: str
    enabled: bool = True
    fallbacks: tuple[EngineUse, ...] = ()
    needs: str = ""
    scaling: Scaling | None = None
    of_workers: Needs = Needs()
    resources: Resources = Resources()

    @property
    def uses(self) -> tuple[EngineUse, ...]:
        """Its engines, the first one first."""
        return (EngineUse(self.engine, self.engine_settings, self.bindings, self.engine_notes), *self.fallbacks)

    def on(self, uses: Sequence[EngineUse]) -> Model:
        """The same model on other engines, at least one."""
        first, *rest = uses
        return replace(
            self,
            engine=first.name,
            engine_settings=first.settings,
            bindings=first.bindings,
            engine_notes=first.notes,
            fallbacks=tuple(rest),
        )

    @property
    def output_schema(self) -> dict[str, Any]:
        return output_schema()

    @property
    def output_key(self) -> str:
        """The one key of a result's `output`: `video`, `videos`, `image`, `images`, or `files`."""
        if self.produces == "files":
            return "files"
        return f"{self.produces}s" if self.many else self.produces

    def text(self, field: Field, language: str = DEFAULT_LANGUAGE) -> str:
        """One of the model's texts; English where the language is missing."""
        return pick(self._texts(field), language)

    def language_of(self, field: Field, language: str = DEFAULT_LANGUAGE) -> str:
        """The language that `text` is found in."""
        found = self._texts(field)
        return _closest(found, language) or _closest(found, DEFAULT_LANGUAGE) or next(iter(found), DEFAULT_LANGUAGE)

    def _texts(self, field: Field) -> Texts:
        by_field: Mapping[str, Texts] = {
            "name": self.names,
            "title": self.titles or self.names,
            "description": self.descriptions,
            "engine_note": self.engine_notes,
        }
        return by_field[field]

    def schema_in(self, language: str) -> dict[str, Any]:
        """A copy of the input schema with its titles and descriptions in this language, where there are
        any."""
        schema = copy.deepcopy(dict(self.input_schema))
        found = _closest(self.translations, language)
        for pointer, text in self.translations[found].items() if found else ():
            *parents, last = steps(pointer)
            node: Any = schema
            for step in parents:
                node = node[step]
            node[last] = text
        return schema

    def schema_language(self, language: str) -> str:
        """The language of the titles and descriptions that `schema_in` gives."""
        return _closest(self.translations, language) or DEFAULT_LANGUAGE

    def output_schema_in(self, language: str) -> dict[str, Any]:
        return output_schema(language)

    def price_microusd(self, inputs: Mapping[str, Any], outputs: int = 1, duration_s: float | None = None) -> int:
        """The price of a request in millionths of a dollar; the same inputs always cost the same.

        Raises InvalidInput when the manifest's formula gives no number for these inputs.
        """
        quantity = self.price.quantity(inputs, outputs=outputs, duration_s=duration_s)
        return round(self.price.base_price_usd * quantity * 1_000_000)


def steps(pointer: str) -> list[str]:
    """The parts of a JSON pointer (RFC 6901) that starts with `/`."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _closest(by_language: Mapping[str, object], language: str) -> str | None:
    """The language itself, or the one it is a variant of."""
    tag = language
    while tag:
        if tag in by_language:
            return tag
        tag = tag.rpartition("-")[0]
    return None


def _seconds(duration: object) -> float:
    # Schemas have durations as numbers and as strings, `5`, `"5"` and `"auto"`.
    try:
        seconds = float(duration)  # type: ignore[arg-type]  # what is neither is the TypeError below
    except (TypeError, ValueError):
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0
