"""The document at /openapi.json and the server say the same, asked by machine.

Schemathesis makes calls out of the document, right ones and wrong ones, and holds every answer against it. What is
left out of that is left out here, each with its reason.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis import GenerationMode

from mutoscope.catalog import Catalog
from mutoscope.server import routes
from mutoscope.server.openapi import describe
from tests.conftest import REFERENCE_MODEL, LiveServer
from tests.http import media
from tests.http.calls import STILL, TESTCARD, WITH_PICTURE, completed, submit

DOCUMENT = describe(list(Catalog.load().models), "http://127.0.0.1")
CONFIG = schemathesis.Config.from_dict({"generation": {"max-examples": 20, "deterministic": True}})
schema = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)


@pytest.mark.slow
@schema.parametrize()
def test_the_server_keeps_to_its_document(case: schemathesis.Case, server: LiveServer) -> None:
    """No answer that the document does not announce, whatever is asked."""
    case.call_and_validate(base_url=server.url, headers={"Authorization": f"Bearer {server.api_key}"})
