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
@click.option("--stop-with-stdin", is_flag=True, help="Stop when standard input ends, as it does when a parent dies.")
def command(ready_fd: int | None, stop_with_stdin: bool, **options: Any) -> None:
    """Start the server and its workers.

    Example: mutoscope serve --port 8000 --workers 1
    """
    values = settings.load(options)
    logs.configure(values.log_format, values.log_level)
    console = Console(stderr=True)

    def on_ready(ready: app.Ready) -> None:
        if ready_fd is not None:
            _tell(ready_fd, ready)
        _welcome(console, ready, keep=ready_fd is None, given=bool(values.api_key))

    uvloop.run(_serve(values, on_ready, stop_with_stdin=stop_with_stdin))


async def _serve(values: settings.Settings, on_ready: Callable[[app.Ready], None], *, stop_with_stdin: bool) -> None:
    stop = app.Stop()
    if stop_with_stdin:
        asyncio.get_running_loop().add_reader(0, _stop_at_end, stop)
    try:
        await app.serve(values, on_ready=on_ready, stop=stop)
    except OSError as exc:
        raise ConfigError(f"{exc.filename or values.data}: {exc.strerror}") from exc
    except asyncio.CancelledError:
        return


def _stop_at_end(stop: app.Stop) -> None:
    if not os.read(0, 4096):
        asyncio.get_running_loop().remove_reader(0)
        stop.ask()


def _tell(descriptor: int, ready: app.Ready) -> None:
    line = json.dumps({"url": ready.url, "api_key": ready.new_key})
    with open(descriptor, "w", closefd=descriptor > 2) as stream:
        stream.write(line + "\n")


def _welcome(console: Console, ready: app.Ready, *, keep: bool, given: bool) -> None:
    console.print(f"Mutoscope listens on [bold]{ready.url}[/bold]", highlight=False)
    console.print(f"data {ready.data} · {ready.models} models · {ready.workers} worker(s)", highlight=False)
    if ready.new_key and not given:
        console.print(f"your API key, shown once: [bold]{ready.new_key}[/bold]", highlight=False)
    if ready.new_key and keep:
        try:
            path = credentials.keep(ready.url, ready.new_key)
        except OSError as exc:  # a container may have no home that can be written to
            console.print(f"not kept for client and command line: {exc.filename}: {exc.strerror}", style="yellow")
        else:
            console.print(f"kept for client and command line in {path}", highlight=False)
    for name, reason in ready.engines_missing:
        console.print(f"engine {name} is not set up: {reason}", style="yellow", highlight=False)
    if ready.low_disk:
        console.print("less than 5 GB of disk are free; results are kept until they are deleted", style="yellow")
