"""The Python client of Mutoscope's API: `Client` blocks, `AsyncClient` awaits.

    from mutoscope.client import Client

    with Client() as client:
        inputs = {"prompt": "slow push-in", "image_urls": ["./photo.jpg"]}
        result = client.run("vendor/model", inputs, output_dir=".")
        print(result.files[0])

It works against any server that speaks RunComfy's Model API. The folder imports nothing else of this
project, only httpx and the standard library, so it can be copied into another. Start reading at `protocol`.
"""

from __future__ import annotations

from .aio import AsyncClient
from .errors import (
    APIError,
    BadArgument,
    ClientError,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InvalidInput,
    NotFound,
    PaymentRequired,
    RateLimited,
    RunCancelled,
    RunFailed,
    ServerError,
    TooLarge,
    Unauthorized,
    UnexpectedAnswer,
    WaitTimedOut,
    WebhookVerificationError,
)
from .quote_values import InputCheck, Quote
from .steps import Retry
from .sync import Client
from .values import (
    Balance,
    Cancellation,
    Event,
    Key,
    Model,
    NewKey,
    RequestInfo,
    Result,
    Status,
    Submitted,
    Transfer,
    UploadedFile,
    Usage,
)
from .webhook_values import NewWebhookEndpoint, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret

__all__ = [
    "APIError",
    "AsyncClient",
    "BadArgument",
    "Balance",
    "Cancellation",
    "Client",
    "ClientError",
    "Conflict",
    "ConnectionFailed",
    "Event",
    "Forbidden",
    "InputCheck",
    "InvalidInput",
    "Key",
    "Model",
    "NewKey",
    "NewWebhookEndpoint",
    "NotFound",
    "PaymentRequired",
    "Quote",
    "RateLimited",
    "RequestInfo",
    "Result",
    "Retry",
    "RunCancelled",
    "RunFailed",
    "ServerError",
    "Status",
    "Submitted",
    "TooLarge",
    "Transfer",
    "Unauthorized",
    "UnexpectedAnswer",
    "UploadedFile",
    "Usage",
    "WaitTimedOut",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookSecret",
    "WebhookVerificationError",
]
