"""A request to a deployment: the whole workflow may be given, any of its values changed, and every node answers.

Parameters are `workflow_api_json` (in place of its own), `overrides` (node id -> {inputs}), `extra_data` (for
nodes that call others' APIs), and files, `images`, `videos`, `audios`, which values name as `{"$file": ["images", 0]}`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mutoscope.engines.base import Produced, Task
from mutoscope.engines.comfyui.client import Client, Entry
from mutoscope.engines.comfyui.outputs import MOST_FILES, fetch_one, poster_of
from mutoscope.engines.comfyui.workflow import Graph, read_graph
from mutoscope.errors import ConfigError, EngineError

REFERENCE = "$file"
FILMS = frozenset({".mp4", ".mov", ".webm", ".mkv"})
TEXT_LENGTH = 64 * 1024
"""What of a node's text is kept."""


def overridden(graph: Graph, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the workflow with these inputs in place. Raises ConfigError naming a node that it does not have."""
    changed: dict[str, Any] = copy.deepcopy(dict(graph))
    for node, told in overrides.items():
        if node not in changed:
            raise ConfigError(f"the workflow has no node {node!r}; it has {', '.join(list(changed)[:40])}")
        changed[node]["inputs"] = {**changed[node].get("inputs", {}), **told.get("inputs", {})}
    return changed


def graph_of(graph: Graph, task: Task, uploaded: Callable[[str, Path], str]) -> dict[str, Any]:
    """The workflow of one request. uploaded: puts a file into ComfyUI's inputs and gives the name it has there."""
    given = task.parameters
    try:
        whole = read_graph(given["workflow_api_json"]) if given.get("workflow_api_json") else graph
        changed = overridden(whole, given.get("overrides") or {})
    except ConfigError as exc:
        raise EngineError(exc.message) from exc
    for node in changed.values():
        for field, value in node.get("inputs", {}).items():
            if isinstance(value, dict) and isinstance(found := value.get(REFERENCE), list):
                parameter, number = found
                node["inputs"][field] = uploaded(parameter, task.files[parameter][number])
    return changed


def fetch(client: Client, entry: Entry, folder: Path) -> Produced:
    """What every node made: files in order, and in `told["nodes"]` the nodes' own answers with the file's number."""
    files: list[Path] = []
    nodes: dict[str, dict[str, list[Any]]] = {}
    for node, channel, item in _items(entry):
        into = nodes.setdefault(node, {}).setdefault(channel, [])
        if not isinstance(item, dict):
            into.append(str(item)[:TEXT_LENGTH])
        elif len(files) < MOST_FILES and item.get("filename"):
            path = fetch_one(client, item, folder / f"output-{len(files) + 1}")
            kept = {name: str(item.get(name, "")) for name in ("filename", "subfolder", "type")}
            into.append({**kept, "file": len(files)})
            files.append(path)
    film = next((path for path in files if path.suffix in FILMS), None)
    poster = poster_of(film, folder) if film else None
    return Produced(tuple(files), "files", poster=poster, told={"nodes": nodes})


def _items(entry: Entry) -> Iterator[tuple[str, str, Any]]:
    """Node, channel and item, for every list that a node answered with."""
    for node, channels in entry.outputs.items():
        for channel, items in channels.items() if isinstance(channels, dict) else ():
            if channel != "animated":
                yield from ((str(node), str(channel), one) for one in (items if isinstance(items, list) else [items]))
