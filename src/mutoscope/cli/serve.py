"""`mutoscope serve`: the whole cloud in one process and its workers."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import structlog
import uvloop
from rich.console import Console

from mutoscope import app, logs, settings, tracing
from mutoscope.client import ClientError, credentials
from mutoscope.errors import ConfigError

log = structlog.get_logger(__name__)

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
    tracing.configure(values.traces, service="mutoscope-server")

    def on_ready(ready: app.Ready) -> None:
        if ready_fd is not None:
            _tell(ready_fd, ready)
        _announce(ready, values, keep=ready_fd is None)

    uvloop.run(_serve(values, on_ready, stop_with_stdin=stop_with_stdin))


async def _serve(values: settings.Settings, on_ready: Callable[[app.Ready], None], *, stop_with_stdin: bool) -> None:
    stop = app.Stop()
    if stop_with_stdin:
        asyncio.get_running_loop().add_reader(0, _stop_at_end, stop)
    try:
        await app.serve(values, on_ready=on_ready, stop=stop, kept_key=_kept_key())
    except OSError as exc:
        raise ConfigError(f"{exc.filename or values.data}: {exc.strerror}") from exc
    except asyncio.CancelledError:
        return
    finally:
        tracing.close()


def _kept_key() -> str | None:
    """The key that client and command line would show; None when their file cannot be read."""
    try:
        return credentials.stored()[1]
    except ClientError:
        return None


def _stop_at_end(stop: app.Stop) -> None:
    if not os.read(0, 4096):
        asyncio.get_running_loop().remove_reader(0)
        stop.ask()


def _tell(descriptor: int, ready: app.Ready) -> None:
    line = json.dumps({"url": ready.url, "welcome_url": ready.welcome_url, "api_key": ready.new_key})
    with open(descriptor, "w", closefd=descriptor > 2) as stream:
        stream.write(line + "\n")


def _announce(ready: app.Ready, values: settings.Settings, *, keep: bool) -> None:
    """Say that it listens, to a person or as lines of the log.

    A new key goes to a terminal and into a file for its owner only, never into what may be a log.
    """
    say = _to_person if logs.as_text(values.log_format) else _to_log
    say(
        "server.ready",
        f"Mutoscope listens on {ready.url}\ndata {ready.data} · {ready.models} models · {ready.workers} worker(s)",
        url=ready.url,
        data=str(ready.data),
        models=ready.models,
        workers=ready.workers,
    )
    if sys.stderr.isatty():  # whoever reads a log is not let in
        words = f"open [bold]{ready.welcome_url}[/bold] in your browser; it signs you in, once"
        Console(stderr=True).print(words, highlight=False, soft_wrap=True)
    if ready.new_key and not values.api_key and sys.stderr.isatty():
        Console(stderr=True).print(f"your API key, shown once: [bold]{ready.new_key}[/bold]", highlight=False)
    if keep and (path := _keep(ready)):
        say("key.kept", f"the API key is kept for client and command line in {path}", path=str(path))
    for name, reason in ready.engines_missing:
        say("engine.missing", f"engine {name} is not set up: {reason}", engine=name, reason=reason)
    if ready.low_disk:
        say("disk.low", "less than 5 GB of disk are free; results are kept until they are deleted")


def _keep(ready: app.Ready) -> Path | None:
    """Note key and address where client and command line look; a new key elsewhere if that cannot be written."""
    url, held = credentials.stored() if ready.kept_key_fits else (None, None)
    if ready.new_key is None:
        return credentials.keep(ready.url, held) if held and url != ready.url else None
    try:
        return credentials.keep(ready.url, ready.new_key)
    except OSError:  # a container may have no home that can be written to
        path = ready.data / "first-key"
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(ready.new_key + "\n")
        return path


def _to_person(event: str, text: str, **facts: Any) -> None:
    del event, facts
    Console(stderr=True).print(text, highlight=False, markup=False)


def _to_log(event: str, text: str, **facts: Any) -> None:
    log.info(event, **(facts or {"told": text}))
