"""LoRAs of one request: small weights that change a model's, put in before the run and taken out after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file

from mutoscope.engines.diffusers.weights import root
from mutoscope.errors import EngineError

FOLDER = "loras"
"""Beside the models' weights: where a LoRA that is only named is looked for."""
MOST = 8


@dataclass(frozen=True, slots=True)
class Lora:
    """field: where it stands in the parameters. expert: `low` for the second transformer of a model that has two."""

    field: str
    file: Path
    scale: float
    expert: str


def read_loras(value: object, files: Sequence[Path]) -> tuple[Lora, ...]:
    """What a request's `lora` asks for: `{path, scale, transformer}`, or a list of these.

    files   what was fetched, in the order of the addresses among the paths. Raises EngineError.
    """
    fetched = iter(files)
    asked = value if isinstance(value, list) else [value] if value else []
    if len(asked) > MOST:
        raise EngineError(f"lora: found {len(asked)}; at most {MOST} are accepted")
    return tuple(_read(f"lora[{number}]", one, fetched) for number, one in enumerate(asked))


def _read(field: str, value: Mapping[str, Any], fetched: Iterator[Path]) -> Lora:
    path = str(value.get("path", ""))
    if "://" in path:
        file = next(fetched)
    else:
        file = root() / FOLDER / Path(path).name
        if not file.is_file() or file.suffix != ".safetensors":
            raise EngineError(f"{field}.path: there is no LoRA of this name here; an address is accepted too")
    scale = float(value.get("scale", 1.0))
    if not -4 <= scale <= 4:
        raise EngineError(f"{field}.scale: found {scale:g}; -4 to 4 is accepted")
    expert = str(value.get("transformer", "high"))
    if expert not in ("high", "low"):
        raise EngineError(f"{field}.transformer: found {expert!r}; accepted are high, low")
    return Lora(field, file, scale, expert)


@contextmanager
def worn(pipe: Any, loras: Sequence[Lora]) -> Iterator[None]:
    """Within the block the pipeline's weights are changed by these. Raises EngineError for one that does not fit."""
    if not loras:
        yield
        return
    if not hasattr(pipe, "load_lora_weights"):
        raise EngineError("lora: this model takes none")
    try:
        names = {f"lora_{number}": one for number, one in enumerate(loras)}
        for name, one in names.items():
            _put_on(pipe, name, one)
        pipe.set_adapters(list(names), [one.scale for one in loras])
        yield
    finally:
        pipe.unload_lora_weights()


def _put_on(pipe: Any, name: str, lora: Lora) -> None:
    more = {}
    if lora.expert == "low":
        if getattr(pipe, "transformer_2", None) is None:
            raise EngineError(f"{lora.field}.transformer: this model has one transformer only")
        more["load_into_transformer_2"] = True
    try:
        pipe.load_lora_weights(load_file(str(lora.file)), adapter_name=name, **more)
    except SafetensorError as exc:
        raise EngineError(f"{lora.field}: the file is damaged") from exc
    except (ValueError, KeyError, RuntimeError, TypeError, AttributeError) as exc:
        # What diffusers and peft raise for weights of another model; they have no class of their own for it.
        raise EngineError(f"{lora.field}: these weights do not fit this model") from exc
    if not any(name in adapters for adapters in pipe.get_list_adapters().values()):
        raise EngineError(f"{lora.field}: these weights do not fit this model")
