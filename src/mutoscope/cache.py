"""Outputs that are there already: an equal request of the same account gets a copy of the earlier one at once.

Equal are two requests of one model with the same engine settings, inputs and seed, files by the SHA-256 of their
bytes. What another version of the engine made is never given. A copy belongs to its own request and goes with it, so
that nothing has to count who else needs a file; it is no source for others: when the original is deleted, the next
request runs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from mutoscope import intake
from mutoscope.catalog import Model
from mutoscope.charging import charge
from mutoscope.errors import NotFound
from mutoscope.intake import STORED, references
from mutoscope.jobs import Job, NewJob
from mutoscope.quotas import Quota
from mutoscope.site import Site
from mutoscope.store.records import Copy, File
from mutoscope.store.values import Submitted


async def key_of(site: Site, model: Model, inputs: Mapping[str, Any], seed: int) -> str | None:
    """What makes two requests equal, as a hash; None with a file at a public address: its bytes are not known yet."""
    hashes: dict[str, str] = {}
    for reference in references(model, inputs):
        if not reference.value.startswith(STORED):
            return None
        try:
            hashes[reference.path] = (await site.store.file(reference.value.removeprefix(STORED))).sha256
        except NotFound:
            return None
    fields = {field.name for field in model.validator.media_fields}
    asked = {
        "model": model.id,
        "engines": [[use.name, use.settings, use.bindings] for use in model.uses],
        "makes": model.output_key,
        "inputs": {name: value for name, value in inputs.items() if name not in fields},
        "files": hashes,
        "seed": seed,
    }
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def serve(site: Site, new: NewJob, quota: Quota, model: Model, made: tuple[File, ...]) -> Submitted | None:
    """Finish a request at once with the output of an equal one; None when there is none, and it has to run.

    made   files that were stored for it; they do not outlive a refusal or a replay.
    Raises as `Store.submit` does, and StorageFull.
    """
    job = await _found(site, new, model)
    copy = await _copy(site, job, new) if job else None
    if job is None or job.result is None or copy is None:
        return None
    whole = charge(model, new.inputs, job.result["metadata"], outputs=len(job.result["outputs"]))
    priced = dataclasses.replace(whole, cost_microusd=round(whole.cost_microusd * site.limits.cache_price_share))
    new = dataclasses.replace(new, hold_microusd=priced.cost_microusd, cache_key=None)
    try:
        submitted = await site.store.submit_cached(new, quota, copy, priced)
    except Exception:
        await intake.forget(site, made)
        await site.storage.delete_below(_place(new))
        raise
    if submitted is None or submitted.replayed:
        await site.storage.delete_below(_place(new))
    if submitted is not None and submitted.replayed:
        await intake.forget(site, made)
    return submitted


async def _found(site: Site, new: NewJob, model: Model) -> Job | None:
    """The newest finished request that this one equals, if its output is there and would be made the same today."""
    if new.cache_key is None:
        return None
    job = await site.store.cached(new.account_id, new.cache_key)
    if job is None or job.result is None or not job.result.get("outputs"):
        return None
    told = job.result["metadata"]
    is_first_engine = told.get("engine") == model.engine  # a fallback's output may not be the first choice of today
    is_present = site.health.version_of(model.engine) == (told.get("engine_version") or None)
    return job if is_first_engine and told.get("engine_version") and is_present else None


async def _copy(site: Site, job: Job, new: NewJob) -> Copy | None:
    """The earlier output under ids of its own, in storage and not yet on record; None when a part of it is gone."""
    assert job.result is not None
    poster = job.result.get("poster")
    wanted = [*job.result["outputs"], *([poster] if poster else [])]
    files: list[File] = []
    try:
        for file_id in wanted:
            source = await site.store.file(file_id)
            files.append(await _copied(site, source, new))
    except BaseException as exc:
        await site.storage.delete_below(_place(new))
        if isinstance(exc, NotFound):
            return None
        raise
    outputs = [file.id for file in files[: len(job.result["outputs"])]]
    metadata = {
        **job.result["metadata"],
        "ignored_inputs": list(new.ignored_inputs),
        "timings": {"queued_s": 0.0, "total_s": 0.0},
        "cached": True,
        "cached_from": job.id,
    }
    result = {**job.result, "outputs": outputs, "poster": files[-1].id if poster else None, "metadata": metadata}
    return Copy(job.id, result, tuple(files))


async def _copied(site: Site, source: File, new: NewJob) -> File:
    """One file in storage a second time. Raises NotFound when it is gone, or is not what it was."""
    file_id = uuid.uuid4().hex
    key = f"{_place(new)}/0/{file_id}/{source.name}"
    put = await site.storage.put(key, await site.storage.open(source.key), limit_bytes=source.size_bytes)
    if put.sha256 != source.sha256:
        raise NotFound("the earlier output is not what it was")
    return dataclasses.replace(source, id=file_id, request_id=new.id, key=key)


def _place(new: NewJob) -> str:
    """Where its outputs are kept; those of attempt 0, which no worker makes, are copies."""
    return f"outputs/{new.id}"
