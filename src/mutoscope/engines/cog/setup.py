"""What a manifest says of a Cog server, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutoscope import net
from mutoscope.errors import ConfigError

SETTINGS = frozenset({"url", "command", "folder", "arrays", "output", "parameters", "seed", "callback_host"})

STARTS = frozenset({"command", "folder"})
"""Those that start a program."""


@dataclass(frozen=True, slots=True)
class Setup:
    """One Cog server of one model.

    url            where it listens, without a slash at the end.
    command        starts it when nobody answers there; empty: somebody else does.
    folder         where the command runs; None: wherever the worker does.
    arrays         inputs there that take a list of files; all others take one.
    output         where in the prediction's output the files are, such as `video`; "" for wherever they are.
    parameters     values that are sent with every prediction.
    seed           the input there that takes the seed.
    callback_host  by which name or address the server reaches this machine; "" for the address it is reached from.
    """

    url: str
    command: tuple[str, ...]
    folder: Path | None
    arrays: frozenset[str]
    output: str
    parameters: Mapping[str, Any]
    seed: str
    callback_host: str

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return net.origin_of(self.url)


def read(settings: Mapping[str, Any]) -> Setup:
    """The settings of a manifest. Raises ConfigError that names the first one that cannot be used."""
    url = _text(settings, "url").rstrip("/")
    try:
        net.origin_of(url)
    except ConfigError as exc:
        raise ConfigError(f"url: {exc.message}") from exc
    parameters = settings.get("parameters", {})
    if not isinstance(parameters, dict):
        raise ConfigError("parameters: a mapping of inputs to values is accepted")
    folder = _text(settings, "folder")
    return Setup(
        url=url,
        command=_words(settings, "command"),
        folder=Path(folder) if folder else None,
        arrays=frozenset(_words(settings, "arrays")),
        output=_text(settings, "output"),
        parameters=parameters,
        seed=_text(settings, "seed") or "seed",
        callback_host=_text(settings, "callback_host"),
    )


def _text(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name, "")
    if not isinstance(value, str):
        raise ConfigError(f"{name}: found {value!r}; a text is accepted")
    return value.strip()


def _words(settings: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = settings.get(name, [])
    if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
        raise ConfigError(f"{name}: found {value!r}; a list of words is accepted")
    return tuple(value)
