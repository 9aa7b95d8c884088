"""`mutoscope requests`: what was asked of the server, and what became of it."""

from __future__ import annotations

from pathlib import Path

import click

from mutoscope.cli import exits, output
from mutoscope.cli.connect import connect, url_option
from mutoscope.cli.display import Display

STATES = ("in_queue", "in_progress", "completed", "failed", "cancelled")


@click.group("requests", epilog="Example: mutoscope requests list --state failed")
def command() -> None:
    """List, follow, cancel and download requests."""


@command.command("list", epilog="Example: mutoscope requests list --state failed --limit 50")
@click.option("--model", help="Only this model.")
@click.option("--state", type=click.Choice(STATES), help="Only this state.")
@click.option("--after", metavar="TIME", help="Created after, such as 2026-01-31T12:00:00+00:00.")
@click.option("--before", metavar="TIME", help="Created before.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@url_option
def list_requests(
    *,
    model: str | None,
    state: str | None,
    after: str | None,
    before: str | None,
    limit: int,
    as_json: bool,
    url: str | None,
) -> None:
    """List requests, newest first."""
    with connect(url) as client:
        found = list(client.requests(model=model, state=state, after=after, before=before, limit=limit))
    if as_json:
        output.emit_json([request.raw for request in found])
        return
    rows = [
        (request.request_id, request.state, request.created_at[:19], request.model_id, request.error or request.stage)
        for request in found
    ]
    output.emit_table(("request", "state", "created", "model", ""), rows)


@command.command("show", epilog="Example: mutoscope requests show REQUEST_ID")
@click.argument("request_id")
@url_option
def show(request_id: str, url: str | None) -> None:
    """Print all that the server knows of a request, as JSON."""
    with connect(url) as client:
        output.emit_json(client.request(request_id).raw)


@command.command("cancel", epilog="Example: mutoscope requests cancel REQUEST_ID --running")
@click.argument("request_id")
@click.option("--running", is_flag=True, help="Stop it even while it runs.")
@url_option
def cancel(request_id: str, running: bool, url: str | None) -> None:
    """Take a request out of the queue."""
    with connect(url) as client:
        found = client.cancel(request_id, running=running)
    if found.is_cancelled:
        output.say(f"{request_id}: cancelled")
        return
    hint = "; --running stops it" if found.state == "in_progress" and not running else ""
    output.say(f"{request_id}: not cancelled, it is {found.state}{hint}")
    raise click.exceptions.Exit(exits.FAILED)


@command.command("delete", epilog="Example: mutoscope requests delete REQUEST_ID")
@click.argument("request_ids", nargs=-1, required=True)
@url_option
def delete(request_ids: tuple[str, ...], url: str | None) -> None:
    """Remove ended requests and their outputs."""
    with connect(url) as client:
        for request_id in request_ids:
            client.delete(request_id)
            output.say(f"{request_id}: deleted")


@command.command("events", epilog="Example: mutoscope requests events REQUEST_ID")
@click.argument("request_id")
@click.option("--after", "last_event_id", type=int, help="Only events after this number.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@url_option
def events(request_id: str, last_event_id: int | None, as_json: bool, url: str | None) -> None:
    """Follow a request until it ends."""
    with connect(url) as client:
        for event in client.events(request_id, last_event_id):
            if as_json:
                output.emit_json_line({"seq": event.seq, "kind": event.kind, "data": event.data})
            else:
                values = " ".join(f"{name}={value}" for name, value in event.data.items())
                output.emit(f"{'' if event.seq is None else event.seq}\t{event.kind}\t{values}")


@command.command("download", epilog="Example: mutoscope requests download REQUEST_ID --output-dir videos")
@click.argument("request_id")
@click.option("--output-dir", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Where to [.].")
@url_option
def download(request_id: str, output_dir: Path, url: str | None) -> None:
    """Save the outputs of a completed request; their paths are printed on standard output."""
    with connect(url) as client:
        result = client.result(request_id)
        if not result.urls:
            output.say(f"{request_id}: nothing to download, it is {result.state}{result.error and ': '}{result.error}")
            raise click.exceptions.Exit(exits.FAILED)
        with Display() as display:
            result = client.save(result, output_dir, on_progress=display.on_transfer)
    for path in result.files:
        output.emit(path)
