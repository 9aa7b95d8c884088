"""`mutoscope accounts`: every account of a site. For its owner; their keys are under `mutoscope keys --account`."""

from __future__ import annotations

import click

from mutoscope.cli import output
from mutoscope.cli.connect import connect, url_option

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("accounts", epilog="Example: mutoscope accounts open studio")
def command() -> None:
    """List and open accounts."""


@command.command("list", epilog="Example: mutoscope accounts list --json")
@_json
@url_option
def list_accounts(as_json: bool, url: str | None) -> None:
    """List the accounts, oldest first; the first is the owner's."""
    with connect(url) as client:
        found = client.owner.accounts()
    if as_json:
        output.emit_json(list(found))
        return
    rows = [
        (row["account_id"], row["name"], row["keys"], f"{row['spent_usd']:.4f}", row["created_at"]) for row in found
    ]
    output.emit_table(("account_id", "name", "keys", "spent USD", "made"), rows)


@command.command("open", epilog="Example: mutoscope accounts open studio")
@click.argument("name")
@url_option
def open_account(name: str, url: str | None) -> None:
    """Open an account, and print its id; `mutoscope keys create --account NAME` makes its first key."""
    with connect(url) as client:
        made = client.owner.open_account(name)
    output.say(f"{made['name']}: open; it has no key yet")
    output.emit(made["account_id"])
