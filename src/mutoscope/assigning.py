"""A claimed request in the words of the engines that may run it: what a worker is handed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mutoscope import intake
from mutoscope.catalog import EngineUse, Model
from mutoscope.intake import Reference
from mutoscope.jobs import Job
from mutoscope.protocol import Assignment, Fallback, InputFile
from mutoscope.schema import takes_weights
from mutoscope.site import Site


def assign(site: Site, job: Job, engines: Collection[str]) -> Assignment:
    """A claimed request in its engines' own words: parameters by their names, files apart.

    engines   what the worker has; of the model's fallbacks it gets those among them.
    """
    model = site.catalog.runnable(job.model_id)
    references = tuple(intake.references(model, job.inputs))
    weights = tuple(_weights(model, job.inputs))
    fallbacks = [use for use in model.fallbacks if use.name in engines]
    return Assignment(
        request_id=job.id,
        attempt=job.attempt,
        model_id=model.id,
        engine=model.engine,
        settings=model.engine_settings,
        parameters=_parameters(site, model, model.uses[0], job),
        files=(
            *_input_files(model.bindings, fallbacks, references),
            *_weight_files(model.bindings, fallbacks, weights),
        ),
        produces=model.produces,
        seed=job.seed,
        time_limit_s=job.time_limit_s,
        lease_s=site.limits.lease_s,
        beat_s=site.limits.beat_s,
        traceparent=job.traceparent,
        memo=job.memo,
        direct=site.storage.is_shared and site.direct != "none",
        fallbacks=tuple(
            Fallback(use.name, use.settings, _parameters(site, model, use, job), _paths(use, references, weights))
            for use in fallbacks
        ),
    )


def _parameters(site: Site, model: Model, use: EngineUse, job: Job) -> dict[str, Any]:
    """Values by an engine's names. The seed goes beside them, but to an engine that cannot tell its own names."""
    fields = {field.name for field in model.validator.media_fields}
    parameters = {
        parameter: job.inputs[name]
        for parameter, name in use.bindings.items()
        if parameter != "seed" and name not in fields and job.inputs.get(name) is not None
    }
    if "seed" in use.bindings and use.name in site.capabilities and site.capabilities[use.name].is_open:
        parameters["seed"] = job.seed
    return parameters


@dataclass(frozen=True, slots=True)
class _Weights:
    """The address of a LoRA in a body: its place, the property it is in, and the text."""

    path: str
    name: str
    url: str


def _weights(model: Model, inputs: Mapping[str, Any]) -> Iterator[_Weights]:
    """Addresses of LoRAs. One that is only named is for the engine to find."""
    for name, schema in model.input_schema.get("properties", {}).items():
        value = inputs.get(name) if takes_weights(schema) else None
        several = isinstance(value, list)
        items: list[Any] = value if isinstance(value, list) else [value] if value else []
        for number, item in enumerate(items):
            if "://" in (url := str(item.get("path", ""))):
                yield _Weights(f"{name}[{number}].path" if several else f"{name}.path", name, url)


def _weight_files(
    bindings: Mapping[str, str], fallbacks: Sequence[EngineUse], weights: Sequence[_Weights]
) -> Iterator[InputFile]:
    wanted = {name for use in fallbacks for name in use.bindings.values()}
    for one in weights:
        parameters = [parameter for parameter, name in bindings.items() if name == one.name]
        for parameter in parameters or ([""] if one.name in wanted else []):
            yield InputFile(path=one.path, parameter=parameter, url=one.url, kind="weights", stored=False)


def _paths(use: EngineUse, references: Sequence[Reference], weights: Sequence[_Weights]) -> dict[str, tuple[str, ...]]:
    """Files by an engine's names, each told by its place in the body."""
    named = [(ref.path, ref.field.name) for ref in references] + [(one.path, one.name) for one in weights]
    return {
        parameter: paths
        for parameter, wanted in use.bindings.items()
        if (paths := tuple(path for path, name in named if name == wanted))
    }


def _input_files(
    bindings: Mapping[str, str], fallbacks: Sequence[EngineUse], references: Sequence[Reference]
) -> Iterator[InputFile]:
    """What the worker has to fetch: once for each parameter of the first engine, and what only others take."""
    wanted = {name for use in fallbacks for name in use.bindings.values()}
    for ref in references:
        is_stored = ref.value.startswith(intake.STORED)  # and was held to the rules before the request was accepted
        parameters = [parameter for parameter, name in bindings.items() if name == ref.field.name]
        for parameter in parameters or ([""] if ref.field.name in wanted else []):
            yield InputFile(
                path=ref.path,
                parameter=parameter,
                url=f"/worker/v1/files/{ref.value.removeprefix(intake.STORED)}" if is_stored else ref.value,
                kind=ref.field.kind,
                stored=is_stored,
                rules=() if is_stored else ref.field.validations,
                accept=() if is_stored else ref.field.accept,
            )
