"""`mutoscope usage`: what was used and what it cost."""

from __future__ import annotations

import click

from mutoscope.cli import output
from mutoscope.cli.connect import connect, url_option


@click.command("usage", epilog="Example: mutoscope usage --from 2026-01-01")
@click.option("--from", "since", metavar="TIME", help="From this instant or day on.")
@click.option("--to", "until", metavar="TIME", help="Up to this instant or day.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@url_option
def command(since: str | None, until: str | None, as_json: bool, url: str | None) -> None:
    """Show what was used and what it cost."""
    with connect(url) as client:
        found = client.usage(since, until)
    if as_json:
        output.emit_json({"usage": list(found.records), "total_usd": found.total_usd})
        return
    columns = ("at", "request_id", "model_id", "quantity", "unit", "cost_usd", "state")
    output.emit_table(columns, [[record.get(name, "") for name in columns] for record in found.records])
    output.say(f"total: {found.total_usd:.4f} USD")
