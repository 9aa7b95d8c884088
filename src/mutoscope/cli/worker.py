"""`mutoscope worker`: a worker for a server, on this machine or another. The work itself is in `mutoscope.worker`."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from mutoscope import ability, logs, settings
from mutoscope.cli import worker_options

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def _name(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _NAME.fullmatch(value):
        raise click.BadParameter(f"{value!r}: 1 to 80 letters, digits, dots, dashes and underscores are accepted")
    return value


@click.command("worker", epilog="Example: MUTOSCOPE_WORKER_TOKEN=… mutoscope worker --server http://10.0.0.5:8000")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--server", "server_url", required=True, metavar="URL", help="Address of the server.")
@click.option("--engine", "engines", multiple=True, metavar="NAME", help="May be repeated; all when not given.")
@click.option(
    "--drain-s",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds the request at hand may go on after SIGTERM.",
)
@click.option("--idle-s", type=click.FloatRange(min=0), help="Seconds without work after which it goes [never].")
@click.option("--name", metavar="NAME", callback=_name, help="By which it can be drained [host, process, chance].")
@click.option("--model", "models", multiple=True, metavar="ID", help="May be repeated, and hold *; all when not given.")
@click.option(
    "--gpu-memory-gb",
    type=click.FloatRange(0, 100_000),
    help="Memory of its GPU, in GiB [what nvidia-smi says; 0 without one].",
)
@click.option(
    "--label", "labels", multiple=True, metavar="WORD", callback=worker_options.labels, help="What else it has; repeat."
)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where attempts keep their files.")
def command(
    *,
    files: tuple[Path, ...],
    server_url: str,
    engines: tuple[str, ...],
    drain_s: float,
    idle_s: float | None,
    name: str | None,
    models: tuple[str, ...],
    gpu_memory_gb: float | None,
    labels: tuple[str, ...],
    folder: Path | None,
) -> None:
    """Take requests from a server and carry them out, until told to stop.

    FILES hold engines of your own; they run beside those that --engine names.

    What opens the server is read from MUTOSCOPE_WORKER_TOKEN: a key of scope `worker`, or the server's own token.
    """
    token = worker_options.required_token(os.environ.get("MUTOSCOPE_WORKER_TOKEN"))
    from mutoscope import worker  # noqa: PLC0415 - brings engines and media along
    from mutoscope.engines import registry  # noqa: PLC0415 - as above

    engines = (*engines, *registry.use_files(files)) if files else engines
    unknown = sorted(set(engines) - set(registry.names()))
    if unknown:
        raise click.BadParameter(
            f"{', '.join(unknown)}: no such engine; there are {', '.join(registry.names())}", param_hint="--engine"
        )
    values = settings.load()
    logs.configure(values.log_format, values.log_level)
    code = worker.main(
        server_url,
        token,
        engines or registry.names(),
        worker_id=name,
        idle_s=idle_s,
        folder=folder,
        drain_s=drain_s,
        fetch_allow=values.fetch_allow,
        ability=ability.Ability(
            models=models,
            gpu_memory_gb=ability.gpu_memory_gb() if gpu_memory_gb is None else gpu_memory_gb,
            labels=labels,
        ),
    )
    raise click.exceptions.Exit(code)
