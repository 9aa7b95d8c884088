"""`mutoscope workers`: who works, and who is to stop. For the owner of the site."""

from __future__ import annotations

from typing import Any

import click

from mutoscope.cli import output
from mutoscope.cli.connect import connect, url_option

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("workers", epilog="Example: mutoscope workers drain studio-8000-1")
def command() -> None:
    """See who works, and take workers out of service."""


@command.command("list", epilog="Example: mutoscope workers list --json")
@_json
@url_option
def list_workers(as_json: bool, url: str | None) -> None:
    """List the workers; with --json also what runs where, and what waits."""
    with connect(url) as client:
        told = client.owner.workers()
    if as_json:
        output.emit_json(told)
        return
    rows = [
        (line["worker_id"], line["state"], line["running"], _heard(line), " ".join(line["engines"]))
        for line in told["workers"]
    ]
    output.emit_table(("worker", "state", "running", "heard of", "engines"), rows)


@command.command("drain", epilog="Example: mutoscope workers drain studio-8000-1")
@click.argument("worker_id")
@url_option
def drain(worker_id: str, url: str | None) -> None:
    """Have a worker finish what it has and take nothing new, also after a restart, until it is resumed."""
    with connect(url) as client:
        _say(client.owner.drain_worker(worker_id))


@command.command("resume", epilog="Example: mutoscope workers resume studio-8000-1")
@click.argument("worker_id")
@url_option
def resume(worker_id: str, url: str | None) -> None:
    """Have a drained worker take requests again."""
    with connect(url) as client:
        _say(client.owner.resume_worker(worker_id))


def _say(line: Any) -> None:
    rest = f", {line['running']} running" if line["running"] else ""
    output.say(f"{line['worker_id']}: {line['state']}{rest}")


def _heard(line: Any) -> str:
    return "" if line["heard_s"] is None else f"{line['heard_s']:.0f} s ago"
