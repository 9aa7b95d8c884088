"""What a finished request shows: signed addresses of its outputs, and the metadata beside them."""

from __future__ import annotations

from typing import Any

from mutoscope.errors import Expired, NotFound
from mutoscope.intake import STORED
from mutoscope.jobs import Job
from mutoscope.site import Site
from mutoscope.store.records import File


async def output_of(site: Site, job: Job, base: str) -> dict[str, Any]:
    """`output` with exactly one of image, images, video, videos, files, and `metadata`. Raises Expired."""
    kept = job.result or {}
    if not kept.get("outputs") and kept.get("key") != "files":
        raise Expired("the output of this request was kept as long as this server keeps outputs, and is gone")
    urls = [file_url(site, base, await site.store.file(file_id)) for file_id in kept.get("outputs", ())]
    return {
        "output": {kept["key"]: urls if kept["many"] else urls[0]},
        "metadata": kept.get("metadata", {}),
    }


async def inputs_of(site: Site, job: Job, base: str) -> dict[str, Any]:
    """The inputs as they may be sent again: stored files by signed addresses, those that are gone left out."""
    inputs = job.shown_inputs
    try:
        fields = site.catalog.runnable(job.model_id).validator.media_fields
    except NotFound:  # the model is gone
        fields = ()
    for name in (field.name for field in fields if field.name in inputs):
        value = inputs.pop(name)
        items = value if isinstance(value, list) else [value]
        shown = [url for item in items if (url := await _address(site, item, base))]
        if isinstance(value, list):
            inputs[name] = shown
        elif shown:
            inputs[name] = shown[0]
    return inputs


async def _address(site: Site, value: str, base: str) -> str | None:
    """A stored file's signed address, None for one that is gone; an address of somebody else as it is."""
    if not value.startswith(STORED):
        return value
    try:
        return file_url(site, base, await site.store.file(value.removeprefix(STORED)))
    except NotFound:
        return None


async def poster_of(site: Site, job: Job) -> File:
    """The picture that stands for a request's output. Raises NotFound."""
    poster = (job.result or {}).get("poster")
    if not poster:
        raise NotFound("this request has no poster")
    return await site.store.file(poster)


def file_url(site: Site, base: str, file: File) -> str:
    """A signed address of a file that anybody may read until it expires."""
    return signed_url(site, base, file.id, file.name)


def signed_url(site: Site, base: str, file_id: str, name: str) -> str:
    """A signed address on this server, of a file by its id and name."""
    return base + site.signer.path(file_id, name, expires_s=site.limits.file_url_ttl_s)
