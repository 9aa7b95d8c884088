"""`engine.settings` of a manifest, read once: which servers, which workflow, which input goes where."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mutoscope.engines.base import Capabilities
from mutoscope.engines.comfyui.workflow import Graph, Place, find_place, read_graph, takes_file
from mutoscope.errors import ConfigError

SETTINGS = ("servers", "folder", "arguments", "workflow", "inputs", "seed", "output", "every_node", "keep_warm_s")
STARTS = frozenset({"folder", "arguments"})
"""Those that start a program."""
DEPLOYED, DEPLOYED_FILES = ("workflow_api_json", "overrides", "extra_data"), ("images", "videos", "audios")
"""What a request to a deployment gives; see `deployed`."""
SERVERS, FOLDER = "MUTOSCOPE_COMFYUI_SERVERS", "MUTOSCOPE_COMFYUI_FOLDER"
"""Where ComfyUI is, for manifests that do not say it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a manifest asks for.

    servers   addresses of ComfyUI servers, without a slash at the end; empty when one is started from `folder`.
    folder    a folder with ComfyUI's main.py, or None.
    arguments what ComfyUI is started with, such as `--cpu`.
    inputs    engine parameter -> where its value goes.
    seed      where the seed goes.
    output    ids of the nodes whose files are the result; empty: all that made some.
    every_node   the result tells what each node made; see `deployed`.
    keep_warm_s  how long a ComfyUI that was started from `folder` stays without work; None: as long as the engine.
    """

    servers: tuple[str, ...]
    folder: Path | None
    arguments: tuple[str, ...]
    graph: Graph
    inputs: Mapping[str, tuple[Place, ...]]
    seed: tuple[Place, ...]
    output: tuple[str, ...]
    every_node: bool = False
    keep_warm_s: float | None = None

    def capabilities(self) -> Capabilities:
        """What the workflow can be given, in the manifest's own names."""
        if self.every_node:
            return Capabilities(
                parameters=frozenset(DEPLOYED),
                files=frozenset(DEPLOYED_FILES),
                required=frozenset(),
                produces=frozenset({"files"}),
                settings=frozenset(SETTINGS),
                starts=STARTS,
            )
        files = {name for name, places in self.inputs.items() if any(takes_file(self.graph, at) for at in places)}
        return Capabilities(
            parameters=frozenset(self.inputs) - files | {"seed"},
            files=frozenset(files),
            required=frozenset(),
            produces=frozenset({"video", "image"}),
            settings=frozenset(SETTINGS),
            starts=STARTS,
        )

    def name_of(self, node: str, field: str) -> str:
        """The parameter whose value stands there, or ""."""
        return next((name for name, places in self.inputs.items() if Place(node, field) in places), "")


def read_plan(settings: Mapping[str, Any]) -> Plan:
    """The settings, understood. Raises ConfigError that names the one that is wrong."""
    try:
        graph = read_graph(settings.get("workflow"))
    except ConfigError as exc:
        raise ConfigError(f"workflow: {exc.message}") from exc
    servers, folder = _where(settings)
    inputs = settings.get("inputs", {})
    if not isinstance(inputs, Mapping):
        raise ConfigError("inputs: a mapping such as {prompt: 6.text} is accepted")
    return Plan(
        servers,
        folder,
        _arguments(settings.get("arguments", ()), folder),
        graph,
        inputs={name: _places(graph, value, f"inputs.{name}") for name, value in inputs.items()},
        seed=_places(graph, settings["seed"], "seed") if settings.get("seed") else (),
        output=_nodes(graph, settings.get("output", ())),
        every_node=settings.get("every_node") is True,
        keep_warm_s=_seconds(settings.get("keep_warm_s")),
    )


def _where(settings: Mapping[str, Any]) -> tuple[tuple[str, ...], Path | None]:
    if settings.get("servers") and settings.get("folder"):
        raise ConfigError("servers, folder: one of the two is accepted")
    if settings.get("folder"):
        return (), _folder(settings["folder"], "folder")
    if settings.get("servers"):
        return read_servers(settings["servers"], "servers"), None
    if text := os.environ.get(SERVERS, ""):
        return read_servers(text, SERVERS), None
    if text := os.environ.get(FOLDER, ""):
        return (), _folder(text, FOLDER)
    raise ConfigError(
        "servers: not given; name ComfyUI servers such as http://127.0.0.1:8188, or a `folder` to start one from, "
        f"here or by {SERVERS} or {FOLDER}"
    )


def check_named(text: str) -> None:
    """Are these addresses that the environment may hold? Raises ConfigError."""
    if text:
        read_servers(text, SERVERS)


def read_servers(value: object, what: str) -> tuple[str, ...]:
    """Addresses out of a list or a text with commas. Raises ConfigError."""
    texts = value.split(",") if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not texts:
        raise ConfigError(f"{what}: an address or a list of addresses is accepted")
    return tuple(dict.fromkeys(_address(text, what) for text in texts))


def _address(text: object, what: str) -> str:
    accepted = "accepted is an address such as http://127.0.0.1:8188"
    try:
        parts = urlsplit(str(text).strip())
        port = parts.port
    except ValueError as exc:
        raise ConfigError(f"{what}: cannot be read; {accepted}") from exc
    if parts.username or parts.password:
        raise ConfigError(f"{what}: holds a user name or password, which would be shown; {accepted}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or port == 0:
        raise ConfigError(f"{what}: found {str(text)[:200]!r}; {accepted}")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _folder(value: object, what: str) -> Path:
    if not isinstance(value, str) or not Path(value).is_absolute():
        raise ConfigError(f"{what}: found {value!r}; accepted is a folder such as /opt/ComfyUI")
    return Path(value)


def _arguments(value: object, folder: Path | None) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise ConfigError("arguments: a list such as [--cpu] is accepted")
    if value and folder is None:
        raise ConfigError("arguments: accepted only together with `folder`")
    return tuple(value)


def _seconds(value: object) -> float | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
        raise ConfigError(f"keep_warm_s: found {value!r}; seconds from 0 are accepted")
    return None if value is None else float(value)


def _places(graph: Graph, value: object, what: str) -> tuple[Place, ...]:
    return tuple(find_place(graph, one, what=what) for one in (value if isinstance(value, list | tuple) else [value]))


def _nodes(graph: Graph, value: object) -> tuple[str, ...]:
    nodes = tuple(str(node) for node in (value if isinstance(value, list | tuple) else [value]))
    for node in nodes:
        if node not in graph:
            raise ConfigError(f"output: the workflow has no node {node!r}; it has {', '.join(list(graph)[:40])}")
    return nodes
