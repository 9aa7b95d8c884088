"""One run with all that is known of it: what came out, what went in, what was done of the prompt, what happened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mutoscope.catalog import Model
from mutoscope.intake import STORED
from mutoscope.jobs import Event, Job, State
from mutoscope.schema import media_kind
from mutoscope.server.dialects.runcomfy import request_urls
from mutoscope.site import Site
from mutoscope.store.outbox import Delivery, Wanted
from mutoscope.web import amounts, texts
from mutoscope.web.generations.rows import (
    NOTHING,
    Row,
    View,
    key_names,
    media_of,
    model_of,
    row_of,
    state_words,
    view_of,
)
from mutoscope.web.texts import _, ngettext

PAGE = 200
MOST_EVENTS = 5000
"""Read of one run; a run that goes on for hours reports some thousand times."""
MOST_LINES = 500
"""Of a log, the last ones."""
MOST_DELIVERIES = 50
INDENT = 2


@dataclass(frozen=True, slots=True)
class Input:
    """One input, readable. views: files; addresses: files that are somebody else's. gone: files that were removed."""

    name: str
    title: str
    text: str = ""
    is_code: bool = False
    views: tuple[View, ...] = ()
    addresses: tuple[str, ...] = ()
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A change of state. told: in words; more: the attempt, or what went wrong."""

    at_ms: int
    state: str
    told: str
    more: str


@dataclass(frozen=True, slots=True)
class Details:
    """Everything on the page of one run. plan: applied and ignored; facts: what the outputs are, a few words each."""

    row: Row
    job: Job
    outputs: tuple[View, ...]
    inputs: tuple[Input, ...]
    ignored: tuple[str, ...]
    plan: tuple[tuple[str, ...], tuple[str, ...]]
    facts: tuple[str, ...]
    seed_field: str
    steps: tuple[Step, ...]
    log: tuple[str, ...]
    last_event: int
    position: int | None
    deliveries: tuple[Delivery, ...]
    addresses: Mapping[str, str]

    @property
    def is_gone(self) -> bool:
        """Was it completed, and are its outputs no longer kept?"""
        return self.job.state is State.COMPLETED and not self.outputs


async def details_of(site: Site, account_id: str, request_id: str, base: str) -> Details:
    """All about a run. Raises NotFound, also for somebody else's."""
    # Events before the rest: the page listens to what comes after the last of them, and shows what came up to it.
    events = await _events(site, request_id)
    job = await site.store.job(request_id, account_id)
    model = model_of(site, job)
    told_of = Wanted(request_id=job.id, limit=MOST_DELIVERIES)
    standing = await site.store.standing(job.id, account_id)
    plan = (job.result or {}).get("metadata", {}).get("plan") or {}
    views = [await view_of(site, file_id) for file_id in (job.result or {}).get("outputs", ())]
    return Details(
        row=await row_of(site, job, await key_names(site, account_id)),
        job=job,
        outputs=tuple(view for view in views if view is not NOTHING),
        inputs=tuple([await _input(site, name, value, model) for name, value in _in_order(job, model)]),
        ignored=job.ignored_inputs,
        plan=(tuple(plan.get("applied", ())), tuple(plan.get("ignored", ()))),
        facts=_facts(job),
        seed_field=model.bindings.get("seed", "") if model else "",
        steps=tuple(_step(event) for event in events if event.kind == "state"),
        log=tuple([str(event.data["line"]) for event in events if event.kind == "log"][-MOST_LINES:]),
        last_event=events[-1].seq if events else 0,
        position=standing.queue_position,
        deliveries=tuple(await site.store.webhooks.deliveries(account_id, told_of)),
        addresses=_addresses(base, job.id),
    )


async def _events(site: Site, request_id: str) -> list[Event]:
    found: list[Event] = []
    while len(found) < MOST_EVENTS:
        some = await site.store.events(request_id, after=found[-1].seq if found else 0, limit=PAGE)
        found += some
        if len(some) < PAGE:
            break
    return found


def _step(event: Event) -> Step:
    state = State(event.data["state"])
    attempt, error = event.data.get("attempt"), event.data.get("error")
    more = str(error) if error else _("attempt %(n)s") % {"n": attempt} if attempt and attempt > 1 else ""
    return Step(event.at_ms, state, state_words()[state], more)


def _in_order(job: Job, model: Model | None) -> Sequence[tuple[str, Any]]:
    """Inputs in the order of the form, then the rest; those without a value left out."""
    known = model.input_schema.get("properties", {}) if model else {}
    shown = job.shown_inputs
    names = [*(name for name in known if name in shown), *(name for name in shown if name not in known)]
    return [(name, shown[name]) for name in names if shown[name] not in (None, "", [])]


async def _input(site: Site, name: str, value: Any, model: Model | None) -> Input:
    schema = model.schema_in(texts.language()) if model else {}
    node = schema.get("properties", {}).get(name, {})
    title = node.get("title") or name.replace("_", " ").capitalize()
    items = value if isinstance(value, list) else [value]
    is_media = media_kind(node) is not None or any(isinstance(item, str) and item.startswith(STORED) for item in items)
    if is_media:
        told = [item for item in items if isinstance(item, str)]
        stored = [await view_of(site, item.removeprefix(STORED)) for item in told if item.startswith(STORED)]
        views = tuple(view for view in stored if view is not NOTHING)
        others = tuple(item for item in told if not item.startswith(STORED))
        return Input(name, title, views=views, addresses=others, gone=len(stored) - len(views))
    if isinstance(value, bool):
        return Input(name, title, _("yes") if value else _("no"))
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict | list) for item in value)):
        return Input(name, title, json.dumps(value, ensure_ascii=False, indent=INDENT), is_code=True)
    return Input(name, title, ", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _facts(job: Job) -> tuple[str, ...]:
    metadata, media = (job.result or {}).get("metadata", {}), media_of(job)
    facts = []
    if media.get("width_px"):
        facts.append(_("%(width)s × %(height)s") % {"width": media["width_px"], "height": media["height_px"]})
    if (media.get("num_frames") or 0) > 1:
        n = int(media["num_frames"])
        facts.append(ngettext("%(n)s frame", "%(n)s frames", n) % {"n": n})
    if media.get("duration_s"):
        facts.append(_("%(n)s s long") % {"n": amounts.fixed(media["duration_s"], 1)})
    if metadata.get("engine"):
        facts.append(_("made by %(engine)s") % {"engine": metadata["engine"]})
    if metadata.get("cached"):
        facts.append(_("from the cache"))
    return tuple(facts)


def _addresses(base: str, request_id: str) -> dict[str, str]:
    urls = request_urls(base, request_id)
    return {
        _("Status"): urls["status_url"],
        _("Result"): urls["result_url"],
        _("Events"): f"{base}/v1/requests/{request_id}/events",
    }
