"""POST /v1/inputs/check: would this file do? Asked while a form is being filled in, before anything is submitted."""

from __future__ import annotations

import dataclasses
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope import intake
from mutoscope.catalog import Model
from mutoscope.errors import InvalidInput, MediaError, Problem
from mutoscope.media.probe import MediaInfo
from mutoscope.schema import MediaField, problems_of
from mutoscope.schema.notation import PATTERNS
from mutoscope.server.auth import caller
from mutoscope.server.wire import answer, base_url, read_json, site_of
from mutoscope.site import Site
from mutoscope.store.records import Caller


async def check(request: Request) -> Response:
    """Measure the file behind an address and hold it against the model's rules; nothing is kept."""
    site = site_of(request)
    who = await caller(request, "run", "read")
    model, field, url = _wanted(site, await read_json(request, site.limits.max_body_bytes))
    try:
        info = await _measured(site, who, field, url, base_url(request))
    except MediaError as exc:
        return answer(_told([Problem(field.name, exc.message, exc.rule or "media")], None, model))
    return answer(_told(intake.measure(field.name, field, info), info, model))


async def _measured(site: Site, who: Caller, field: MediaField, url: str, base: str) -> MediaInfo:
    """Raises MediaError."""
    at_hand = await intake.at_hand(site, who, url, base_url=base)
    if at_hand is not None:
        return at_hand
    checked = await site.checks.ask(who.key_id, url, field.kind)
    if checked.media is None:
        raise MediaError(checked.error, rule=checked.rule)
    return MediaInfo(**checked.media)


def _wanted(site: Site, body: object) -> tuple[Model, MediaField, str]:
    """Model, field and address out of the body. Raises NotFound (model) and InvalidInput."""
    if not isinstance(body, dict):
        raise InvalidInput(problems=(Problem("", "a JSON object is accepted", "type"),))
    names = ("model_id", "field", "url")
    if problems := [Problem(name, "text is accepted", "type") for name in names if not isinstance(body.get(name), str)]:
        raise InvalidInput(problems=tuple(problems))
    model = site.catalog.get(body["model_id"])
    fields = {field.name: field for field in model.validator.media_fields}
    field = fields.get(body["field"])
    if field is None:
        accepted = ", ".join(fields) or "no field: this model takes no files"
        raise InvalidInput(problems=(Problem("field", f"takes no file; accepted is {accepted}", "enum"),))
    if problems_of(body["url"], {"type": "string", "pattern": PATTERNS[field.kind]}):
        message = f"an https address or a data URI of {field.kind} data is accepted"
        raise InvalidInput(problems=(Problem("url", message, "format"),))
    return model, field, body["url"]


def _told(problems: list[Problem], info: MediaInfo | None, model: Model) -> dict[str, Any]:
    media = None
    if info is not None:
        media = {name: value for name, value in dataclasses.asdict(info).items() if name != "sha256"}
    return {
        "model_id": model.id,
        "ok": not problems,
        "problems": [dataclasses.asdict(problem) for problem in problems],
        "media": media,
    }
