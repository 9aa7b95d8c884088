"""Schemas in RunComfy's notation: read them, check them, check bodies against them.

Start with `notation.py` (what the notation is), then `validator.py` (what happens to a body). Nothing here
opens a file or an address.
"""

from __future__ import annotations

from mutoscope.schema.checks import check_schema
from mutoscope.schema.notation import (
    FILE_FORMATS,
    MEDIA_FORMATS,
    MediaKind,
    bounded,
    media_kind,
    normalise,
    takes_weights,
)
from mutoscope.schema.rules import OPERATORS, QUANTITIES, Rule, parse_rule
from mutoscope.schema.validator import MediaField, Validator, problems_of
from mutoscope.schema.wording import json_path, kind_of, suggestion

__all__ = [
    "FILE_FORMATS",
    "MEDIA_FORMATS",
    "OPERATORS",
    "QUANTITIES",
    "MediaField",
    "MediaKind",
    "Rule",
    "Validator",
    "bounded",
    "check_schema",
    "json_path",
    "kind_of",
    "media_kind",
    "normalise",
    "parse_rule",
    "problems_of",
    "suggestion",
    "takes_weights",
]
