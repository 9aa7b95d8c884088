"""A workflow as its page shows it: nodes, what each is given, and what of it a reader may change for a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from mutoscope.engines.comfyui.workflow import Graph, Place, is_link, takes_file

MOST_NODES = 200
LONGEST = 4000
"""A longer value is not offered to be changed."""

Control = Literal["text", "number", "switch", "file", "json"]


@dataclass(frozen=True, slots=True)
class Value:
    """One input. control: how it is changed. text: as it stands in the field. is_long: worth several lines."""

    field: str
    control: Control
    text: str
    is_on: bool = False
    is_long: bool = False
    step: str = "any"


@dataclass(frozen=True, slots=True)
class Link:
    """An input that another node gives."""

    field: str
    node: str
    title: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Node:
    """One node. is_open: it holds what people change first."""

    id: str
    title: str
    class_type: str
    values: tuple[Value, ...]
    links: tuple[Link, ...]
    overridden: tuple[str, ...]
    is_open: bool


def nodes_of(graph: Graph, overrides: Mapping[str, Any]) -> tuple[Node, ...]:
    """The first nodes of a workflow, those first that hold texts and files. overrides: what is in it already."""
    shown = sorted(graph, key=_in_order)[:MOST_NODES]
    found = [_node(graph, node, shown, overrides.get(node, {}).get("inputs", {})) for node in shown]
    return tuple(sorted(found, key=lambda node: (not node.is_open, not node.values)))


def _node(graph: Graph, node_id: str, shown: list[str], overridden: Mapping[str, Any]) -> Node:
    node = graph[node_id]
    inputs = node.get("inputs", {})
    values = tuple(_values(graph, node_id, inputs))
    return Node(
        node_id,
        title_of(node),
        node["class_type"],
        values,
        tuple(
            Link(field, str(value[0]), title_of(graph[str(value[0])]), str(value[0]) in shown)
            for field, value in inputs.items()
            if is_link(value, graph)
        ),
        tuple(overridden),
        any(value.control == "file" or value.is_long for value in values),
    )


def title_of(node: Mapping[str, Any]) -> str:
    """What its maker calls a node."""
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    return title[:100] if isinstance(title, str) and title.strip() else str(node["class_type"])


def _values(graph: Graph, node_id: str, inputs: Mapping[str, Any]) -> Iterator[Value]:
    for field, value in inputs.items():
        if is_link(value, graph):
            continue
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        if len(text) > LONGEST:
            continue
        if isinstance(value, bool):
            yield Value(field, "switch", text, is_on=value)
        elif isinstance(value, int | float):
            yield Value(field, "number", text, step="1" if isinstance(value, int) else "any")
        elif not isinstance(value, str):
            yield Value(field, "json", text)
        elif takes_file(graph, Place(node_id, field)):
            yield Value(field, "file", text)
        else:
            yield Value(field, "text", text, is_long=_is_prose(field, text))


def _in_order(node_id: str) -> tuple[tuple[int, str], ...]:
    """`9` before `10`, `38:4` before `38:42`."""
    return tuple((int(part), "") if part.isdigit() else (1 << 62, part) for part in node_id.split(":"))


def _is_prose(field: str, text: str) -> bool:
    """Is it a text that people write, and no name of a file or a setting?"""
    return " " in text.strip() or "\n" in text or field in ("text", "prompt")
