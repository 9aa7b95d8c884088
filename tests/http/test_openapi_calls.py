"""The document at /openapi.json and the server say the same, asked by machine.

Schemathesis makes calls out of the document, right ones and wrong ones, and holds every answer against it. What a
schema cannot say is put right in `make_right`; what is left out of the checks is in `excused`, with its reason. To make
the calls takes seconds, already when tests are collected: see `pytest_ignore_collect` in tests/conftest.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from tests.conftest import LiveServer, start_server
from tests.http import media
from tests.http.calls import assert_no_defects
from tests.http.document import schema
from tests.workflows import STILL as STILL_GRAPH

numbers = itertools.count()
Case = schemathesis.Case[Any]


def is_wrong(case: Case) -> bool:
    """Was this call meant to be refused?"""
    return case.meta is not None and case.meta.generation.mode is GenerationMode.NEGATIVE


def make_right(case: Case, picture_url: str) -> None:
    """Put right what no schema can say."""
    case.query.pop("cursor", None)  # only the page before knows a good one
    if case.path.startswith("/v1/admin/models") and isinstance(case.body, dict):
        case.body = {"enabled": True}  # which engines fit, only the engines say; and others ask for these models
    if case.path == "/v1/admin/limits" and case.method == "PATCH":
        case.body = {"max_queued": 0}  # as above
    if case.path == "/prod/v2/deployments" and case.method == "POST":  # what a workflow is, only its reader says
        case.body = {"name": "asked", "payload": {"workflow_api_json": STILL_GRAPH}}
    if case.path == "/v1/usage/summary":
        case.query.pop("from", None)  # together with `to` it may be too long
    if case.path.startswith(("/v1/models/", "/prod/v2/models/")):
        case.query.pop("webhook_events", None)
        make_harmless(case.query, url="webhook", events="webhook_events")
    if "Idempotency-Key" in case.headers:  # a used one rightly refuses another body
        case.headers["Idempotency-Key"] = f"key-{next(numbers)}"
    if case.path == "/v1/files" and case.method == "POST":  # only media are stored
        content: Any = media.png()
        case.body = {"file": content} if case.media_type == "multipart/form-data" else content
    if isinstance(case.body, dict):  # an address of a stranger would be fetched, and no test leaves this machine
        if case.path.startswith("/v1/webhooks"):
            make_harmless(case.body, url="url", events="events")
        if case.body.get("source"):
            case.body["source"] = picture_url
        if case.body.get("image_urls"):
            case.body["image_urls"] = [picture_url]


def make_harmless(wanted: Any, *, url: str, events: str) -> None:
    """An address that `net` accepts and nobody has, for an event that never comes on a server without workers."""
    if url in wanted:
        wanted[url] = "https://hooks.invalid/hook"
    if url in wanted or events in wanted:
        wanted[events] = ["completed"]


def excused(case: Case, *, wrong: bool) -> list[Any]:
    """The checks that do not hold for this call, and why."""
    names = []
    if not wrong or any(value in ("", {}, [], [""]) for value in case.query.values()):
        # A right call stays one, though bytes put into it are no JSON; and an empty parameter is an absent one,
        # because forms send all their fields.
        names.append("negative_data_rejection")
    if case.path in ("/v1/models/categories", "/v1/webhooks/secret", "/v1/webhooks/deliveries"):
        names.append("unsupported_method")  # POST is a submit to a model of that name, DELETE an endpoint's: 404
    return CHECKS.get_by_names(names)


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of its own without workers: what is submitted here waits for ever, and in nobody's way."""
    live = start_server(tmp_path_factory.mktemp("asked") / "data", workers=0)
    live.wait_ready()
    yield live
    assert live.stop() == 0
    assert_no_defects(live)


@pytest.fixture(scope="session")
def picture_url(asked: LiveServer) -> str:
    """A picture that the server has already."""
    with asked.client() as alice:
        return str(alice.post("/v1/files", content=media.jpeg(1000, 1000)).json()["url"])


@pytest.mark.slow
@schema.exclude(path_regex="^/prod/v1/").parametrize()  # which leads to what /prod/v2 leads to
def test_the_server_keeps_to_its_document(case: Case, asked: LiveServer, picture_url: str) -> None:
    """No answer that the document does not announce, whatever is asked."""
    wrong = is_wrong(case)
    if not wrong:
        make_right(case, picture_url)
    case.call_and_validate(
        base_url=asked.url,
        headers={"Authorization": f"Bearer {asked.api_key}"},
        excluded_checks=excused(case, wrong=wrong),
    )
