"""A run as the list shows it: a picture, its model, how it stands, when, what it cost, by which key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mutoscope.catalog import Model
from mutoscope.errors import NotFound
from mutoscope.intake import STORED
from mutoscope.jobs import Job, State
from mutoscope.schema import media_kind
from mutoscope.site import Site
from mutoscope.web import amounts
from mutoscope.web.languages import told
from mutoscope.web.texts import _


@dataclass(frozen=True, slots=True)
class View:
    """What is seen of a file. kind: image, video, audio; empty for nothing to see. url: opened by the session."""

    kind: str = ""
    url: str = ""
    name: str = ""
    media_type: str = ""
    size_bytes: int = 0
    file_id: str = ""


NOTHING = View()


@dataclass(frozen=True, slots=True)
class Row:
    """One line. page: of its model or deployment, empty for one that left. took, cost: empty before the end."""

    id: str
    state: State
    state_told: str
    model: str
    page: str
    prompt: str
    view: View
    created_ms: int
    took: str
    progress: float
    cost: str
    key: str

    @property
    def is_open(self) -> bool:
        """Does it still wait or run?"""
        return not self.state.is_terminal


async def rows_of(site: Site, account_id: str, jobs: list[Job]) -> list[Row]:
    """The lines of these runs, in their order."""
    keys = await key_names(site, account_id)
    return [await row_of(site, job, keys) for job in jobs]


async def key_names(site: Site, account_id: str) -> dict[str, str]:
    """Keys of an account by id."""
    return {key.id: key.name for key in await site.store.keys(account_id)}


async def row_of(site: Site, job: Job, keys: Mapping[str, str]) -> Row:
    """The line of one run. keys: names by id."""
    model = model_of(site, job)
    return Row(
        id=job.id,
        state=job.state,
        state_told=state_words()[job.state],
        model=name_of(model) if model else job.model_id,
        page=page_of(model) if model else "",
        prompt=prompt_of(job, model),
        view=await _view(site, job, model),
        created_ms=job.created_ms,
        took=took(job),
        progress=job.progress,
        cost=cost(job),
        key=keys.get(job.key_id, ""),
    )


def model_of(site: Site, job: Job) -> Model | None:
    """The model of a run, also a deployment; None for one that left."""
    try:
        return site.catalog.runnable(job.model_id)
    except NotFound:
        return None


def page_of(model: Model) -> str:
    """Where a model or a deployment is tried."""
    kind, _slash, rest = model.slug.partition("/")
    return f"/comfyui/{rest}" if kind == "deployments" else f"/models/{model.slug}"


def name_of(model: Model) -> str:
    """A model's name in the language in force."""
    return told(model, "name")


def state_words() -> dict[State, str]:
    """What people call the states."""
    return {
        State.IN_QUEUE: _("In the queue"),
        State.IN_PROGRESS: _("Running"),
        State.COMPLETED: _("Done"),
        State.FAILED: _("Failed"),
        State.CANCELLED: _("Cancelled"),
    }


def took(job: Job) -> str:
    """From the last start to the end."""
    if job.started_ms is None or job.finished_ms is None:
        return ""
    seconds = max(0, job.finished_ms - job.started_ms) / 1000
    if seconds < 60:
        return _("%(n)s s") % {"n": amounts.fixed(seconds, 1 if seconds < 10 else 0)}
    return _("%(minutes)s min %(seconds)s s") % {"minutes": int(seconds // 60), "seconds": int(seconds % 60)}


def cost(job: Job) -> str:
    """What a finished run cost."""
    if not job.state.is_terminal:
        return ""
    return amounts.money(job.cost_microusd / 1e6) if job.cost_microusd else _("Free")


def prompt_of(job: Job, model: Model | None) -> str:
    """The first text of the inputs, in the order of the form."""
    names = model.input_schema.get("properties", {}) if model else job.inputs
    for name in names:
        value = job.inputs.get(name)
        is_media = model is not None and media_kind(names[name]) is not None
        if isinstance(value, str) and value and not is_media and not value.startswith(STORED):
            return value
    return ""


async def _view(site: Site, job: Job, model: Model | None) -> View:
    """The picture of what came out; of a run without any, what went in."""
    kept = job.result or {}
    if kept.get("poster"):
        return View("image", f"/v1/requests/{job.id}/poster")
    for file_id in kept.get("outputs", ())[:1]:
        return await view_of(site, file_id)
    for field in model.validator.media_fields if model else ():
        value = job.inputs.get(field.name)
        first = value[0] if isinstance(value, list) and value else value
        if field.kind == "image" and isinstance(first, str) and first.startswith(STORED):
            return await view_of(site, first.removeprefix(STORED))
    return NOTHING


async def view_of(site: Site, file_id: str) -> View:
    """A stored file of the account that the run belongs to; nothing for one that is gone."""
    try:
        file = await site.store.file(file_id)
    except NotFound:
        return NOTHING
    kind = file.media_type.partition("/")[0]
    return View(kind, f"/v1/files/{file.id}/{file.name}", file.name, file.media_type, file.size_bytes, file.id)


def media_of(job: Job) -> dict[str, Any]:
    """What was measured of the first output."""
    media = (job.result or {}).get("metadata", {}).get("media", {})
    found = media[0] if isinstance(media, list) and media else media
    return found if isinstance(found, dict) else {}
