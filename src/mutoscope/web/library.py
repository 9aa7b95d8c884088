"""The library: what an account uploaded and what it made, as tiles, with favourites and collections."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import NotFound
from mutoscope.jobs import Job
from mutoscope.server.auth import caller
from mutoscope.server.library import MOST_FILES
from mutoscope.server.wire import Query, next_cursor, nothing, site_of
from mutoscope.site import Site
from mutoscope.store.library import KINDS, ROLES, Collection, Entry, Shelf
from mutoscope.web import amounts, wording
from mutoscope.web.catalogue import start_of, takers
from mutoscope.web.generations.rows import media_of, model_of, prompt_of
from mutoscope.web.render import page, render
from mutoscope.web.texts import _

SHOWN = 48
SHOWN_NOW = "x-mutoscope-shown"
"""With this header a page asks whether it still shows what there is, by its mark; 204 when it does."""
KILOBYTE, MEGABYTE, GIGABYTE = 2**10, 2**20, 2**30


@dataclass(frozen=True, slots=True)
class Tile:
    """A file as the grid shows it.

    title     what it is called here: an output by the prompt that it was made of.
    url       opened by the session, like all addresses here.
    picture   of a film or a picture; empty: the film itself.
    """

    file_id: str
    kind: str
    role: str
    name: str
    title: str
    url: str
    picture: str
    facts: str
    created_ms: int
    request_id: str
    is_favourite: bool


async def tiles_of(site: Site, account_id: str, entries: list[Entry]) -> list[Tile]:
    """The tiles of these files, in their order."""
    runs: dict[str | None, Job | None] = {None: None}
    for request_id in {entry.file.request_id for entry in entries} - {None}:
        with contextlib.suppress(NotFound):  # its run was deleted meanwhile
            runs[request_id] = await site.store.job(str(request_id), account_id)
    return [tile_of(site, entry, runs.get(entry.file.request_id)) for entry in entries]


def tile_of(site: Site, entry: Entry, job: Job | None) -> Tile:
    """The tile of a file. job: the run that made it."""
    file = entry.file
    kind, url = file.media_type.partition("/")[0], f"/v1/files/{file.id}/{file.name}"
    picture = url if kind == "image" else f"/v1/files/{'/'.join(entry.poster)}" if entry.poster else ""
    return Tile(
        file_id=file.id,
        kind=kind,
        role=file.role,
        name=file.name,
        title=(prompt_of(job, model_of(site, job)) if job else "") or file.name,
        url=url,
        picture=picture,
        facts=_facts(entry, job),
        created_ms=file.created_ms,
        request_id=file.request_id or "",
        is_favourite=entry.is_favourite,
    )


def _facts(entry: Entry, job: Job | None) -> str:
    info, facts = media_of(job) if job else entry.file.info, []
    if info.get("width_px"):
        facts.append(_("%(width)s × %(height)s") % {"width": info["width_px"], "height": info["height_px"]})
    return " · ".join([*facts, size_told(entry.file.size_bytes)])


def size_told(size_bytes: int) -> str:
    """Bytes in the largest unit that fits."""
    if size_bytes >= GIGABYTE:
        return _("%(n)s GB") % {"n": amounts.fixed(size_bytes / GIGABYTE, 1)}
    if size_bytes >= MEGABYTE:
        return _("%(n)s MB") % {"n": amounts.fixed(size_bytes / MEGABYTE, 1)}
    return _("%(n)s kB") % {"n": wording.number(max(1, round(size_bytes / KILOBYTE)))}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the ways to narrow the library down. query: of the address that does."""

    told: str
    query: str
    is_current: bool


@page
async def index(request: Request) -> Response:
    """GET /library: uploads and outputs; ?kind=, ?role=, ?favourite=true and ?collection= narrow them down."""
    who = await caller(request, "read", "run")
    site = site_of(request)
    query = Query(request)
    shelf = Shelf(
        role=query.word("role", ROLES),
        kind=query.word("kind", KINDS),
        favourites=query.flag("favourite"),
        collection_id=query.text("collection"),
        cursor=query.cursor(),
        limit=SHOWN,
    )
    query.check()
    library = site.store.library
    collection = await library.collection(shelf.collection_id, who.account_id) if shelf.collection_id else None
    entries, collections = await library.entries(who.account_id, shelf), await library.collections(who.account_id)
    mark = _mark(entries, collections)
    if request.headers.get(SHOWN_NOW) == mark:
        return nothing()
    last = entries[-1].file if entries else None
    cursor = next_cursor(len(entries) == SHOWN, last.created_ms, last.id) if last else None
    shown: dict[str, Any] = {
        "tiles": await tiles_of(site, who.account_id, entries),
        "more": _query(shelf, cursor=cursor) if cursor else "",
        "is_first": shelf.cursor is None,
        "shelf": shelf,
        "start": start_of(site),
        "collection": collection,
    }
    if "hx-request" in request.headers:
        return await render(request, "_tiles.html", **shown)
    return await render(
        request,
        "library.html",
        **shown,
        choices=_choices(shelf),
        collections=collections,
        mark=mark,
        most_files=MOST_FILES,
        takers=takers(site),
    )


def _mark(entries: Sequence[Entry], collections: Sequence[Collection]) -> str:
    """Another one as soon as a page like this would show anything else."""
    files = [(entry.file.id, entry.is_favourite) for entry in entries]
    return hashlib.sha256(repr((files, [astuple(one) for one in collections])).encode()).hexdigest()[:16]


def _query(shelf: Shelf, *, cursor: str | None = None) -> str:
    told = {
        "collection": shelf.collection_id,
        "role": shelf.role,
        "kind": shelf.kind,
        "favourite": "true" if shelf.favourites else None,
        "cursor": cursor,
    }
    written = urlencode({name: value for name, value in told.items() if value})
    return f"?{written}" if written else ""


def _choices(shelf: Shelf) -> list[list[Choice]]:
    """Groups of choices; one group keeps what the others say."""
    favourites = [Choice(_("Favourites"), _query(replace(shelf, favourites=not shelf.favourites)), shelf.favourites)]
    roles = {None: _("All files"), "upload": _("Uploads"), "output": _("Made here")}
    kinds = {"image": _("Pictures"), "video": _("Videos"), "audio": _("Audio")}
    return [
        [Choice(told, _query(replace(shelf, role=role)), shelf.role == role) for role, told in roles.items()],
        [
            Choice(told, _query(replace(shelf, kind=None if shelf.kind == kind else kind)), shelf.kind == kind)
            for kind, told in kinds.items()
        ],
        favourites,
    ]
