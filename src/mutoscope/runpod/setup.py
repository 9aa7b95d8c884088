"""What a manifest says of a model that RunPod workers make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mutoscope.engines.base import Capabilities
from mutoscope.errors import ConfigError

ENGINE = "runpod"
SETTINGS = frozenset({"endpoint", "output", "parameters"})
_ENDPOINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Setup:
    """What a manifest says of its worker.

    endpoint     the word in the addresses that its workers are given.
    output       where in what a handler returns the files are, such as `images.0`; "" for wherever they are.
    parameters   values that every job gets besides.
    """

    endpoint: str
    output: str
    parameters: Mapping[str, Any]


def read(settings: Mapping[str, Any]) -> Setup:
    """The settings of a manifest. Raises ConfigError that names the first one that cannot be used."""
    endpoint, output = settings.get("endpoint", ""), settings.get("output", "")
    parameters = settings.get("parameters", {})
    if not isinstance(endpoint, str) or not _ENDPOINT.fullmatch(endpoint):
        raise ConfigError(f"endpoint: found {endpoint!r}; 1 to 63 letters, digits, dashes and underscores are accepted")
    if not isinstance(output, str):
        raise ConfigError(f"output: found {output!r}; a dotted place such as images.0 is accepted")
    if not isinstance(parameters, dict):
        raise ConfigError("parameters: a mapping of inputs to values is accepted")
    return Setup(endpoint, output, parameters)


def capabilities() -> Capabilities:
    """Whatever a manifest binds: what it means is the handler's affair."""

    def under(settings: Mapping[str, Any]) -> Capabilities:
        read(settings)
        return capabilities()

    return Capabilities(
        parameters=frozenset(),
        files=frozenset(),
        required=frozenset(),
        produces=frozenset({"video", "image"}),
        settings=SETTINGS,
        is_open=True,
        with_settings=under,
    )
