"""What /openapi.json says, for the tests that hold the server against it."""

from __future__ import annotations

import schemathesis

from mutoscope.catalog import Catalog
from mutoscope.server.openapi import describe

DOCUMENT = describe(list(Catalog.load().models), "http://127.0.0.1")
CALM = {"extra-data-sources": {"responses": False}}  # what one call answered must not shape the next: any order
CONFIG = schemathesis.Config.from_dict(
    {
        # Unknown parameters are ignored on purpose, so sending one proves nothing.
        "generation": {"max-examples": 20, "deterministic": True, "allow-extra-parameters": False},
        "analysis": {"constants": {"enabled": False}},
        "phases": {"fuzzing": CALM | {"error-feedback": {"enabled": False}}, "coverage": CALM, "examples": CALM},
    }
)
schema = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
