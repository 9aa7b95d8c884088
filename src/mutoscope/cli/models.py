"""`mutoscope models`: the catalogue of a server, and the check of manifests on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from mutoscope.cli import exits, output
from mutoscope.cli.connect import connect, url_option


@click.group("models", epilog="Example: mutoscope models list --search dreamina")
def command() -> None:
    """List and show models, check manifests."""


@command.command("list", epilog="Example: mutoscope models list --category image-to-video")
@click.option("--search", help="Words in the id, name or description.")
@click.option("--category", help="Only this category, such as image-to-video.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@url_option
def list_models(search: str | None, category: str | None, as_json: bool, url: str | None) -> None:
    """List the models of the server."""
    with connect(url) as client:
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


def _accepted(field: dict[str, object]) -> str:
    """The limits of one property in a few words."""
    names = ("enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "format")
    return ", ".join(f"{name} {field[name]}" for name in names if name in field)
