"""`mutoscope serve`: the whole cloud in one process and its workers."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import uvloop
from rich.console import Console

from mutoscope import app, logs, settings
from mutoscope.client import credentials
from mutoscope.errors import ConfigError

_CLICK_TYPES: dict[type, Any] = {
    str: click.STRING,
    int: click.INT,
    float: click.FLOAT,
    Path: click.Path(path_type=Path),
}


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """An option for every setting that is no secret; secrets come from the environment only."""
    for setting in reversed(settings.SETTINGS):
        if not setting.secret:
            command = click.option(
                "--" + setting.name.replace("_", "-"),
                type=_CLICK_TYPES[setting.type],
                default=None,
                help=f"{setting.text} [{setting.env}; default: {_shown(setting.default)}]",
            )(command)
    return command


def _shown(default: Any) -> str:
    return "none" if default in (None, "") else str(default)


@click.command("serve")
@_with_settings
@click.option("--ready-fd", type=int, default=None, help="Write one JSON line to this descriptor once it listens.")
def command(ready_fd: int | None, **options: Any) -> None:
    """Start the server and its workers.

    Example: mutoscope serve --port 8000 --workers 1
    """
    values = settings.load(options)
    logs.configure(values.log_format, values.log_level)
    console = Console(stderr=True)

    def on_ready(ready: app.Ready) -> None:
        if ready_fd is not None:
            _tell(ready_fd, ready, values.api_key)
        _welcome(console, ready, keep=ready_fd is None, given=bool(values.api_key))

    uvloop.run(_serve(values, on_ready))


async def _serve(values: settings.Settings, on_ready: Callable[[app.Ready], None]) -> None:
    try:
        await app.serve(values, on_ready=on_ready)
    except OSError as exc:
        raise ConfigError(f"{exc.filename or values.data}: {exc.strerror}") from exc
    except asyncio.CancelledError:
        return


def _tell(descriptor: int, ready: app.Ready, given_key: str) -> None:
    line = json.dumps({"url": ready.url, "api_key": ready.new_key or given_key or None})
    with open(descriptor, "w", closefd=descriptor > 2) as stream:
        stream.write(line + "\n")


def _welcome(console: Console, ready: app.Ready, *, keep: bool, given: bool) -> None:
    console.print(f"Mutoscope listens on [bold]{ready.url}[/bold]", highlight=False)
    console.print(f"data {ready.data} · {ready.models} models · {ready.workers} worker(s)", highlight=False)
    if ready.new_key and not given:
        console.print(f"your API key, shown once: [bold]{ready.new_key}[/bold]", highlight=False)
    if ready.new_key and keep:
        path = _keep(ready.url, ready.new_key)
        console.print(f"kept for client and command line in {path}", highlight=False)
    for name, reason in ready.engines_missing:
        console.print(f"engine {name} is not set up: {reason}", style="yellow", highlight=False)
    if ready.low_disk:
        console.print("less than 5 GB of disk are free; results are kept until they are deleted", style="yellow")


def _keep(url: str, api_key: str) -> Path:
    """Write address and key where client and command line look, readable by this user only."""
    path = credentials.path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(".new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"url": url, "api_key": api_key}, file)
    temporary.replace(path)
    return path
