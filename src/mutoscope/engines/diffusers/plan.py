"""`engine.settings` of a manifest, read once: which weights, which family, and how they are held in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from mutoscope.engines.base import Capabilities
from mutoscope.engines.diffusers.families import FAMILIES, Family
from mutoscope.errors import ConfigError

Offload = Literal["none", "model", "sequential"]
Precision = Literal["bfloat16", "float16", "float32"]
Quantization = Literal["none", "float8"]

SETTINGS = frozenset(
    {
        *("model", "revision", "variant", "family", "precision", "offload", "quantization", "compile"),
        *("max_area_px", "max_frames", "fps", "parameters"),
    }
)
PARAMETERS = frozenset(
    {
        *("prompt", "negative_prompt", "seed", "num_frames", "fps", "duration_s"),
        *("width_px", "height_px", "resolution", "aspect_ratio", "num_images"),
        *("num_inference_steps", "guidance_scale", "guidance_scale_2", "strength", "lora"),
    }
)
FILES = frozenset({"image", "last_image"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a manifest asks for.

    model         a folder, absolute, or `owner/name` as `mutoscope models pull` fetched it.
    revision      commit, tag or branch of it; "" for the one that was pulled last.
    variant       diffusers' name for another set of weights in the same folder, such as `fp16`; "" for none.
    quantization  `float8`: weights of the denoiser are kept in 8 bits and computed with in `precision`.
    compiled      the denoiser is compiled by torch, which takes minutes for each new size.
    parameters    values that count unless a request has its own.
    """

    model: str
    family_name: str
    family: Family
    revision: str = ""
    variant: str = ""
    precision: Precision = "bfloat16"
    offload: Offload = "none"
    quantization: Quantization = "none"
    compiled: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def capabilities(self) -> Capabilities:
        """What this family can be given."""
        files = FILES if self.family.image else frozenset[str]()
        needs = {"prompt"} if self.family.takes_prompt and "prompt" not in self.parameters else set()
        return Capabilities(
            parameters=PARAMETERS,
            files=files,
            required=frozenset(needs if self.family.text else needs | {"image"}),
            produces=frozenset({self.family.produces}),
            settings=SETTINGS,
        )

    @property
    def key(self) -> tuple[object, ...]:
        """Plans that agree in it share their weights in memory."""
        return (
            *(self.model, self.revision, self.variant, self.family_name),
            *(self.precision, self.offload, self.quantization, self.compiled),
        )


def read_plan(settings: Mapping[str, Any]) -> Plan:
    """The settings, understood. Raises ConfigError that names the one that is wrong."""
    name = settings.get("family")
    if not isinstance(name, str) or name not in FAMILIES:
        raise ConfigError(f"family: found {name!r}; accepted are {', '.join(FAMILIES)}")
    return Plan(
        model=_model(settings.get("model")),
        family_name=name,
        family=_adapted(FAMILIES[name], settings),
        revision=_word(settings, "revision"),
        variant=_word(settings, "variant"),
        precision=_one_of(settings, "precision", get_args(Precision)),
        offload=_one_of(settings, "offload", get_args(Offload)),
        quantization=_one_of(settings, "quantization", get_args(Quantization)),
        compiled=_flag(settings, "compile"),
        parameters=_parameters(settings.get("parameters", {})),
    )


def _model(value: object) -> str:
    accepted = "a folder such as /srv/weights/ltx, or owner/name, is accepted"
    if not isinstance(value, str) or not value:
        raise ConfigError(f"model: {accepted}")
    if Path(value).is_absolute():
        return value
    owner, _, name = value.partition("/")
    if not owner or not name or "/" in name or any(part.startswith(".") or ".." in part for part in (owner, name)):
        raise ConfigError(f"model: found {value!r}; {accepted}")
    return value


def _adapted(family: Family, settings: Mapping[str, Any]) -> Family:
    """The family's row with what the manifest says otherwise."""
    changes: dict[str, Any] = {}
    for name, least, most in (("max_area_px", 256, 2**26), ("max_frames", 2, 2000)):
        if name in settings:
            changes[name] = _whole(name, settings[name], least, most)
    if "fps" in settings:
        changes["fps"] = float(_whole("fps", settings["fps"], 1, 120))
    return replace(family, **changes)


def _whole(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigError(f"{name}: found {value!r}; a whole number from {least} to {most} is accepted")
    return value


def _word(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name, "")
    if not isinstance(value, str) or ".." in value or value.startswith(("/", ".")):
        raise ConfigError(f"{name}: found {value!r}; a name is accepted")
    return value


def _one_of(settings: Mapping[str, Any], name: str, accepted: tuple[str, ...]) -> Any:
    value = settings.get(name, accepted[0])
    if value not in accepted:
        raise ConfigError(f"{name}: found {value!r}; accepted are {', '.join(accepted)}")
    return value


def _flag(settings: Mapping[str, Any], name: str) -> bool:
    value = settings.get(name, False)
    if not isinstance(value, bool):
        raise ConfigError(f"{name}: found {value!r}; true or false is accepted")
    return value


def _parameters(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError("parameters: a mapping such as {num_inference_steps: 8} is accepted")
    if unknown := sorted(map(str, value.keys() - PARAMETERS)):
        raise ConfigError(f"parameters.{unknown[0]}: no such parameter; there are {', '.join(sorted(PARAMETERS))}")
    return value
