"""A manifest for a workflow, as far as its nodes tell: what a caller would want to set, and what it makes.

Known are nodes that load media, encode text, sample, make empty latents, and save; all else stays as the workflow has
it. A person reads the proposal before it is used. No I/O here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mutoscope.engines.comfyui.workflow import Graph, Place, is_link, takes_file, values_of
from mutoscope.errors import ConfigError

FILMS = ("SaveVideo", "VHS_VideoCombine", "SaveWEBM")
PICTURES = ("SaveImage", "SaveImageWebsocket", "SaveAnimatedWEBP", "SaveAnimatedPNG")
SEEDS = ("seed", "noise_seed")
LARGEST_SEED = 2**31 - 1
_VIDEO_NAME = re.compile(r".*\.(mp4|mov|webm|mkv|gif)", re.IGNORECASE)
_AUDIO_NAME = re.compile(r".*\.(wav|mp3|m4a|flac|ogg)", re.IGNORECASE)
Property = dict[str, Any]


def propose(graph: Graph, *, model_id: str, workflow: str, servers: Sequence[str] = ()) -> dict[str, Any]:
    """A manifest with this id for a workflow in this file. Raises ConfigError when the workflow saves nothing."""
    nodes, produces = _outputs(graph)
    found = _Inputs(graph)
    name = model_id.rpartition("/")[2].replace("-", " ").replace("_", " ").capitalize()
    settings: dict[str, Any] = {"servers": list(servers)} if servers else {}
    settings |= {"workflow": workflow, "inputs": {key: _shortest(places) for key, places in found.places.items()}}
    if found.seed:
        settings["seed"] = _shortest(found.seed)
        found.properties["seed"] = _number("Seed", -1, -1, LARGEST_SEED) | {"description": "-1 draws one."}
    settings["output"] = _shortest(nodes)
    bound = [*found.places, *(["seed"] if found.seed else [])]
    return {
        "manifest": 1,
        "id": model_id,
        "kind": "workflow",
        "author": "ComfyUI",
        "name": {"en": name},
        "description": {"en": f"The ComfyUI workflow {workflow}."},
        "categories": [f"{found.source}-to-{produces}"],
        "input_schema": {
            "type": "object",
            "title": "Input Schema",
            "required": found.required,
            "properties": found.properties,
        },
        "output": {"produces": produces},
        "engine": {"name": "comfyui", "inputs": {key: key for key in bound}, "settings": settings},
    }


def _outputs(graph: Graph) -> tuple[list[str], str]:
    """The nodes whose files are the result, and what they are."""
    films = [node for node, told in graph.items() if told["class_type"] in FILMS]
    pictures = [node for node, told in graph.items() if told["class_type"] in PICTURES]
    if not films and not pictures:
        known = ", ".join((*FILMS, *PICTURES))
        raise ConfigError(f"the workflow has no node that saves a picture or a film; known are {known}")
    return (films, "video") if films else (pictures, "image")


class _Inputs:
    """What a caller may set, found node by node."""

    def __init__(self, graph: Graph) -> None:
        self.properties: dict[str, Property] = {}
        self.places: dict[str, list[Place]] = {}
        self.required: list[str] = []
        self.seed: list[Place] = []
        self.source = "text"
        self._graph = graph
        self._negative = _encoders(graph, "negative") - _encoders(graph, "positive")
        for place, value in values_of(graph):
            self._look_at(place, value, graph[place.node]["class_type"])
        self.required.sort(key=lambda name: name != "prompt")

    def _look_at(self, place: Place, value: Any, kind: str) -> None:
        field = place.field
        if takes_file(self._graph, place):
            self._add_file(place, value)
        elif "TextEncode" in kind and isinstance(value, str):
            self._add_text(place, value)
        elif field in SEEDS and isinstance(value, int):
            self.seed.append(place)
        elif (field == "steps" and "Sampl" in kind) or (field == "steps" and "Scheduler" in kind):
            self._share("steps", place, _number("Steps", value, 1, 200))
        elif field == "cfg":
            self._share(
                "cfg", place, {"title": "CFG scale", "type": "number", "default": value, "minimum": 0, "maximum": 100}
            )
        elif field in ("width", "height") and _makes_latent(kind):
            self._share(field, place, _number(field.capitalize(), value, 16, 8192))
        elif field == "length" and _makes_latent(kind):
            self._share("num_frames", place, _number("Frames", value, 1, 4096))
        elif field in ("fps", "frame_rate") and kind in ("CreateVideo", *FILMS):
            self._share(
                "fps",
                place,
                {"title": "Frames per second", "type": "number", "default": value, "minimum": 1, "maximum": 120},
            )

    def _add_file(self, place: Place, value: Any) -> None:
        text, kind = str(value), "image"
        node = self._graph[place.node]["class_type"]
        if _VIDEO_NAME.fullmatch(text) or "Video" in node:
            kind = "video"
        elif _AUDIO_NAME.fullmatch(text) or "Audio" in node:
            kind = "audio"
        if kind != "audio":
            self.source = "video" if "video" in (kind, self.source) else "image"
        name = self._free(kind)
        self.properties[name] = {
            "title": _title(self._graph, place, kind.capitalize()),
            "type": "string",
            "format": f"{kind}_uri",
        }
        self.places[name] = [place]
        self.required.append(name)

    def _add_text(self, place: Place, value: str) -> None:
        is_negative = place.node in self._negative
        name = self._free("negative_prompt" if is_negative else "prompt")
        title = "Negative prompt" if is_negative else "Prompt"
        self.properties[name] = {"title": title, "type": "string", "format": "multiline", "default": value}
        self.places[name] = [place]
        if name == "prompt":
            self.required.append(name)

    def _share(self, name: str, place: Place, schema: Property) -> None:
        """One input for all nodes that start from the same value; others stay as they are."""
        if name not in self.properties:
            self.properties[name], self.places[name] = schema, [place]
        elif self.properties[name]["default"] == schema["default"]:
            self.places[name].append(place)

    def _free(self, name: str) -> str:
        number = 2
        found = name
        while found in self.properties:
            found, number = f"{name}_{number}", number + 1
        return found


def _makes_latent(kind: str) -> bool:
    return "Latent" in kind or kind.endswith("ToVideo")


def _number(title: str, value: Any, low: int, high: int) -> Property:
    """An integer around the workflow's own value."""
    low, high = min(low, int(value)), max(high, int(value))
    return {"title": title, "type": "integer", "default": int(value), "minimum": low, "maximum": high}


def _title(graph: Graph, place: Place, usual: str) -> str:
    """What its author called the node, when that is not the name of its class."""
    meta = graph[place.node].get("_meta")
    title = meta.get("title") if isinstance(meta, Mapping) else None
    return title if isinstance(title, str) and title and not title.startswith("Load ") else usual


def _encoders(graph: Graph, role: str) -> set[str]:
    """Nodes that encode the text of this role of some sampler, however many nodes lie in between."""
    starts = [
        str(node["inputs"][role][0]) for node in graph.values() if is_link(node.get("inputs", {}).get(role), graph)
    ]
    found: set[str] = set()
    for start in starts:
        found.update(_upstream(graph, start, role, set()))
    return found


def _upstream(graph: Graph, node_id: str, role: str, seen: set[str]) -> Iterator[str]:
    if node_id in seen:
        return
    seen.add(node_id)
    node = graph[node_id]
    if "TextEncode" in node["class_type"]:
        yield node_id
        return
    inputs = node.get("inputs", {})
    for name in [role] if role in inputs else [*inputs]:
        if is_link(inputs[name], graph):
            yield from _upstream(graph, str(inputs[name][0]), role, seen)


def _shortest(found: Sequence[object]) -> str | list[str]:
    """One of them as it is, several as a list."""
    texts = [str(one) for one in found]
    return texts[0] if len(texts) == 1 else texts
