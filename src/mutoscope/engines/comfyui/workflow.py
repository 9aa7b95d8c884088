"""A ComfyUI workflow in API format: what it can be given, and a copy of it with values in place.

API format is what ComfyUI's menu calls "Export (API)": node id -> {class_type, inputs, _meta}. An input is a value, or
a link `[node id, output number]`. Where a value goes is written `node.field`, such as `6.text`. No I/O here.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mutoscope.errors import ConfigError

Graph = Mapping[str, Mapping[str, Any]]

FILE_FIELDS = frozenset(
    {
        *(("LoadImage", "image"), ("LoadImageMask", "image"), ("LoadImageOutput", "image")),
        *(("LoadVideo", "file"), ("LoadAudio", "audio")),
        *(("VHS_LoadVideo", "video"), ("VHS_LoadAudioUpload", "audio")),
    }
)
"""Inputs of well-known nodes that name a file; of others, those whose value looks like a file's name."""
MEDIA_NAME = re.compile(r"[^\n]+\.(png|jpe?g|webp|gif|bmp|mp4|mov|webm|mkv|wav|mp3|m4a|flac|ogg)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """One input of one node."""

    node: str
    field: str

    def __str__(self) -> str:
        return f"{self.node}.{self.field}"


def read_graph(value: object) -> Graph:
    """The workflow, if it is one in API format. Raises ConfigError that says what it is instead."""
    if not isinstance(value, dict) or not value:
        raise ConfigError("found no workflow; a JSON object in ComfyUI's API format is accepted")
    if isinstance(value.get("nodes"), list):
        raise ConfigError("found a workflow as ComfyUI's editor saves it; export it with Workflow > Export (API)")
    for node_id, node in value.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            raise ConfigError(f"node {node_id}: class_type is missing; ComfyUI's API format is accepted")
        if not isinstance(node.get("inputs", {}), dict):
            raise ConfigError(f"node {node_id}: inputs is no object; ComfyUI's API format is accepted")
    return value


def values_of(graph: Graph) -> Iterator[tuple[Place, Any]]:
    """Every input that is a value and no link, in the order of the file."""
    for node_id, node in graph.items():
        for field, value in node.get("inputs", {}).items():
            if not is_link(value, graph):
                yield Place(node_id, field), value


def is_link(value: object, graph: Graph) -> bool:
    """Whether an input takes what another node gives."""
    return isinstance(value, list) and len(value) == 2 and str(value[0]) in graph and isinstance(value[1], int)


def takes_file(graph: Graph, place: Place) -> bool:
    """Whether this input names a picture, film or sound in ComfyUI's folder of inputs."""
    node = graph[place.node]
    if (node["class_type"], place.field) in FILE_FIELDS:
        return True
    value = node.get("inputs", {}).get(place.field)
    return isinstance(value, str) and MEDIA_NAME.fullmatch(value) is not None


def find_place(graph: Graph, text: object, *, what: str) -> Place:
    """`6.text` as a place of this workflow. Raises ConfigError that names `what`."""
    node_id, dot, field = str(text).partition(".")
    if not isinstance(text, str) or not dot or not field:
        raise ConfigError(f"{what}: found {text!r}; a node and its input, such as 6.text, is accepted")
    if node_id not in graph:
        raise ConfigError(f"{what}: the workflow has no node {node_id!r}; it has {', '.join(list(graph)[:40])}")
    inputs = graph[node_id].get("inputs", {})
    if field not in inputs:
        kind = graph[node_id]["class_type"]
        raise ConfigError(f"{what}: node {node_id} ({kind}) has no input {field!r}; it has {', '.join(inputs)}")
    return Place(node_id, field)


def with_values(graph: Graph, values: Mapping[Place, Any]) -> dict[str, Any]:
    """A copy with these values in place of what stood there."""
    filled: dict[str, Any] = copy.deepcopy(dict(graph))
    for place, value in values.items():
        filled[place.node].setdefault("inputs", {})[place.field] = value
    return filled
