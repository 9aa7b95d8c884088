"""`mutoscope audit`: who did what administrative act, from where. Needs a key of scope `admin`."""

from __future__ import annotations

import click

from mutoscope.cli import output
from mutoscope.cli.connect import connect, url_option

_account = click.option("--account", help="Another account; only for the owner of the site.")
_everything = click.option("--all", "everything", is_flag=True, help="Every account; only for the owner of the site.")
_action = click.option("--action", help="Only this act, such as key.created.")
_after = click.option("--after", metavar="TIME", help="Only what was done at or after this time.")


@click.group("audit", epilog="Example: mutoscope audit list --action key.created")
def command() -> None:
    """See who made, changed and revoked what."""


@command.command("list", epilog="Example: mutoscope audit list --all --limit 20")
@_account
@_everything
@_action
@_after
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most.")
@url_option
def list_entries(  # noqa: PLR0917 - click passes every option by name
    account: str | None, everything: bool, action: str | None, after: str | None, limit: int, url: str | None
) -> None:
    """List acts, newest first."""
    with connect(url) as client:
        found = list(client.audit(account=account, everything=everything, action=action, after=after, limit=limit))
    rows = [(row["at"], row["action"], row["target"], row["by"], row["key_id"], row["address"]) for row in found]
    output.emit_table(("at", "act", "of what", "by", "key", "from"), rows)


@command.command("export", epilog="Example: mutoscope audit export --all > audit.jsonl")
@_account
@_everything
@_action
@_after
@url_option
def export(account: str | None, everything: bool, action: str | None, after: str | None, url: str | None) -> None:
    """Print every act as one JSON object per line, newest first, with what it changed."""
    with connect(url) as client:
        for row in client.audit(account=account, everything=everything, action=action, after=after):
            output.emit_json_line(row)
