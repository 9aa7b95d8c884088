"""The document at /openapi.json and the server say the same, asked by machine.

Schemathesis makes calls out of the document, right ones and wrong ones, and holds every answer against it. What a
schema cannot say is put right in `prepared`, and what is left out of the checks is in `EXCUSED`, each with its reason.
"""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from mutoscope.catalog import Catalog
from mutoscope.server import routes
from mutoscope.server.openapi import describe
from tests.conftest import REFERENCE_MODEL, LiveServer
from tests.http import media
from tests.http.calls import STILL, TESTCARD, WITH_PICTURE, completed, submit

DOCUMENT = describe(list(Catalog.load().models), "http://127.0.0.1")
CONFIG = schemathesis.Config.from_dict(
    {
        # Unknown parameters are ignored on purpose, so sending one proves nothing.
        "generation": {"max-examples": 20, "deterministic": True, "allow-extra-parameters": False},
    }
)
schema = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
numbers = itertools.count()


def is_wrong(case: schemathesis.Case) -> bool:
    """Was this call meant to be refused?"""
    return case.meta is not None and case.meta.generation.mode is GenerationMode.NEGATIVE


def prepared(case: schemathesis.Case, picture_url: str) -> schemathesis.Case:
    """A right call made right in what no schema can say."""
    if is_wrong(case):
        return case
    case.query.pop("cursor", None)  # only the page before knows a good one
    if "Idempotency-Key" in case.headers:  # a used one rightly refuses another body
        case.headers["Idempotency-Key"] = f"key-{next(numbers)}"
    if case.path == "/v1/files" and case.method == "POST":  # only media are stored
        case.body = {"file": media.png()} if case.media_type == "multipart/form-data" else media.png()
    if isinstance(case.body, dict):  # an address of a stranger would be fetched, and no test leaves this machine
        if case.body.get("source"):
            case.body["source"] = picture_url
        if case.body.get("image_urls"):
            case.body["image_urls"] = [picture_url]
    return case


def excused(case: schemathesis.Case) -> list[Any]:
    """The checks that do not hold for this call, and why."""
    names = []
    if is_wrong(case) and "" in case.query.values():
        names.append("negative_data_rejection")  # an empty parameter is an absent one: forms send all their fields
    if case.path == "/v1/models/categories":
        names.append("unsupported_method")  # POST there is a submit to a model of that name: 404
    return CHECKS.get_by_names(names)


@pytest.fixture(scope="session")
def picture_url(server: LiveServer) -> str:
    """A picture that the server has already."""
    with server.client() as alice:
        return str(alice.post("/v1/files", content=media.jpeg(1000, 1000)).json()["url"])


@pytest.mark.slow
@schema.parametrize()
def test_the_server_keeps_to_its_document(case: schemathesis.Case, server: LiveServer, picture_url: str) -> None:
    """No answer that the document does not announce, whatever is asked."""
    prepared(case, picture_url).call_and_validate(
        base_url=server.url,
        headers={"Authorization": f"Bearer {server.api_key}"},
        excluded_checks=excused(case),
    )
