"""Files in a request's body: what can be checked before the request is accepted, is.

Data URIs become stored files; addresses of our own files are resolved from storage, never fetched; both are
measured and held against the manifest's rules, and every problem is reported at once. Public addresses stay as
they are: a worker fetches them later, through `net`. No outbound traffic here.
"""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from mutoscope.catalog import Model
from mutoscope.errors import InvalidInput, MediaError, NotFound, Problem
from mutoscope.media.datauri import parse_data_uri
from mutoscope.media.probe import MediaInfo
from mutoscope.media.rules import check, check_format
from mutoscope.schema import MediaField
from mutoscope.site import Site
from mutoscope.store.records import Caller, File

STORED = "mutoscope-file:"
"""How a stored file is named inside a request's inputs; refused from outside."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One file in a body: its place, its field and the text that was sent."""

    path: str
    field: MediaField
    value: str


def references(model: Model, inputs: Mapping[str, Any]) -> Iterator[Reference]:
    """Every file a body names, in order."""
    for field in model.validator.media_fields:
        value = inputs.get(field.name)
        if isinstance(value, str):
            yield Reference(field.name, field, value)
        elif isinstance(value, list):
            for i, item in enumerate(value):
                yield Reference(f"{field.name}[{i}]", field, item)


async def take(
    site: Site, caller: Caller, request_id: str, model: Model, inputs: dict[str, Any], *, base_url: str
) -> tuple[dict[str, Any], tuple[File, ...]]:
    """Inputs with stored files in place of data URIs and own addresses, and the files that were stored for it.

    base_url   the address this caller reaches us at, to recognise our own files.
    Raises InvalidInput with every problem found, and StorageFull; nothing stays stored then.
    """
    taken: dict[str, str] = {}
    problems: list[Problem] = []
    made: list[File] = []
    try:
        for reference in references(model, inputs):
            try:
                file = await _take_one(site, caller, request_id, reference, base_url)
                if file is None:
                    continue
                if file.request_id == request_id:
                    made.append(file)
                info = await _measured(site, file)
            except MediaError as exc:
                problems.append(Problem(reference.path, exc.message, exc.rule or "media"))
                continue
            problems += measure(reference.path, reference.field, info)
            taken[reference.path] = STORED + file.id
        if problems:
            raise InvalidInput(problems=tuple(problems))
    except Exception:
        await forget(site, made)
        raise
    return (_replace(inputs, taken) if taken else inputs), tuple(made)


async def look_at(site: Site, caller: Caller, model: Model, inputs: Mapping[str, Any], *, base_url: str) -> None:
    """Raises InvalidInput for every problem that `take` would find; stores nothing."""
    problems: list[Problem] = []
    for reference in references(model, inputs):
        try:
            info = await at_hand(site, caller, reference.value, base_url=base_url)
        except MediaError as exc:
            problems.append(Problem(reference.path, exc.message, exc.rule or "media"))
            continue
        problems += measure(reference.path, reference.field, info) if info else ()
    if problems:
        raise InvalidInput(problems=tuple(problems))


async def at_hand(site: Site, caller: Caller, value: str, *, base_url: str) -> MediaInfo | None:
    """What a data URI or an address of ours holds; None for an address that a worker would have to fetch.

    Raises MediaError.
    """
    if value[:5].lower() == "data:":
        _, content = parse_data_uri(value)
        with tempfile.TemporaryDirectory(prefix="mutoscope-intake-") as folder:
            path = Path(folder) / "file"
            await asyncio.to_thread(path.write_bytes, content)
            return await asyncio.to_thread(site.prober.probe, path)
    file = await _own_file(site, caller, value, base_url)
    return await _measured(site, file) if file else None


def measure(path: str, field: MediaField, info: MediaInfo) -> list[Problem]:
    """What the manifest's rules say about a measured file."""
    if info.kind != field.kind:
        return [Problem(path, f"found {info.kind} ({info.format}); {field.kind} is accepted", "kind")]
    wrong_format = check_format(path, info, field.accept) if field.accept else None
    if wrong_format is not None:
        return [wrong_format]
    return list(check(path, field.validations, info))


async def _take_one(site: Site, caller: Caller, request_id: str, reference: Reference, base_url: str) -> File | None:
    if reference.value[:5].lower() == "data:":
        _, content = parse_data_uri(reference.value)
        return await store_bytes(site, caller.account_id, content, name="input", role="input", request_id=request_id)
    return await _own_file(site, caller, reference.value, base_url)


async def _own_file(site: Site, caller: Caller, url: str, base_url: str) -> File | None:
    """The stored file behind an address of ours; None for anybody else's address.

    Our signature is ours under any host: a picture that was uploaded to `localhost` may be named to `127.0.0.1`.
    """
    _, found, where = url.partition("/v1/files/")
    if not found:
        return None
    path, _, query_text = where.partition("?")
    file_id, query = unquote(path).split("/")[0], parse_qs(query_text)
    signed = site.signer.verify(file_id, query.get("expires", [None])[0], query.get("signature", [None])[0])
    if not signed and not any(base and url.startswith(base + found) for base in (base_url, site.public_url)):
        return None
    try:
        file = await site.store.file(file_id)
    except NotFound:
        file = None
    if file is None or not (signed or file.account_id == caller.account_id):
        raise MediaError("this file is not on this server, or the address has expired")
    return file


async def store_bytes(
    site: Site,
    account_id: str,
    content: bytes,
    *,
    name: str,
    role: str,
    request_id: str | None,
) -> File:
    """Measure bytes in the probe child, store them, note them. Raises MediaError."""
    with tempfile.TemporaryDirectory(prefix="mutoscope-intake-") as folder:
        path = Path(folder) / "file"
        await asyncio.to_thread(path.write_bytes, content)
        return await store_file(site, account_id, path, name=name, role=role, request_id=request_id)


async def store_file(site: Site, account_id: str, path: Path, *, name: str, role: str, request_id: str | None) -> File:
    """Measure a local file in the probe child, store it, note it. Raises MediaError."""
    site.check_storage()
    info = await examined(site, account_id, path)
    file_id = uuid.uuid4().hex
    stored_name = f"{Path(name).stem}.{EXTENSIONS.get(info.format, info.format)}"
    file = File(
        id=file_id,
        account_id=account_id,
        request_id=request_id,
        role=role,
        name=stored_name,
        media_type=info.media_type,
        size_bytes=0,
        sha256="",
        info={**dataclasses.asdict(info), "sha256": ""},
        key=f"{role}s/{file_id}/{stored_name}",
    )
    put = await site.storage.put(file.key, chunks_of(path), limit_bytes=site.limits.max_upload_bytes)
    try:
        return await site.store.add_file(dataclasses.replace(file, size_bytes=put.size_bytes, sha256=put.sha256))
    except Exception:
        await site.storage.delete(file.key)
        raise


EXTENSIONS = {"jpeg": "jpg"}


async def forget(site: Site, files: tuple[File, ...] | list[File]) -> None:
    """Remove files, rows first: a row never points at missing bytes."""
    for file in files:
        await site.store.delete_file(file.id)
        await site.storage.delete(file.key)


async def _measured(site: Site, file: File) -> MediaInfo:
    """What probing found when the file was stored, or finds now: an output of an engine is noted unprobed."""
    if file.info:
        return MediaInfo(**{**file.info, "size_bytes": file.size_bytes, "sha256": file.sha256})
    with tempfile.TemporaryDirectory(prefix="mutoscope-intake-") as folder:
        path = Path(folder) / "file"
        with path.open("wb") as target:
            async for chunk in await site.storage.open(file.key):
                await asyncio.to_thread(target.write, chunk)
        return await examined(site, file.account_id, path)


async def examined(site: Site, account_id: str, path: Path) -> MediaInfo:
    """What a file is. One account's files, however slow, leave a helper to the others."""
    async with site.examining.awaited(account_id):
        return await asyncio.wrap_future(site.prober.probe_soon(path))


async def chunks_of(path: Path) -> AsyncIterator[bytes]:
    """A file's bytes, read beside the event loop."""
    with path.open("rb") as source:
        while chunk := await asyncio.to_thread(source.read, 1 << 20):
            yield chunk


def _replace(inputs: dict[str, Any], taken: Mapping[str, str]) -> dict[str, Any]:
    replaced = dict(inputs)
    for path, value in taken.items():
        name, _, index = path.partition("[")
        if index:
            replaced[name] = [*replaced[name]]
            replaced[name][int(index[:-1])] = value
        else:
            replaced[name] = value
    return replaced
