"""`mutoscope keys`: make, list, replace and revoke API keys. Needs a key of scope `admin`."""

from __future__ import annotations

import click

from mutoscope.cli import output
from mutoscope.cli.connect import connect, url_option
from mutoscope.client import NewKey

SCOPES = ("run", "read", "admin")

_account = click.option("--account", help="Another account; only for the owner of the site.")


@click.group("keys", epilog="Example: mutoscope keys create --name laptop")
def command() -> None:
    """Make, list and revoke API keys."""


@command.command("list", epilog="Example: mutoscope keys list --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_account
@url_option
def list_keys(as_json: bool, account: str | None, url: str | None) -> None:
    """List the keys; the keys themselves are never shown again."""
    with connect(url) as client:
        found = client.keys(account=account)
    if as_json:
        output.emit_json([key.raw for key in found])
        return
    rows = [
        (
            *(key.key_id, key.name, key.prefix, " ".join(key.scopes), key.expires_at, key.revoked_at),
            *(" ".join(key.raw.get("networks") or ()), key.raw.get("last_used_at") or ""),
        )
        for key in found
    ]
    output.emit_table(("key_id", "name", "begins with", "scopes", "expires", "revoked", "only from", "last used"), rows)


@command.command("create", epilog="Example: mutoscope keys create --name ci --scope run --expires-in-days 30")
@click.option("--name", required=True, help="What the key is for.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="May be repeated [run read].")
@click.option("--network", "networks", multiple=True, help="Where it may be used from; may be repeated [anywhere].")
@click.option("--expires-in-days", type=click.FloatRange(min=0, min_open=True), help="Days until it ends [never].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_account
@url_option
def create(  # noqa: PLR0917 - click passes every option by name
    name: str,
    scopes: tuple[str, ...],
    networks: tuple[str, ...],
    expires_in_days: float | None,
    as_json: bool,
    account: str | None,
    url: str | None,
) -> None:
    """Make a key and print it, this once, on standard output; --account opens an account for somebody else."""
    expires_in_s = None if expires_in_days is None else int(expires_in_days * 86400)
    with connect(url) as client:
        made = client.create_key(
            name, scopes or ("run", "read"), expires_in_s=expires_in_s, account=account, networks=networks
        )
    _show(made, as_json)


@command.command("rotate", epilog="Example: mutoscope keys rotate KEY_ID --overlap-hours 2")
@click.argument("key_id")
@click.option(
    "--overlap-hours",
    type=click.FloatRange(0, 90 * 24),
    default=24.0,
    show_default=True,
    help="How long the present key goes on opening.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_account
@url_option
def rotate(key_id: str, overlap_hours: float, as_json: bool, account: str | None, url: str | None) -> None:
    """Replace a key: print another one with the same id, name, scopes and limits, and let both open for a while."""
    with connect(url) as client:
        made = client.rotate_key(key_id, overlap_s=int(overlap_hours * 3600), account=account)
    _show(made, as_json)


def _show(made: NewKey, as_json: bool) -> None:
    if as_json:
        output.emit_json({**made.key.raw, "key": made.secret})
        return
    output.say(f"{made.key.key_id}: {' '.join(made.key.scopes)}; keep the key, it is not shown again")
    output.emit(made.secret)


@command.command("revoke", epilog="Example: mutoscope keys revoke KEY_ID")
@click.argument("key_id")
@_account
@url_option
def revoke(key_id: str, account: str | None, url: str | None) -> None:
    """End a key for good."""
    with connect(url) as client:
        client.revoke_key(key_id, account=account)
    output.say(f"{key_id}: revoked")
