"""ComfyUI's complaints in words of the model: the name of the input where there is one, what was found and accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mutoscope.engines.comfyui.plan import Plan
from mutoscope.errors import EngineError, MediaError

LENGTH = 300
FEW = 12
"""Choices that are told; ComfyUI's lists of models run to hundreds."""


def of_nodes(told: Mapping[str, Any], plan: Plan) -> EngineError | MediaError:
    """What POST /prompt said of a workflow: every node's complaints; those about inputs of the model come first."""
    complaints = sorted(_complaints(told.get("node_errors"), plan), key=lambda one: not one[0])
    if complaints:
        first = complaints[0][0]
        text = "; ".join(f"{name}: {message}" if name else message for name, message in complaints[:FEW])
        if first in plan.capabilities().files:
            return MediaError(text.removeprefix(f"{first}: "), field=first)
        return EngineError(text)
    error = told.get("error")
    message = error.get("message") if isinstance(error, dict) else error
    details = error.get("details") if isinstance(error, dict) else ""
    return EngineError(f"ComfyUI does not accept the workflow: {_cut(' '.join(filter(None, (message, details))))}")


def of_execution(data: Mapping[str, Any]) -> EngineError:
    """An `execution_error`: which node failed, and how. Memory may be there for the next attempt."""
    node = f"node {data.get('node_id', '?')} ({data.get('node_type', '?')})"
    kind, message = str(data.get("exception_type", "")), str(data.get("exception_message", "")).strip()
    if is_out_of_memory(data):
        return EngineError(f"{node} ran out of memory", retryable=True)
    return EngineError(f"{node} failed: {_cut(f'{kind}: {message}' if kind else message)}")


def is_out_of_memory(data: Mapping[str, Any]) -> bool:
    """Whether it was for memory that a node failed."""
    kind, message = str(data.get("exception_type", "")), str(data.get("exception_message", ""))
    return "OutOfMemory" in kind or kind.endswith("MemoryError") or "out of memory" in message.lower()


def _complaints(node_errors: Any, plan: Plan) -> list[tuple[str, str]]:
    found = []
    for node, told in node_errors.items() if isinstance(node_errors, dict) else ():
        for error in told.get("errors", ()):
            field = str((error.get("extra_info") or {}).get("input_name", ""))
            name = plan.name_of(str(node), field)
            where = "" if name else f"node {node} ({told.get('class_type', '?')}){', ' + field if field else ''}: "
            found.append((name, where + _words(error)))
    return found


def _words(error: Mapping[str, Any]) -> str:
    extra = error.get("extra_info") or {}
    found, limits = _found(extra.get("received_value")), _limits(extra.get("input_config"))
    match error.get("type"):
        case "value_smaller_than_min" if "min" in limits:
            return f"{found}at least {limits['min']} is accepted"
        case "value_bigger_than_max" if "max" in limits:
            return f"{found}at most {limits['max']} is accepted"
        case "value_not_in_list" if choices := _choices(extra.get("input_config")):
            more = f" and {len(choices) - FEW} more" if len(choices) > FEW else ""
            return f"{found}accepted are {', '.join(map(str, choices[:FEW]))}{more}"[: 2 * LENGTH]
        case "required_input_missing":
            return "is required"
        case _:
            return _cut(": ".join(filter(None, (str(error.get("message", "")), str(error.get("details", ""))))))


def _found(value: object) -> str:
    """What was received, where it is short: a long text is somebody's prompt."""
    text = str(value)
    return "" if value is None or isinstance(value, list | dict) or len(text) > 60 else f"found {text}; "


def _limits(config: Any) -> Mapping[str, Any]:
    """Of an input's declaration, `[type, {min, max, …}]`."""
    return config[1] if isinstance(config, list) and len(config) > 1 and isinstance(config[1], dict) else {}


def _choices(config: Any) -> list[Any]:
    """Of an input that is one of a list: `[[…]]`, or `["COMBO", {options: […]}]` in newer nodes."""
    if isinstance(config, list) and config and isinstance(config[0], list):
        return config[0]
    options = _limits(config).get("options")
    return options if isinstance(options, list) else []


def _cut(text: str) -> str:
    return text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"
