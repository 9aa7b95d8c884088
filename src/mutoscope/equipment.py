"""What a server has: its engines, and the models of its manifests."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from mutoscope import runpod
from mutoscope.catalog import Catalog
from mutoscope.engines import comfyui, environment, registry
from mutoscope.engines.base import Capabilities
from mutoscope.engines.diffusers import weights
from mutoscope.errors import ConfigError
from mutoscope.settings import Settings

GUESTS: Mapping[str, Callable[[], Capabilities]] = {runpod.ENGINE: runpod.capabilities}
"""Engines whose workers come by themselves: none of ours runs them."""
ON_DEMAND = frozenset({"cog", "comfyui", "diffusers", "upstream", *GUESTS})
VENDORS = ("open", "runcomfy")
"""Whose models come with the program: those with open weights, and those of vendors where somebody has an account."""


def engines() -> tuple[dict[str, Capabilities], dict[str, str]]:
    """What each engine can do, and for those that cannot run here the reason."""
    able: dict[str, Capabilities] = {}
    missing: dict[str, str] = {}
    for name in registry.names():
        try:
            able[name] = registry.capabilities(name)
        except ConfigError as exc:
            missing[name] = exc.message
    able |= {name: capabilities() for name, capabilities in GUESTS.items()}
    return able, missing


def load_catalog(settings: Settings) -> Catalog:
    """The built-in manifests and the user's own. Raises CatalogError with every problem of every file."""
    own = settings.manifests or settings.data / "manifests"
    if settings.manifests is not None and not own.is_dir():
        raise ConfigError(f"MUTOSCOPE_MANIFESTS: {own} is no folder")
    wanted = dict.fromkeys(filter(None, settings.vendors.replace(" ", "").split(",")))
    if unknown := sorted(set(wanted) - set(VENDORS)):
        raise ConfigError(f"MUTOSCOPE_VENDORS: found {', '.join(unknown)}; accepted are {', '.join(VENDORS)}")
    pulled = settings.cache / weights.FOLDER
    return Catalog.load(
        [own] if own.is_dir() else [],
        vendors=tuple(wanted),
        is_here=(lambda model: weights.is_here(model.engine_settings, pulled)) if pulled.is_dir() else None,
    )


def asked_for(
    settings: Settings, catalog: Catalog, capabilities: Mapping[str, Capabilities]
) -> dict[str, Capabilities]:
    """Without the optional ones that nobody asks for: each costs a process."""
    asked = {use.name for model in catalog.models for use in model.uses}
    asked.update(settings.engines.replace(" ", "").split(","))
    if settings.comfyui_servers or settings.comfyui_folder:
        asked.add("comfyui")
    wanted = {name: can for name, can in capabilities.items() if name in asked or name not in ON_DEMAND}
    ours = set(filter(None, settings.engines.replace(" ", "").split(",")))
    if "diffusers" in wanted and (not settings.workers or (ours and "diffusers" not in ours)):
        # Workers on other machines run it: what they have is not for this one to say.
        wanted["diffusers"] = replace(wanted["diffusers"], lacks=lambda settings: "")
    return wanted


def tell_engines(settings: Settings) -> None:
    """Where ComfyUI is and who gets which keys: for the check of manifests, and for workers. Raises ConfigError."""
    comfyui.check_named(settings.comfyui_servers)
    environment.parse_keys(settings.engine_keys)
    os.environ |= {
        comfyui.SERVERS: settings.comfyui_servers,
        comfyui.FOLDER: settings.comfyui_folder,
        environment.KEYS: settings.engine_keys,
        "MUTOSCOPE_CACHE": str(settings.cache),  # where the weights are
        "MUTOSCOPE_GPU_MEMORY_GB": str(settings.gpu_memory_gb),
        "MUTOSCOPE_RENDER_PROCESSES": str(settings.render_processes),
    }
