"""Can the engine do what the manifest asks? Checked at start-up, before the first request.

The catalogue does not import engines: whoever starts the program hands their capabilities in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from mutoscope.catalog.model import Model
from mutoscope.errors import ConfigError
from mutoscope.schema import json_path, suggestion


class CapabilitiesLike(Protocol):
    """What `engines.base.Capabilities` tells; see there."""

    @property
    def parameters(self) -> frozenset[str]: ...
    @property
    def files(self) -> frozenset[str]: ...
    @property
    def required(self) -> frozenset[str]: ...
    @property
    def produces(self) -> frozenset[str]: ...
    @property
    def settings(self) -> frozenset[str]: ...
    def under(self, settings: Mapping[str, Any], /) -> CapabilitiesLike: ...


def check_engines(models: Iterable[Model], capabilities: Mapping[str, CapabilitiesLike]) -> tuple[str, ...]:
    """Every way in which a manifest asks for what its engine cannot do, as `file: $.path: message`.

    A model whose engine is not among `capabilities` is passed over: it is shown as needing set-up.
    """
    return tuple(
        f"{model.source}: $.{json_path(parts)}: {message}"
        for model in models
        if model.engine in capabilities
        for parts, message in _mismatches(model, capabilities[model.engine])
    )


def _mismatches(model: Model, engine: CapabilitiesLike) -> Iterator[tuple[tuple[str, ...], str]]:
    try:
        engine = engine.under(model.engine_settings)
    except ConfigError as exc:
        yield ("engine", "settings"), exc.message
        return
    media = {field.name for field in model.validator.media_fields}
    known = engine.parameters | engine.files
    for parameter, name in model.bindings.items():
        where = ("engine", "inputs", parameter)
        if parameter not in known:
            yield where, f"engine {model.engine} has no such parameter{suggestion(parameter, known)}"
        elif (name in media) != (parameter in engine.files):
            want, is_one = ("a media file", "not one") if parameter in engine.files else ("a value", "a media file")
            yield where, f"engine {model.engine} takes {want} here; the input {name!r} is {is_one}"
    for parameter in sorted(engine.required - model.bindings.keys()):
        yield (
            ("engine", "inputs", parameter),
            f"engine {model.engine} needs this parameter; bind it to an input",
        )
    for setting in model.engine_settings.keys() - engine.settings:
        yield (
            ("engine", "settings", setting),
            f"engine {model.engine} has no such setting{suggestion(setting, engine.settings)}",
        )
    if model.produces not in engine.produces:
        makes = " and ".join(sorted(engine.produces))
        yield ("output", "produces"), f"engine {model.engine} makes {makes}, not {model.produces}"
