"""Pipelines from weights on the disk, put where they run. What keeps them there is `shelf`."""

from __future__ import annotations

import gc
import inspect
import os
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers

from mutoscope.engines.diffusers.gpus import claim
from mutoscope.engines.diffusers.plan import Plan
from mutoscope.engines.diffusers.weights import folder_of, size_bytes
from mutoscope.errors import ConfigError, EngineError

diffusers.utils.logging.set_verbosity_error()
diffusers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

ROOM = 1.25
"""What a model takes besides its weights, as a factor, before anything is known of a request."""


def free() -> None:
    """Give back memory that nothing holds any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def device() -> torch.device:
    """Where pipelines run: a GPU where there is one, of several one that no other worker has."""
    if torch.cuda.is_available():
        return torch.device("cuda", claim(torch.cuda.device_count()))
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def limit_bytes(variable: str) -> int:
    """What models may take together: what the environment says in GiB, else nine tenths of the GPU, or half the RAM."""
    if said := float(os.environ.get(variable) or 0):
        return int(said * 2**30)
    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info(device())[1] * 0.9)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def held_bytes(plan: Plan) -> int:
    """What a plan's weights take on the device."""
    size = size_bytes(folder_of(plan))
    return int(size * ROOM) if plan.offload == "none" else int(size * ROOM / 2)


def load(plan: Plan) -> Any:
    """A pipeline on its device. Raises EngineError for a folder that holds something else."""
    folder = folder_of(plan)
    class_name = plan.family.text or plan.family.image
    found = _class_in(folder)
    if found not in (plan.family.text, plan.family.image):
        raise EngineError(f"{folder.name} holds a {found}; the family {plan.family_name} takes {class_name}")
    dtype = getattr(torch, plan.precision)
    try:
        pipe = getattr(diffusers, found).from_pretrained(
            str(folder), dtype=dtype, local_files_only=True, use_safetensors=True, variant=plan.variant or None
        )
    except (OSError, ValueError) as exc:
        raise EngineError(f"the weights in {folder.name} cannot be loaded: {_first_line(exc)}") from exc
    _settle(pipe, plan, dtype)
    return pipe


def for_task(pipe: Any, plan: Plan, *, has_picture: bool) -> Any:
    """The pipeline of the class that this request needs, around the same weights."""
    name = plan.family.image if has_picture else plan.family.text
    wanted = getattr(diffusers, name, None)
    if type(pipe) is wanted:
        return pipe
    if wanted is None or not plan.family.is_both:
        raise EngineError("image: these weights take none" if has_picture else "image: is required by these weights")
    known = inspect.signature(wanted.__init__).parameters  # from_pipe would cast weights that are kept in 8 bits
    given = {**pipe.config, **pipe.components}
    made = wanted(**{name: given[name] for name in known if name in given})
    _place(made, plan)
    return made


def _settle(pipe: Any, plan: Plan, dtype: torch.dtype) -> None:
    """Put it where it runs, in the way that the plan says."""
    pipe.set_progress_bar_config(disable=True)
    denoisers = [part for name in ("transformer", "transformer_2", "unet") if (part := getattr(pipe, name, None))]
    if plan.quantization == "float8":
        for part in denoisers:
            part.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
    _place(pipe, plan)
    vae = getattr(pipe, "vae", None)
    if plan.family.produces == "video" and vae is not None and hasattr(vae, "enable_tiling"):
        vae.enable_tiling()
    if plan.compiled:
        for part in denoisers:
            part.compile()


def _place(pipe: Any, plan: Plan) -> None:
    """To the device, whole or piece by piece."""
    where = device()
    if plan.offload == "none" or where.type == "cpu":
        pipe.to(where)
    elif plan.offload == "model":
        pipe.enable_model_cpu_offload(device=where)
    else:
        pipe.enable_sequential_cpu_offload(device=where)


def _class_in(folder: Path) -> str:
    try:
        return str(diffusers.DiffusionPipeline.load_config(str(folder), local_files_only=True)["_class_name"])
    except (OSError, ValueError, KeyError) as exc:
        raise ConfigError(f"model: {folder.name} holds no pipeline that diffusers knows") from exc


def _first_line(exc: Exception) -> str:
    return str(exc).strip().split("\n")[0][:300]
