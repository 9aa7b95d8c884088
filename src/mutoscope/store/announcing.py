"""What webhooks will tell of a move, written into the outbox in the move's own transaction. The outbox: `outbox`."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

import orjson

from mutoscope.store.database import Transaction


def announce(tx: Transaction, request_id: str, state: str) -> None:
    """Write down who is to hear that a request is in this state now. Part of the move's own transaction."""
    receivers = tx.all("webhook_receivers", id=request_id)
    if not receivers:
        return
    event_id = f"msg_{uuid.uuid4().hex}"
    for row in receivers:
        models = orjson.loads(row["models"])
        if state not in row["events"].split() or (models and row["model_id"] not in models):
            continue
        tx.put(
            "webhook_delivery_add",
            id=uuid.uuid4().hex,
            account_id=row["account_id"],
            endpoint_id=row["endpoint_id"],
            request_id=request_id,
            model_id=row["model_id"],
            event_id=event_id,
            type=f"request.{state}",
            url=row["url"],
            destination=row["endpoint_id"] or f"{row['account_id']} {urlsplit(row['url']).netloc}",
        )
