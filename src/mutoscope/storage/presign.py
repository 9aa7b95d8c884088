"""Addresses that carry their own permission: AWS Signature Version 4 in the query of a URL.

Whoever holds one may do that one thing to that one object until it expires; the secret never leaves the server. The
host is the only header that is signed, so ranges and conditions may be added.
Source: AWS, "Authenticating requests: using query parameters (AWS Signature Version 4)".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
LONGEST_S = 7 * 86400
"""The longest that S3 lets such an address live."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whom S3 knows us as. session_token: of temporary ones."""

    key_id: str
    secret: str = field(repr=False)
    session_token: str = field(default="", repr=False)


def presigned(
    method: str,
    address: str,
    *,
    credentials: Credentials,
    region: str,
    at: datetime,
    expires_s: int,
    query: Mapping[str, str] | None = None,
) -> str:
    """The address of an object, signed.

    address   without a query, its path percent-encoded.
    at        now, in UTC.
    query     further parameters; nobody can change them afterwards.
    """
    parts, day = urlsplit(address), at.strftime("%Y%m%d")
    scope = f"{day}/{region}/s3/aws4_request"
    values = {
        **(query or {}),
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.key_id}/{scope}",
        "X-Amz-Date": at.strftime("%Y%m%dT%H%M%SZ"),
        "X-Amz-Expires": str(min(expires_s, LONGEST_S)),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.session_token:
        values["X-Amz-Security-Token"] = credentials.session_token
    asked = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(values.items()))
    canonical = "\n".join([method, parts.path or "/", asked, f"host:{parts.netloc}\n", "host", "UNSIGNED-PAYLOAD"])
    to_sign = "\n".join([ALGORITHM, values["X-Amz-Date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + credentials.secret.encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"{address}?{asked}&X-Amz-Signature={hmac.digest(key, to_sign.encode(), 'sha256').hex()}"


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
