"""`mutoscope webhooks`: endpoints, their secrets, what was delivered, and a local receiver. Mostly of scope `admin`."""

from __future__ import annotations

import time

import click

from mutoscope.cli import exits, listen, output
from mutoscope.cli.connect import connect, url_option
from mutoscope.client import Client, WebhookDelivery

EVENTS = ("in_queue", "in_progress", "completed", "failed", "cancelled")
DELIVERY_STATES = ("pending", "delivered", "failed")
TEST_LIMIT_S = 15.0
"""How long `test` waits for the outcome: a little longer than a receiver has."""

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("webhooks", epilog="Example: mutoscope webhooks create https://example.com/hook")
def command() -> None:
    """Have addresses told when requests end, and see what became of it."""


@command.command("list", epilog="Example: mutoscope webhooks list --json")
@_as_json
@url_option
def list_endpoints(as_json: bool, url: str | None) -> None:
    """List the account's endpoints; their secrets are never shown again."""
    with connect(url) as client:
        found = client.webhooks()
    if as_json:
        output.emit_json([endpoint.raw for endpoint in found])
        return
    rows = [
        (one.endpoint_id, "on" if one.enabled else f"off: {one.disabled_reason}", " ".join(one.events), one.url)
        for one in found
    ]
    output.emit_table(("endpoint_id", "enabled", "events", "address"), rows)


@command.command("create", epilog="Example: mutoscope webhooks create https://example.com/hook --event failed")
@click.argument("address")
@click.option("--event", "events", multiple=True, type=click.Choice(EVENTS), help="May be repeated [when it ended].")
@click.option("--model", "models", multiple=True, help="Only this model; may be repeated.")
@click.option("--description", help="What it is for.")
@_as_json
@url_option
def create(  # noqa: PLR0917 - click passes every option by name
    address: str,
    events: tuple[str, ...],
    models: tuple[str, ...],
    description: str | None,
    as_json: bool,
    url: str | None,
) -> None:
    """Make an endpoint and print its secret, this once, on standard output."""
    with connect(url) as client:
        made = client.create_webhook(address, events=events or None, models=models or None, description=description)
    if as_json:
        output.emit_json({**made.endpoint.raw, "secret": made.secret})
        return
    output.say(f"{made.endpoint.endpoint_id}: {' '.join(made.endpoint.events)}; keep the secret, it is not shown again")
    output.emit(made.secret)


@command.command("change", epilog="Example: mutoscope webhooks change ENDPOINT_ID --enable")
@click.argument("endpoint_id")
@click.option("--address", help="Where it is now.")
@click.option("--event", "events", multiple=True, type=click.Choice(EVENTS), help="Instead of those before.")
@click.option("--enable/--disable", "enabled", default=None, help="Send there, or not.")
@url_option
def change(
    endpoint_id: str, *, address: str | None, events: tuple[str, ...], enabled: bool | None, url: str | None
) -> None:
    """Change an endpoint. Disabling ends what still waits to be sent there."""
    with connect(url) as client:
        found = client.change_webhook(endpoint_id, url=address, events=events or None, enabled=enabled)
    output.emit_json(found.raw)


@command.command("delete", epilog="Example: mutoscope webhooks delete ENDPOINT_ID")
@click.argument("endpoint_ids", nargs=-1, required=True)
@url_option
def delete(endpoint_ids: tuple[str, ...], url: str | None) -> None:
    """Remove endpoints; the log of what was sent there stays."""
    with connect(url) as client:
        for endpoint_id in endpoint_ids:
            client.delete_webhook(endpoint_id)
            output.say(f"{endpoint_id}: deleted")


@command.command("rotate", epilog="Example: mutoscope webhooks rotate ENDPOINT_ID")
@click.argument("endpoint_id")
@url_option
def rotate(endpoint_id: str, url: str | None) -> None:
    """Make a new secret and print it; the old one signs beside it for 24 hours."""
    with connect(url) as client:
        found = client.rotate_webhook(endpoint_id)
    output.say(f"{endpoint_id}: the old secret signs too until {found.previous_expires_at}")
    output.emit(found.secret)


@command.command("secret", epilog="Example: mutoscope webhooks secret")
@click.option("--rotate", "is_new", is_flag=True, help="Make a new one; the old one signs beside it for 24 hours.")
@url_option
def secret(is_new: bool, url: str | None) -> None:
    """Print the secret that signs the webhooks single requests bring along."""
    with connect(url) as client:
        found = client.rotate_webhook_secret() if is_new else client.webhook_secret()
    if found.previous_expires_at:
        output.say(f"the old secret signs too until {found.previous_expires_at}")
    output.emit(found.secret)


@command.command("test", epilog="Example: mutoscope webhooks test ENDPOINT_ID")
@click.argument("endpoint_id")
@url_option
def test(endpoint_id: str, url: str | None) -> None:
    """Send a test event and tell what became of the first try."""
    with connect(url) as client:
        delivery = _tried(client, client.test_webhook(endpoint_id))
    if delivery.attempts:
        output.say(_told(delivery))
    else:
        output.say(f"{delivery.delivery_id}: not sent yet; `mutoscope webhooks deliveries` shows when")
    if delivery.state != "delivered":
        raise click.exceptions.Exit(exits.FAILED)


@command.command("deliveries", epilog="Example: mutoscope webhooks deliveries --state failed")
@click.argument("delivery_id", required=False)
@click.option("--request", "request_id", help="Only of this request.")
@click.option("--endpoint", "endpoint_id", help="Only to this endpoint.")
@click.option("--state", type=click.Choice(DELIVERY_STATES), help="Only in this state.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@_as_json
@url_option
def deliveries(
    delivery_id: str | None,
    *,
    request_id: str | None,
    endpoint_id: str | None,
    state: str | None,
    limit: int,
    as_json: bool,
    url: str | None,
) -> None:
    """List what was sent to whom, newest first; with DELIVERY_ID print all its tries, as JSON."""
    with connect(url) as client:
        if delivery_id is not None:
            output.emit_json(client.delivery(delivery_id).raw)
            return
        found = list(client.deliveries(request_id=request_id, endpoint_id=endpoint_id, state=state, limit=limit))
    if as_json:
        output.emit_json([delivery.raw for delivery in found])
        return
    rows = [
        (one.delivery_id, one.state, one.attempt, one.created_at[:19], one.type, one.request_id, one.url, one.error)
        for one in found
    ]
    output.emit_table(("delivery", "state", "tries", "created", "event", "request", "address", ""), rows)


@command.command("replay", epilog="Example: mutoscope webhooks replay DELIVERY_ID")
@click.argument("delivery_ids", nargs=-1, required=True)
@url_option
def replay(delivery_ids: tuple[str, ...], url: str | None) -> None:
    """Send deliveries again, under the same webhook-id."""
    with connect(url) as client:
        for delivery_id in delivery_ids:
            client.replay(delivery_id)
            output.say(f"{delivery_id}: will be sent again")


command.add_command(listen.command)


def _tried(client: Client, delivery: WebhookDelivery) -> WebhookDelivery:
    """The delivery once it was tried, or as it is when the time is over."""
    ends = time.monotonic() + TEST_LIMIT_S
    while not delivery.attempts and time.monotonic() < ends:
        time.sleep(0.1)
        delivery = client.delivery(delivery.delivery_id)
    return delivery


def _told(delivery: WebhookDelivery) -> str:
    last = delivery.attempts[-1]
    answer = f"answered {last.response_status}" if last.response_status else last.error
    again = f"; again at {delivery.next_attempt_at}" if delivery.state == "pending" else ""
    return f"{delivery.delivery_id}: {delivery.state}, {answer} after {last.duration_ms} ms{again}"
