"""`mutoscope comfy`: ComfyUI workflows become models."""

from __future__ import annotations

from pathlib import Path

import click
import orjson
import yaml

from mutoscope.cli import exits, output


@click.group("comfy", epilog="Example: mutoscope comfy import portrait.json --write")
def command() -> None:
    """Make models of ComfyUI workflows."""


@command.command(
    "import", epilog="Example: mutoscope comfy import portrait.json --server http://127.0.0.1:8188 --write"
)
@click.argument("workflow", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "model_id", help="Id of the model; comfyui/ and the file's name when not given.")
@click.option("--server", "servers", multiple=True, help="Address of a ComfyUI server; may be given several times.")
@click.option("--write", is_flag=True, help="Write the manifest beside the workflow instead of printing it.")
def import_workflow(workflow: Path, model_id: str | None, servers: tuple[str, ...], write: bool) -> None:
    """Propose a manifest for WORKFLOW, a file in ComfyUI's API format (Workflow > Export (API))."""
    from mutoscope.engines.comfyui import proposal  # noqa: PLC0415 - it takes time to import
    from mutoscope.engines.comfyui.workflow import read_graph  # noqa: PLC0415 - as above
    from mutoscope.errors import ConfigError  # noqa: PLC0415 - as above

    try:
        graph = read_graph(orjson.loads(workflow.read_bytes()))
        name = model_id or f"comfyui/{_word(workflow.stem)}"
        manifest = proposal.propose(graph, model_id=name, workflow=workflow.name, servers=servers)
    except (ConfigError, orjson.JSONDecodeError) as exc:
        output.say(f"{workflow}: {exc.message if isinstance(exc, ConfigError) else 'is no JSON'}")
        raise click.exceptions.Exit(exits.BAD_INPUT) from exc
    text = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=120)
    if not write:
        output.emit(text.rstrip())
        return
    target = workflow.with_suffix(".yaml")
    if target.exists():
        output.say(f"{target} is there already; remove it, or leave out --write and read the proposal")
        raise click.exceptions.Exit(exits.BAD_INPUT)
    target.write_text(text, "utf-8")
    output.say(f"wrote {target}; read it, then: MUTOSCOPE_MANIFESTS={target.parent} mutoscope serve")


def _word(stem: str) -> str:
    """A file's name as a segment of an id."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in stem).strip("-") or "workflow"
