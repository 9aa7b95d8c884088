"""What a ComfyUI websocket says, understood: how far a prompt is, previews, and how it ended. No I/O here.

Text frames are `{type, data}`. Binary frames begin with a big-endian 32-bit kind: 1 a preview (then 1 JPEG or 2 PNG),
2 an unencoded one, which no server sends, 3 a text of a node, 4 a preview with metadata (their length, JSON, picture).
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

GREETING = orjson.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}}).decode()
"""The first frame of a client that understands kind 4."""
PREVIEW, PREVIEW_WITH_METADATA = 1, 4
ENDINGS = ("execution_success", "execution_error", "execution_interrupted")


@dataclass(slots=True)
class Course:
    """How far one prompt is, from the messages about it.

    nodes   ids of the workflow's nodes.
    ended   the message that it ended with, as (type, data), once there is one.
    """

    prompt_id: str
    nodes: Collection[str]
    ended: tuple[str, Mapping[str, Any]] | None = None
    running: str = ""
    _done: dict[str, float] = field(default_factory=dict)

    @property
    def fraction(self) -> float:
        """Share of the nodes that are done, 0 … 1; one that runs counts as far as it is."""
        return min(1.0, sum(self._done.values()) / max(1, len(self.nodes)))

    def hear(self, frame: str | bytes) -> bytes | None:
        """Take in one frame; the picture in it, if it is a preview."""
        if isinstance(frame, bytes):
            return _picture(frame)
        try:
            message = orjson.loads(frame)
        except orjson.JSONDecodeError:
            return None
        data = message.get("data") if isinstance(message, dict) else None
        if isinstance(data, dict) and data.get("prompt_id", self.prompt_id) == self.prompt_id:
            self._take(str(message.get("type")), data)
        return None

    def _take(self, kind: str, data: Mapping[str, Any]) -> None:
        match kind:
            case "execution_cached":
                for node in data.get("nodes") or ():
                    self._set(node, 1.0)
            case "executing":
                if data.get("node") is None and "prompt_id" in data:
                    self.ended = self.ended or ("execution_success", data)
                    return
                if self.running:
                    self._set(self.running, 1.0)
                self.running = str(data.get("node") or "")
            case "progress":
                self._set(data.get("node") or self.running, _share(data))
            case "progress_state":
                for node, state in (data.get("nodes") or {}).items():
                    self._set(node, 1.0 if state.get("state") == "finished" else _share(state))
                    self.running = str(node) if state.get("state") == "running" else self.running
            case "executed":
                self._set(data.get("node"), 1.0)
            case _ if kind in ENDINGS:
                self.ended = (kind, data)

    def _set(self, node: object, share: float) -> None:
        """Nodes that a workflow makes while it runs, such as those of a loop, are not counted."""
        if str(node) in self.nodes:
            self._done[str(node)] = max(share, self._done.get(str(node), 0.0))


def _share(data: Mapping[str, Any]) -> float:
    value, most = data.get("value"), data.get("max")
    if isinstance(value, int | float) and isinstance(most, int | float) and most > 0:
        return min(1.0, max(0.0, value / most))
    return 0.0


def _picture(frame: bytes) -> bytes | None:
    if len(frame) < 8:
        return None
    kind, second = struct.unpack(">II", frame[:8])
    if kind == PREVIEW:
        return frame[8:]
    if kind == PREVIEW_WITH_METADATA:
        return frame[8 + second :]
    return None
