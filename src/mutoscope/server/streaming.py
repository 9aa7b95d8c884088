"""An answer that goes on for a while, of which an account has no more than so many at once."""

from __future__ import annotations

from contextlib import AbstractContextManager

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class PlacedStream(StreamingResponse):
    """A stream that holds one of the account's places while it runs."""

    place: AbstractContextManager[None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, if there is a place. Raises RateLimited."""
        with self.place:
            await super().__call__(scope, receive, send)
