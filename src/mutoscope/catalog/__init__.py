"""The catalogue: a model is one manifest file, and this is what reads them.

Start with `model.py` (what is known of a model), then `manifest.py` (how it is written down). Nothing here
knows an engine or opens a connection.
"""

from __future__ import annotations

from mutoscope.catalog.catalog import Catalog, CatalogError
from mutoscope.catalog.engines import CapabilitiesLike, check_engines, fitted
from mutoscope.catalog.manifest import KEYS
from mutoscope.catalog.model import DEFAULT_LANGUAGE, EngineUse, Example, Model, Price, output_schema, pick

__all__ = [
    "DEFAULT_LANGUAGE",
    "KEYS",
    "CapabilitiesLike",
    "Catalog",
    "CatalogError",
    "EngineUse",
    "Example",
    "Model",
    "Price",
    "check_engines",
    "fitted",
    "output_schema",
    "pick",
]
