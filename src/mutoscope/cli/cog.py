"""`mutoscope cog`: models packed with Cog become models here."""

from __future__ import annotations

from pathlib import Path

import click
import orjson
import yaml

from mutoscope.cli import exits, output

LOOK_S = 20.0
DOCUMENT_BYTES = 8 << 20


@click.group("cog", epilog="Example: mutoscope cog import http://127.0.0.1:5000 --id studio/ink --write")
def command() -> None:
    """Make models of Cog containers."""


@command.command("import", epilog="Example: mutoscope cog import http://127.0.0.1:5000 --id studio/ink --write")
@click.argument("url")
@click.option("--id", "model_id", default="cog/model", show_default=True, help="Id of the model.")
@click.option("--write", is_flag=True, help="Write the manifest into this folder instead of printing it.")
def import_server(url: str, model_id: str, write: bool) -> None:
    """Propose a manifest for the Cog server that listens at URL."""
    from mutoscope.engines.cog import proposal  # noqa: PLC0415 - it takes time to import
    from mutoscope.errors import ConfigError, MediaError  # noqa: PLC0415 - as above

    try:
        manifest = proposal.propose(_document(url.rstrip("/")), model_id=model_id, url=url.rstrip("/"))
    except (ConfigError, MediaError) as exc:
        output.say(f"{url}: {exc.message}")
        raise click.exceptions.Exit(exits.BAD_INPUT) from exc
    text = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=120)
    if not write:
        output.emit(text.rstrip())
        return
    target = Path(f"{model_id.rpartition('/')[2]}.yaml")
    if target.exists():
        output.say(f"{target} is there already; remove it, or leave out --write and read the proposal")
        raise click.exceptions.Exit(exits.BAD_INPUT)
    target.write_text(text, "utf-8")
    output.say(f"wrote {target}; read it, then: MUTOSCOPE_MANIFESTS=. mutoscope serve")


def _document(url: str) -> dict[str, object]:
    """What the server says of itself. Raises ConfigError and MediaError."""
    from mutoscope import net  # noqa: PLC0415 - as above
    from mutoscope.errors import ConfigError  # noqa: PLC0415 - as above

    policy = net.Policy(max_bytes=DOCUMENT_BYTES, trusted=frozenset({net.origin_of(url)}), total_timeout_s=LOOK_S)
    answer = net.ask("GET", f"{url}/openapi.json", policy)
    if answer.status != 200:
        raise ConfigError(f"/openapi.json was answered with {answer.status}; a Cog server that is ready is accepted")
    try:
        told = orjson.loads(answer.body)
    except orjson.JSONDecodeError as exc:
        raise ConfigError("/openapi.json is no JSON") from exc
    return told if isinstance(told, dict) else {}
