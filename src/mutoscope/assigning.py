"""A claimed request in the words of the engines that may run it: what a worker is handed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from mutoscope import intake
from mutoscope.catalog import EngineUse, Model
from mutoscope.intake import Reference
from mutoscope.jobs import Job
from mutoscope.protocol import Assignment, Fallback, InputFile
from mutoscope.site import Site


def assign(site: Site, job: Job, engines: Collection[str]) -> Assignment:
    """A claimed request in its engines' own words: parameters by their names, files apart.

    engines   what the worker has; of the model's fallbacks it gets those among them.
    """
    model = site.catalog.runnable(job.model_id)
    references = tuple(intake.references(model, job.inputs))
    fallbacks = [use for use in model.fallbacks if use.name in engines]
    return Assignment(
        request_id=job.id,
        attempt=job.attempt,
        model_id=model.id,
        engine=model.engine,
        settings=model.engine_settings,
        parameters=_parameters(site, model, model.uses[0], job),
        files=tuple(_input_files(model.bindings, fallbacks, references)),
        produces=model.produces,
        seed=job.seed,
        time_limit_s=job.time_limit_s,
        lease_s=site.limits.lease_s,
        beat_s=site.limits.beat_s,
        traceparent=job.traceparent,
        memo=job.memo,
        fallbacks=tuple(
            Fallback(use.name, use.settings, _parameters(site, model, use, job), _paths(use, references))
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


def _paths(use: EngineUse, references: Sequence[Reference]) -> dict[str, tuple[str, ...]]:
    """Files by an engine's names, each told by its place in the body."""
    return {
        parameter: paths
        for parameter, name in use.bindings.items()
        if (paths := tuple(ref.path for ref in references if ref.field.name == name))
    }


def _input_files(
    bindings: Mapping[str, str], fallbacks: Sequence[EngineUse], references: Sequence[Reference]
) -> Iterator[InputFile]:
    """What the worker has to fetch: once for each parameter of the first engine, and what only others take."""
    wanted = {name for use in fallbacks for name in use.bindings.values()}
    for ref in references:
        parameters = [parameter for parameter, name in bindings.items() if name == ref.field.name]
        for parameter in parameters or ([""] if ref.field.name in wanted else []):
            yield InputFile(
                path=ref.path,
                parameter=parameter,
                url=f"/worker/v1/files/{ref.value.removeprefix(intake.STORED)}"
                if ref.value.startswith(intake.STORED)
                else ref.value,
                kind=ref.field.kind,
                stored=ref.value.startswith(intake.STORED),
                rules=ref.field.validations,
                accept=ref.field.accept,
            )
