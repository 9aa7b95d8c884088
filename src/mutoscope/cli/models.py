"""`mutoscope models`: the catalogue of a server, what its owner changes in it, and the check of manifests here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from mutoscope.cli import exits, output
from mutoscope.cli.connect import connect, url_option


@click.group("models", epilog="Example: mutoscope models list --search dreamina")
def command() -> None:
    """List, show and change models, check manifests."""


@command.command("list", epilog="Example: mutoscope models list --category image-to-video")
@click.option("--search", help="Words in the id, name or description.")
@click.option("--category", help="Only this category, such as image-to-video.")
@click.option("--changes", is_flag=True, help="How each stands to its manifest; only for the owner of the site.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@url_option
def list_models(search: str | None, category: str | None, changes: bool, as_json: bool, url: str | None) -> None:
    """List the models of the server; with --changes also those that are switched off."""
    if changes and (search or category):
        raise click.UsageError("--changes lists every model: --search and --category do not go with it")
    with connect(url) as client:
        if changes:
            _list_changes(client.owner.models(), as_json)
            return
        found = client.models(search=search, category=category)
    if as_json:
        output.emit_json([model.raw for model in found])
        return
    rows = [
        (model.model_id, model.display_name, " ".join(model.categories), f"{model.base_price_usd:g}/{model.price_unit}")
        for model in found
    ]
    output.emit_table(("model", "name", "categories", "USD"), rows)


@command.command("show", epilog="Example: mutoscope models show bytedance/dreamina-3-0/pro/image-to-video")
@click.argument("model_id")
@click.option("--json", "as_json", is_flag=True, help="Print the whole entry as JSON.")
@url_option
def show(model_id: str, as_json: bool, url: str | None) -> None:
    """Show one model and its inputs."""
    with connect(url) as client:
        model = client.model(model_id)
    if as_json:
        output.emit_json(model.raw)
        return
    output.say(f"{model.display_name} ({model.model_id})\n{model.description}")
    schema = model.input_schema or {}
    required = schema.get("required", ())
    rows = [
        (
            name,
            field.get("type", ""),
            "required" if name in required else f"default {field['default']!r}" if "default" in field else "",
            _accepted(field),
        )
        for name, field in schema.get("properties", {}).items()
    ]
    output.emit_table(("input", "type", "", "accepted"), rows)


@command.command("check", epilog="Example: mutoscope models check ./my-models")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(folder: Path | None) -> None:
    """Check the built-in manifests and those in FOLDER; print every problem."""
    from mutoscope import catalog  # noqa: PLC0415 - only this command needs it, and it takes time
    from mutoscope.engines import registry  # noqa: PLC0415 - as above

    try:
        found = catalog.Catalog.load([folder] if folder else [])
    except catalog.CatalogError as exc:
        for problem in exc.problems:
            output.emit(problem)
        output.say(f"{len(exc.problems)} problems")
        raise click.exceptions.Exit(exits.BAD_INPUT) from exc
    problems = catalog.check_engines(found.models, {name: registry.capabilities(name) for name in registry.names()})
    for problem in problems:
        output.emit(problem)
    if problems:
        raise click.exceptions.Exit(exits.BAD_INPUT)
    output.say(f"{len(found.models)} models, no problems")


@command.command("pull", epilog="Example: mutoscope models pull wan-ai/wan-2-2/image-to-video")
@click.argument("name", required=False)
@click.option("--revision", default="", help="Commit, tag or branch; what the manifest says, else main.")
def pull(name: str | None, revision: str) -> None:
    """Fetch the weights of an open model, or of owner/name at the hub; without NAME, list the open models."""
    from mutoscope import equipment, settings  # noqa: PLC0415 - only this command needs them, and they take time
    from mutoscope.engines.diffusers import pulling, weights  # noqa: PLC0415 - as above

    found = settings.load()
    within = found.cache / weights.FOLDER
    known = equipment.load_catalog(settings.load({"vendors": "open"})).models
    ours = {model.id: model.engine_settings for model in known if model.engine == "diffusers"}
    if name is None:
        rows = [(i, told["model"], "here" if weights.is_here(told, within) else "") for i, told in ours.items()]
        output.emit_table(("model", "weights", ""), rows)
        return
    told = ours.get(name, {"model": name})
    if str(told["model"]).count("/") != 1:
        raise click.BadParameter(f"{name!r}: an open model's id, or owner/name, is accepted", param_hint="NAME")
    folder = pulling.pull(told["model"], revision or str(told.get("revision", "")), within, output.say)
    output.say(f"{folder}\nA server that is started from now on offers the model.")


@command.command("enable", epilog="Example: mutoscope models enable mutoscope/parallax")
@click.argument("model_id")
@url_option
def enable(model_id: str, url: str | None) -> None:
    """Switch a model on; what waited for it runs."""
    _change(url, model_id, enabled=None)


@command.command("disable", epilog="Example: mutoscope models disable mutoscope/parallax")
@click.argument("model_id")
@url_option
def disable(model_id: str, url: str | None) -> None:
    """Switch a model off: nobody can submit to it, what runs goes on, what waits stays in the queue."""
    _change(url, model_id, enabled=False)


@command.command("engine", epilog="Example: mutoscope models engine mutoscope/parallax testcard")
@click.argument("model_id")
@click.argument("engine")
@url_option
def engine(model_id: str, engine: str, url: str | None) -> None:
    """Have the next runs of a model done by another ENGINE; `default`: by that of its manifest."""
    _change(url, model_id, engine=None if engine == "default" else {"name": engine})


@command.command("price", epilog="Example: mutoscope models price mutoscope/parallax 0.02")
@click.argument("model_id")
@click.argument("usd")
@url_option
def price(model_id: str, usd: str, url: str | None) -> None:
    """Price one unit of a model in US dollars, for what is submitted from now on; `default`: as its manifest."""
    if usd != "default" and not _PRICE.fullmatch(usd):
        raise click.BadParameter(f"{usd!r}: a number such as 0.02, or `default`, is accepted", param_hint="USD")
    _change(url, model_id, base_price_usd=None if usd == "default" else float(usd))


_PRICE = re.compile(r"[0-9]{1,7}(\.[0-9]{1,9})?")


def _change(url: str | None, model_id: str, **change: Any) -> None:
    with connect(url) as client:
        told = client.owner.change_model(model_id, **change)
    differs = f"; differs from its manifest in {', '.join(told['changed'])}" if told["changed"] else ""
    output.say(f"{told['model_id']}: {_state(told)}, {told['engine']}, {_price(told)} USD{differs}")


def _list_changes(found: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        output.emit_json(list(found))
        return
    rows = [
        (told["model_id"], _state(told), told["engine"], _price(told), told["waiting"], " ".join(told["changed"]))
        for told in found
    ]
    output.emit_table(("model", "state", "engine", "USD", "waiting", "changed"), rows)


def _state(told: Mapping[str, Any]) -> str:
    return ("on" if told["is_set_up"] else "needs set-up") if told["enabled"] else "off"


def _price(told: Mapping[str, Any]) -> str:
    return f"{told['base_price_usd']:g}/{told['price_unit']}"


def _accepted(field: dict[str, object]) -> str:
    """The limits of one property in a few words."""
    names = ("enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "format")
    return ", ".join(f"{name} {field[name]}" for name in names if name in field)
