"""The life of a request: submit, cancel, assign, settle here in the server; perform in a worker (`performing`).

This file is the story; it does no I/O of its own and knows no dialect's words. Read it after
`server/dialects/runcomfy.py` and before `worker.py`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import orjson

from mutoscope import cache, intake, quotas, retention, webhooks
from mutoscope.assigning import assign
from mutoscope.catalog import Model
from mutoscope.charging import charge
from mutoscope.engines.base import STOP_S
from mutoscope.errors import BadRequest, EngineUnavailable, Forbidden, InvalidInput, NotFound, Problem
from mutoscope.jobs import Job, NewJob, State, Terms, Webhook, new_id
from mutoscope.protocol import Assignment, Finish, Withdrawal
from mutoscope.quotas import Quota
from mutoscope.site import Site
from mutoscope.store.records import Caller, File
from mutoscope.store.values import Cold, Held, Submitted

LARGEST_SEED = 2**31 - 1
NO_TERMS = Terms()
TOLD_S = 1.0
"""Beside what an engine gets to end its work: how long a worker may take to hear of a cancel, and to say so."""


# -- 1. accept ----------------------------------------------------------------------------------------------------


async def submit(
    site: Site,
    caller: Caller,
    model_id: str,
    body: object,
    *,
    base_url: str,
    idempotency_key: str | None = None,
    webhook: Webhook | None = None,
    traceparent: str | None = None,
    terms: Terms = NO_TERMS,
    model: Model | None = None,
) -> Submitted:
    """Check a body against its model and accept it durably, or return the earlier request of the same key.

    webhook   who is to be told; not part of what makes two submits the same.
    terms     how it is to be treated; neither.
    model     the model itself, where it is not in the catalogue.
    Raises NotFound (model), EngineUnavailable, QueueFull, InvalidInput (all problems at once), Forbidden (priority),
    RateLimited, PaymentRequired and StorageFull.
    """
    model = model or site.catalog.get(model_id)
    _check_open(site, model)
    if webhook is not None:
        _check_webhook(site, webhook)
    priority, time_limit_s = _treated(caller, model, terms)
    inputs, ignored = model.validator.check(body)
    body_sha256 = _fingerprint(model_id, body) if idempotency_key else ""
    if idempotency_key and (earlier := await site.store.earlier(caller.account_id, idempotency_key, body_sha256)):
        return _same_body(earlier)
    hold_microusd = _hold_microusd(model, inputs)
    uses_cache = caller.quota.use_cache if terms.use_cache is None else terms.use_cache
    await _check_quota(site, caller, 0 if uses_cache else hold_microusd)
    request_id = new_id()
    inputs, made = await intake.take(site, caller, request_id, model, inputs, base_url=base_url)
    seed, is_given = _seed(model, inputs)
    new = NewJob(
        id=request_id,
        account_id=caller.account_id,
        key_id=caller.key_id,
        model_id=model.id,
        inputs=inputs,
        ignored_inputs=(*ignored, *unused(model, body)),
        seed=seed,
        idempotency_key=idempotency_key,
        body_sha256=body_sha256,
        priority=priority,
        weight=caller.quota.weight,
        max_attempts=model.max_attempts,
        time_limit_s=time_limit_s,
        hold_microusd=hold_microusd,
        base_url=base_url,
        webhook=webhook,
        traceparent=traceparent,
        expires_in_ms=terms.expires_in_s * 1000 if terms.expires_in_s is not None else None,
        base_price_usd=model.price.base_price_usd,
        cache_key=await cache.key_of(site, model, inputs, seed) if uses_cache and is_given else None,
    )
    earlier = await cache.serve(site, new, caller.quota, model, made)
    return _same_body(earlier or await _accept(site, new, caller.quota, made))


async def _accept(site: Site, new: NewJob, quota: Quota, made: tuple[File, ...]) -> Submitted:
    """Write the request down; files that were stored for it do not outlive a refusal or a replay."""
    try:
        submitted = await site.store.submit(new, quota)
    except Exception:
        await intake.forget(site, made)
        raise
    if submitted.replayed:
        await intake.forget(site, made)
    return submitted


def _check_open(site: Site, model: Model) -> None:
    if site.health.draining:
        raise EngineUnavailable("the server is stopping; submit again in a moment", code=503002)
    check_engine(site, model)
    site.check_room()


def check_engine(site: Site, model: Model) -> None:
    """Raises Forbidden for a model that is switched off, EngineUnavailable when its engine is not set up here."""
    if not model.enabled:
        raise Forbidden(f"{model.id} is switched off on this server; its operator can switch it on again", code=403005)
    if model.engine not in site.engines:
        raise EngineUnavailable(
            f"{model.id} needs the engine `{model.engine}`, which is not set up on this server; "
            "`mutoscope doctor` says what to install"
        )
    if model.needs:
        raise EngineUnavailable(f"{model.id} needs {model.needs}, which is not set on this server")


def _treated(caller: Caller, model: Model, terms: Terms) -> tuple[int, int]:
    """Priority and time limit, if this key may ask for that one and this model for the other."""
    if terms.time_limit_s is not None and terms.time_limit_s > model.time_limit_s:
        accepted = f"at most {model.time_limit_s} s, this model's own limit, is accepted"
        raise InvalidInput(problems=(Problem("time_limit_s", accepted, "query"),), code=422003)
    if terms.priority is None:
        return max(0, caller.quota.priority), terms.time_limit_s or model.time_limit_s
    caller.quota.check_priority(terms.priority)
    return terms.priority, terms.time_limit_s or model.time_limit_s


async def _check_quota(site: Site, caller: Caller, hold_microusd: int) -> None:
    """Refuse now what the store would refuse later, before any file is stored for it. The store has the last word."""
    if site.limits.max_queued:
        site.health.check_queue(site.limits.max_queued, await _queued(site))
    if caller.quota.is_metered:
        quotas.check(
            caller.quota, await site.store.meter(caller.account_id, caller.key_id, caller.quota), hold_microusd
        )


async def _queued(site: Site) -> int | None:
    """How many requests wait, counted anew at most once a second; None in between."""
    return await site.store.queue_length() if site.health.queue_is_old() else None


def _check_webhook(site: Site, webhook: Webhook) -> None:
    names = {"url_name": "webhook", "events_name": "webhook_events"}
    if problems := webhooks.check(webhook.url, webhook.events, site.webhook_to, **names):
        raise InvalidInput(problems=tuple(problems), code=422003)


def _hold_microusd(model: Model, inputs: Mapping[str, Any]) -> int:
    """The price as far as it is known; the smallest one where it is not, so that a limit that is reached counts."""
    return max(model.price_microusd(inputs), 1 if model.price.base_price_usd > 0 else 0)


def unused(model: Model, body: object) -> list[str]:
    """Inputs that fit the schema and reach no engine: told, so that nobody thinks they did something."""
    used = {name for use in model.uses for name in use.bindings.values()}
    given = body if isinstance(body, dict) else {}
    return [name for name in model.input_schema.get("properties", {}) if name in given and name not in used]


def _fingerprint(model_id: str, body: object) -> str:
    try:
        written = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as exc:  # read to 1,024 levels, written to some 250
        problem = Problem("", "the body is nested too deeply to be recognised by an Idempotency-Key", "depth")
        raise InvalidInput(problems=(problem,)) from exc
    return hashlib.sha256(model_id.encode() + b"\n" + written).hexdigest()


def _same_body(submitted: Submitted) -> Submitted:
    if not submitted.same_body:
        raise InvalidInput(
            "Idempotency-Key: this key was used before with another model or body; use a new key", code=422002
        )
    return submitted


def _seed(model: Model, inputs: Mapping[str, Any]) -> tuple[int, bool]:
    """The seed the caller gave, or one drawn now, so that every attempt uses the same; and whether it was given."""
    named = next((use.bindings["seed"] for use in model.uses if "seed" in use.bindings), "")
    given = inputs.get(named)
    if isinstance(given, int) and given >= 0:
        return given % (LARGEST_SEED + 1), True
    return secrets.randbelow(LARGEST_SEED + 1), False


# -- 2. take back -------------------------------------------------------------------------------------------------


async def cancel(site: Site, caller: Caller, request_id: str, *, running: bool = False) -> tuple[State, bool]:
    """Cancel a queued request, or with `running` also one in progress. Returns (state now, cancelled by this call)."""
    before = await site.store.job(request_id, caller.account_id)
    state, moved = await site.store.cancel(request_id, caller.account_id, running=running)
    if moved:
        _take_back(site, before)
        await _collect(site, request_id)
    return state, moved


def _take_back(site: Site, job: Job) -> None:
    """What an earlier attempt began elsewhere ends there too, although no attempt is left that could say so."""
    if not job.memo or job.model_id not in {model.id for model in site.catalog.all_runnable}:
        return
    for use in site.catalog.runnable(job.model_id).uses:
        if use.name in job.memo:  # engines that work elsewhere remember under their own name
            withdrawal = Withdrawal(job.id, use.name, use.settings, job.memo)
            if job.state is State.IN_QUEUE:
                site.withdrawals.add(withdrawal)
            else:
                site.withdrawals.unless_told(withdrawal, after_s=STOP_S + TOLD_S)
            return


async def delete(site: Site, caller: Caller, request_id: str) -> None:
    """Remove a finished request with its files; what it cost stays on record. Raises NotFound, Conflict."""
    await retention.remove(site, request_id, caller.account_id)


# -- 3. hand out --------------------------------------------------------------------------------------------------


async def claim(
    site: Site,
    worker_id: str,
    engines: frozenset[str],
    *,
    serves: Callable[[Model], bool] = lambda model: True,
    warm: Collection[str] = (),
    lease_s: float | None = None,
) -> Assignment | None:
    """The next request this worker can run, as an attempt under a lease; None when there is nothing to do.

    serves    of the models of its engines, those that it takes.
    warm      models that it has loaded.
    lease_s   how long it may be silent, where that is not the site's own limit.

    Raises EngineUnavailable while the server is stopping: a worker of its own accord then pauses before it asks again.
    """
    if site.health.draining:
        raise EngineUnavailable("the server is stopping; ask again in a moment", code=503002)
    if worker_id in site.health.drained or site.storage.is_away:  # what is made now could not be kept
        return None
    able = (model for model in site.catalog.all_runnable if model.engine in engines and serves(model))
    models = [model for model in able if model.enabled and not model.needs]
    job = await site.store.claim(
        [model.id for model in models],
        worker_id,
        lease_ms=int((lease_s or site.limits.lease_s) * 1000),
        max_running={model.id: model.max_running for model in models if model.max_running},
        grows={model.id: growth for model in models if (growth := site.health.growth(worker_id, model))},
        cold={model.id: _cold(site, worker_id, model) for model in models if _loads(site, model, warm)},
    )
    if job is None:
        return None
    site.health.serves(worker_id, site.catalog.runnable(job.model_id))
    return assign(site, job, engines)


def _loads(site: Site, model: Model, warm: Collection[str]) -> bool:
    """Would a worker with these models loaded have to load this one first, and is that worth a thought?"""
    can = site.capabilities.get(model.engine)
    return model.id not in warm and can is not None and can.keeps_models


def _cold(site: Site, worker_id: str, model: Model) -> Cold:
    wait_ms = int(site.limits.warm_wait_s * 1000)
    return Cold(wait_ms, wait_ms if site.health.is_warm_elsewhere(worker_id, model.id) else 0)


# -- 4. settle ----------------------------------------------------------------------------------------------------


async def settle(site: Site, held: Held, finish: Finish) -> Job:
    """Write down how an attempt ended, if it is still the one that counts. Raises LeaseLost otherwise.

    Returns the request as it was while the attempt ran.
    """
    store, error = site.store, finish.error or "the engine failed"
    job = await store.job(held.request_id, await store.held_by(held))
    if finish.outcome == "completed":
        files = await _files(site, job, held, finish)
        model = site.catalog.runnable(job.model_id)
        site.health.serves(held.worker_id or "", model)
        result = _result(model, job, finish, now_ms=await store.now_ms())
        cost = charge(
            model, job.inputs, finish.metadata, outputs=len(finish.outputs), base_price_usd=job.base_price_usd
        )
        await store.complete(held, result=result, charge=cost, files=files)
        await _collect(site, held.request_id, keep=files)
    elif finish.outcome == "failed":
        await store.fail(held, error=error)
        await _collect(site, held.request_id)
    elif await store.retry(held, error=error, used=finish.outcome == "retry") is State.FAILED:
        await _collect(site, held.request_id)
    return job


async def _files(site: Site, job: Job, held: Held, finish: Finish) -> list[File]:
    """The rows of what an attempt uploaded, once the bytes are seen to be there. Raises BadRequest."""
    made = [*finish.outputs, *([finish.poster] if finish.poster else [])]
    files = []
    for stored in made:
        key = output_key(held, stored.file_id, stored.name)
        try:
            size_bytes = await site.storage.size(key)
        except NotFound:
            size_bytes = -1
        if size_bytes != stored.size_bytes:
            raise BadRequest(f"{stored.name}: this attempt uploaded no such file", code=400003)
        files.append(
            File(
                id=stored.file_id,
                account_id=job.account_id,
                request_id=job.id,
                role="poster" if stored is finish.poster else "output",
                name=stored.name,
                media_type=stored.media_type,
                size_bytes=stored.size_bytes,
                sha256=stored.sha256,
                info={},
                key=key,
            )
        )
    if not finish.outputs and site.catalog.runnable(job.model_id).produces != "files":
        raise BadRequest("a completed attempt names at least one output", code=400003)
    return files


def output_key(held: Held, file_id: str, name: str) -> str:
    """Where an attempt's output is kept: no two attempts write to the same place."""
    return f"outputs/{held.request_id}/{held.attempt}/{file_id}/{name}"


async def sweep(site: Site) -> int:
    """Hand on requests whose worker fell silent; how many there were."""
    return await _handed_on(site, await site.store.sweep())


async def lose(site: Site, worker_id: str) -> int:
    """Hand on at once what a worker has that is known to be gone; how many requests there were."""
    return await _handed_on(site, await site.store.lose(worker_id))


async def _handed_on(site: Site, requests: Sequence[tuple[str, State]]) -> int:
    for request_id, state in requests:
        if state is State.FAILED:
            await _collect(site, request_id)
    if requests:  # a model may have gone while its request ran: back in the queue nobody would take it
        await fail_orphans(site)
    return len(requests)


async def fail_orphans(site: Site) -> int:
    """Fail what waits for models that left the catalogue; how many there were."""
    return await site.store.fail_models_but({model.id for model in site.catalog.all_runnable})


def _result(model: Model, job: Job, finish: Finish, *, now_ms: int) -> dict[str, Any]:
    """What is kept of a completed request: file ids, and what the result's metadata will say."""
    timings = {
        "queued_s": ((job.started_ms or now_ms) - job.created_ms) / 1000,
        **finish.metadata.get("timings", {}),
        "total_s": (now_ms - job.created_ms) / 1000,
    }
    return {
        "key": model.output_key,
        "many": model.many,
        "outputs": [stored.file_id for stored in finish.outputs],
        "poster": finish.poster.file_id if finish.poster else None,
        "metadata": {
            **finish.metadata,
            "seed": job.seed,
            "ignored_inputs": list(job.ignored_inputs),
            "timings": timings,
        },
    }


async def _collect(site: Site, request_id: str, *, keep: Sequence[File] = ()) -> None:
    """Remove what attempts of a finished request uploaded and nobody will see."""
    await site.storage.delete_below(f"outputs/{request_id}", keep=frozenset(file.key for file in keep))
