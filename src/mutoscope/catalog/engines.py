"""Can the engine do what the manifest asks? Checked at start-up, before the first request.

The catalogue does not import engines: whoever starts the program hands their capabilities in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from mutoscope.catalog.model import EngineUse, Model
from mutoscope.catalog.reading import Parts
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
    @property
    def starts(self) -> frozenset[str]: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def keeps_models(self) -> bool: ...
    def lacks(self, settings: Mapping[str, Any], /) -> str: ...
    def under(self, settings: Mapping[str, Any], /) -> CapabilitiesLike: ...


def check_engines(models: Iterable[Model], capabilities: Mapping[str, CapabilitiesLike]) -> tuple[str, ...]:
    """Every way in which a manifest asks for what its engine cannot do, as `file: $.path: message`.

    A model whose engine is not among `capabilities` is passed over: it is shown as needing set-up.
    """
    return tuple(
        f"{model.source}: $.{json_path(parts)}: {message}"
        for model in models
        for where, use in _places(model)
        if use.name in capabilities
        for parts, message in _mismatches(model, use, capabilities[use.name], where)
    )


def fitted(model: Model, capabilities: Mapping[str, CapabilitiesLike]) -> Model:
    """The model on those engines of its chain that can run here; with none, as it is and with what it needs."""
    able, missing = [], []
    for use in model.uses:
        if use.name not in capabilities:
            continue
        if lacked := capabilities[use.name].lacks(use.settings):
            missing.append(lacked)
        else:
            able.append(use)
    if able:
        return model.on(able)
    return replace(model, needs=" or ".join(missing))


def _places(model: Model) -> Iterator[tuple[Parts, EngineUse]]:
    """Each engine of a model, and where it stands in its manifest."""
    if not model.fallbacks:
        yield ("engine",), model.uses[0]
        return
    for index, use in enumerate(model.uses):
        yield ("engine", index), use


def _mismatches(model: Model, use: EngineUse, engine: CapabilitiesLike, where: Parts) -> Iterator[tuple[Parts, str]]:
    try:
        engine = engine.under(use.settings)
    except ConfigError as exc:
        yield (*where, "settings"), exc.message
        return
    if not engine.is_open:
        for parts, message in _misbound(model, use, engine):
            yield (*where, *parts), message
    for setting in use.settings.keys() - engine.settings:
        message = f"engine {use.name} has no such setting{suggestion(setting, engine.settings)}"
        yield (*where, "settings", setting), message
    if model.produces not in engine.produces:
        makes = " and ".join(sorted(engine.produces))
        yield ("output", "produces"), f"engine {use.name} makes {makes}, not {model.produces}"


def _misbound(model: Model, use: EngineUse, engine: CapabilitiesLike) -> Iterator[tuple[Parts, str]]:
    media = {field.name for field in model.validator.media_fields}
    known = engine.parameters | engine.files
    for parameter, name in use.bindings.items():
        where = ("inputs", parameter)
        if parameter not in known:
            yield where, f"engine {use.name} has no such parameter{suggestion(parameter, known)}"
        elif (name in media) != (parameter in engine.files):
            want, is_one = ("a media file", "not one") if parameter in engine.files else ("a value", "a media file")
            yield where, f"engine {use.name} takes {want} here; the input {name!r} is {is_one}"
    for parameter in sorted(engine.required - use.bindings.keys()):
        yield ("inputs", parameter), f"engine {use.name} needs this parameter; bind it to an input"
