"""What the operator changed, in force: models switched off, pointed elsewhere or priced, limits, workers drained.

Keys of workers are followed here too.

The database holds the changes, manifests and settings what counts without them. Every server puts them in force within
a second (`FOLLOW_S`), the one that was told at once. A request keeps the price of its submit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from mutoscope.catalog import CapabilitiesLike, EngineUse, Model, check_engines
from mutoscope.errors import ConfigError, InvalidInput, Problem
from mutoscope.site import SILENT_S, Site
from mutoscope.store import operating
from mutoscope.store.operating import ModelChange

log = structlog.get_logger(__name__)

FOLLOW_S = 1.0
FORGET_S = 86400.0


async def follow(site: Site) -> None:
    """Put in force what the database says now."""
    changed = {}
    for change in (await operating.model_changes(site.store.db)).values():
        if change.model_id in site.catalog:
            changed[change.model_id] = _as_far_as_it_fits(site, change)
    site.catalog.change(changed)
    site.limits.change(await operating.limit_changes(site.store.db))
    site.health.drained = await operating.drained(site.store.db)
    site.health.worker_keys = await operating.worker_keys(site.store.db)


async def follow_workers(site: Site) -> None:
    """Tell other servers which workers ask here, and hear of those that ask them; alone there is nobody to tell."""
    if not site.store.is_shared:
        return
    if news := site.health.news_of_workers():
        await operating.tell_workers(site.store.db, news, forget_s=FORGET_S)
    site.health.told_of_workers(await operating.workers(site.store.db, silent_s=SILENT_S))


def changed_model(site: Site, change: ModelChange) -> Model:
    """The model of the manifest with a change. Raises InvalidInput when its engine cannot do what the model asks."""
    model = site.catalog.of_manifest(change.model_id)
    if change.enabled is not None:
        model = replace(model, enabled=change.enabled)
    if change.base_price_usd is not None:
        model = replace(model, price=replace(model.price, base_price_usd=change.base_price_usd))
    return model if change.engine is None else _pointed(site, model, change.engine)


def _as_far_as_it_fits(site: Site, change: ModelChange) -> Model:
    """A manifest or an engine may have changed since: then the manifest's engine counts, and the log says so."""
    try:
        return changed_model(site, change)
    except InvalidInput as exc:
        if change.model_id not in site.health.misfits:
            log.warning("model.engine_does_not_fit", model_id=change.model_id, reason=exc.message)
            site.health.misfits.add(change.model_id)
        return changed_model(site, replace(change, engine=None))


def _pointed(site: Site, model: Model, wanted: Mapping[str, Any]) -> Model:
    """The model on another engine: with the manifest's inputs and settings as far as that one knows them, or others."""
    name = wanted["name"]
    if name not in site.capabilities:
        able = ", ".join(sorted(site.capabilities)) or "none"
        raise InvalidInput(
            problems=(Problem("engine.name", f"no such engine is set up; accepted are {able}", "engine"),)
        )
    can = _able(site, model, wanted)
    inputs = wanted.get("inputs") or _usual_inputs(model, can)
    settings = wanted.get("settings")
    if settings is None:
        settings = {word: value for word, value in model.engine_settings.items() if word in can.settings}
    for word in sorted(can.starts & settings.keys()):
        if settings[word] != model.engine_settings.get(word):
            words = f"{word}: it starts a program, so it is accepted from the model's manifest alone"
            raise InvalidInput(problems=(Problem("engine.settings", words, "engine"),))
    unknown = sorted(set(inputs.values()) - set(model.input_schema.get("properties", {})))
    if unknown:
        raise InvalidInput(problems=(Problem("engine.inputs", f"the model has no input {unknown[0]!r}", "engine"),))
    notes = model.engine_notes if name == model.engine else {}
    pointed = model.on([EngineUse(name, settings, inputs, notes)])
    if missing := can.lacks(settings):
        problem = Problem("engine.settings", f"this server has to be given {missing} first", "engine")
        raise InvalidInput(problems=(problem,))
    pointed = replace(pointed, needs="")
    misfits = check_engines([pointed], site.capabilities)
    if misfits:
        told = tuple(Problem("engine", text.removeprefix(f"{model.source}: "), "engine") for text in misfits)
        raise InvalidInput(problems=told)
    return pointed


def _usual_inputs(model: Model, can: CapabilitiesLike) -> Mapping[str, str]:
    """Inputs that an engine gets when nobody says which: those it knows; an open one, all by their own names."""
    if can.is_open:
        return {name: name for name in model.input_schema.get("properties", {})}
    known = can.parameters | can.files
    return {word: name for word, name in model.bindings.items() if word in known}


def _able(site: Site, model: Model, wanted: Mapping[str, Any]) -> CapabilitiesLike:
    """What the engine can do for this model. Raises InvalidInput for settings that it cannot use."""
    settings = model.engine_settings if wanted.get("settings") is None else wanted["settings"]
    try:
        return site.capabilities[wanted["name"]].under(settings)
    except ConfigError as exc:
        raise InvalidInput(problems=(Problem("engine.settings", exc.message, "engine"),)) from exc


def engines_for(site: Site, model_id: str) -> list[str]:
    """Engines that a model could be pointed at as it is."""
    found = []
    for name in sorted(site.capabilities):
        try:
            changed_model(site, ModelChange(model_id, engine={"name": name}))
        except InvalidInput:
            continue
        found.append(name)
    return found
