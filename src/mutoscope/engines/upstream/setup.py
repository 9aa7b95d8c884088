"""What a manifest says of an upstream, read and checked. The key itself is never in a manifest: only where it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mutoscope import net
from mutoscope.errors import ConfigError

SETTINGS = frozenset(
    {"vendor", "url", "model", "key_env", "key_file", "arrays", "parameters", "seed", "poll_s", "patience_s"}
)
POLL_S, PATIENCE_S = 2.0, 20.0


@dataclass(frozen=True, slots=True)
class Usual:
    """What counts for a vendor when the manifest says nothing. key_env: "" when it can be had without a key."""

    url: str
    key_env: str


USUAL: Mapping[str, Usual] = {
    "mutoscope": Usual("", "MUTOSCOPE_UPSTREAM_KEY"),
    "runcomfy": Usual("https://model-api.runcomfy.net", "RUNCOMFY_TOKEN"),
    "fal": Usual("https://queue.fal.run", "FAL_KEY"),
    "replicate": Usual("https://api.replicate.com", "REPLICATE_API_TOKEN"),
    "openai-videos": Usual("", ""),
    "ark": Usual("https://ark.ap-southeast.bytepluses.com/api/v3", "ARK_API_KEY"),
}


@dataclass(frozen=True, slots=True)
class Setup:
    """One upstream of one model.

    url          base address of its API, without a slash at the end.
    model        the model's name there.
    key_env      environment variable that holds the key; "" for none.
    key_file     file that holds it, instead.
    arrays       inputs there that take a list of files; all others take one.
    parameters   values that are sent with every request.
    seed         the input there that takes the seed.
    poll_s       seconds between two looks at a request.
    patience_s   seconds for which a submit is tried while nobody answers.
    """

    vendor: str
    url: str
    model: str
    key_env: str
    key_file: str
    arrays: frozenset[str] = frozenset()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: str = "seed"
    poll_s: float = POLL_S
    patience_s: float = PATIENCE_S

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return net.origin_of(self.url)

    @property
    def place(self) -> str:
        """Where requests of this model go, as it is remembered."""
        return f"{self.origin}/{self.model}"

    def key(self) -> str:
        """The secret; "" where none is needed. Raises ConfigError naming what is missing."""
        if missing := self.lacks():
            raise ConfigError(f"{missing} is needed to reach {self.vendor}")
        if self.key_file:
            return Path(self.key_file).read_text("utf-8").strip()
        return os.environ.get(self.key_env, "").strip() if self.key_env else ""

    def lacks(self) -> str:
        """What this machine has to be given first, in words; "" when everything is there."""
        if self.key_file:
            try:
                return "" if Path(self.key_file).read_text("utf-8").strip() else f"a key in the file {self.key_file}"
            except (OSError, UnicodeDecodeError):
                return f"the file {self.key_file}"
        if self.key_env and not os.environ.get(self.key_env, "").strip():
            return f"the environment variable {self.key_env}"
        return ""


def read(settings: Mapping[str, Any]) -> Setup:
    """The settings of a manifest. Raises ConfigError that names the first one that cannot be used."""
    vendor = settings.get("vendor", "")
    if vendor not in USUAL:
        raise ConfigError(f"vendor: found {vendor!r}; accepted are {', '.join(USUAL)}")
    usual = USUAL[vendor]
    url = _text(settings, "url", usual.url).rstrip("/")
    if not url:
        raise ConfigError(f"url: is required for the vendor {vendor}")
    _origin("url", url)
    model = _text(settings, "model", "")
    if not model or ".." in model.split("/") or any(c in model for c in "?#\\"):
        raise ConfigError("model: is required; the model's name at the upstream is accepted")
    key_file = _text(settings, "key_file", "")
    return Setup(
        vendor=vendor,
        url=url,
        model=model.strip("/"),
        key_env="" if key_file else _text(settings, "key_env", usual.key_env),
        key_file=key_file,
        arrays=_names(settings),
        parameters=_values(settings),
        seed=_text(settings, "seed", "seed"),
        poll_s=_seconds(settings, "poll_s", POLL_S, 0.05, 60.0),
        patience_s=_seconds(settings, "patience_s", PATIENCE_S, 0.0, 3600.0),
    )


def _origin(name: str, url: str) -> None:
    try:
        net.origin_of(url)
    except ConfigError as exc:
        raise ConfigError(f"{name}: {exc.message}") from exc


def _text(settings: Mapping[str, Any], name: str, usual: str) -> str:
    value = settings.get(name, usual)
    if not isinstance(value, str):
        raise ConfigError(f"{name}: found {value!r}; a text is accepted")
    return value.strip()


def _names(settings: Mapping[str, Any]) -> frozenset[str]:
    value = settings.get("arrays", [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ConfigError("arrays: a list of names of inputs is accepted")
    return frozenset(value)


def _values(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    value = settings.get("parameters", {})
    if not isinstance(value, dict):
        raise ConfigError("parameters: a mapping of inputs to values is accepted")
    return value


def _seconds(settings: Mapping[str, Any], name: str, usual: float, least: float, most: float) -> float:
    value = settings.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ConfigError(f"{name}: found {value!r}; {least:g} to {most:g} is accepted")
    return float(value)
