"""`mutoscope limits`: limits of the whole site. For its owner; limits of keys are under `mutoscope keys update`."""

from __future__ import annotations

from typing import Any

import click

from mutoscope.cli import output
from mutoscope.cli.connect import connect, url_option

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("limits", epilog="Example: mutoscope limits set max_queued 500")
def command() -> None:
    """Show and change limits of the whole site."""


@command.command("list", epilog="Example: mutoscope limits list")
@_json
@url_option
def list_limits(as_json: bool, url: str | None) -> None:
    """List the limits that can be changed while the server runs, and what its settings say."""
    with connect(url) as client:
        _show(client.owner.limits(), as_json)


@command.command("set", epilog="Example: mutoscope limits set max_queued 500")
@click.argument("name")
@click.argument("value")
@_json
@url_option
def change(name: str, value: str, as_json: bool, url: str | None) -> None:
    """Give a limit another VALUE, a whole number; `default`: as the settings have it."""
    if value != "default" and not (value.isascii() and value.isdigit()):
        raise click.BadParameter(f"{value!r}: a whole number or `default` is accepted", param_hint="VALUE")
    with connect(url) as client:
        told = client.owner.change_limits(**{name: None if value == "default" else int(value)})
    output.say(f"{name}: changed")
    _show(told, as_json)


def _show(told: Any, as_json: bool) -> None:
    if as_json:
        output.emit_json(told)
        return
    rows = [(name, now, told["settings"][name]) for name, now in told["limits"].items()]
    output.emit_table(("limit", "now", "by the settings"), rows)
