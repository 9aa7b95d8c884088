"""Where files are kept, out of what the operator wrote: a folder, or `s3://bucket/prefix` with its server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mutoscope.errors import ConfigError
from mutoscope.storage.presign import Credentials

SCHEME = "s3://"
CREDENTIALS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
STYLES = ("path", "virtual")
_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?:/([A-Za-z0-9!_.*'()/-]*))?")
_ENDPOINT = re.compile(r"https?://[^\s/?#@]+/?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Bucket:
    """A place in S3.

    prefix     what every key of ours comes after; "" or ends with a slash.
    endpoint   the server, such as `https://s3.example:9000`, without a slash at the end.
    style      `path` (server/bucket/key) or `virtual` (bucket.server/key).
    """

    name: str
    prefix: str
    endpoint: str
    region: str
    style: str

    @property
    def url(self) -> str:
        """The address of the bucket."""
        if self.style == "path":
            return f"{self.endpoint}/{self.name}"
        scheme, _, host = self.endpoint.partition("://")
        return f"{scheme}://{self.name}.{host}"

    @property
    def origin(self) -> str:
        """Scheme and host of everything in it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


def is_bucket(address: str) -> bool:
    """Does this name a bucket, rightly or wrongly?"""
    return address.startswith(SCHEME)


def bucket(
    address: str, *, endpoint: str = "", region: str = "", style: str = "", environ: Mapping[str, str]
) -> Bucket:
    """The bucket that settings name; what they leave open is in the AWS variables, or is usual. Raises ConfigError."""
    found = _PLACE.fullmatch(address)
    if found is None or "//" in (found[2] or "") or {".", ".."} & set((found[2] or "").split("/")):
        raise ConfigError("MUTOSCOPE_STORAGE: accepted is a folder such as /srv/files, or s3://bucket/prefix")
    region = region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    given = endpoint or environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or ""
    if given and not _ENDPOINT.fullmatch(given):
        raise ConfigError("MUTOSCOPE_STORAGE_ENDPOINT: accepted is an address such as https://s3.example:9000")
    if style not in ("", *STYLES):
        raise ConfigError(f"MUTOSCOPE_STORAGE_STYLE: found {style!r}; accepted are {', '.join(STYLES)}")
    prefix = (found[2] or "").strip("/")
    return Bucket(
        name=found[1],
        prefix=f"{prefix}/" if prefix else "",
        endpoint=_plain(given) if given else f"https://s3.{region}.amazonaws.com",
        region=region,
        style=style or ("path" if given else "virtual"),
    )


def _plain(endpoint: str) -> str:
    """As HTTP clients name it in `Host`: without the port that the scheme has anyway."""
    endpoint = endpoint.rstrip("/").lower()
    return endpoint.removesuffix(_DEFAULT_PORTS[endpoint.partition(":")[0]])


def credentials(environ: Mapping[str, str]) -> Credentials:
    """Out of the AWS variables. Raises ConfigError when they are not set."""
    key_id, secret = environ.get("AWS_ACCESS_KEY_ID", ""), environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not key_id or not secret:
        raise ConfigError("MUTOSCOPE_STORAGE: S3 needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")
    return Credentials(key_id, secret, environ.get("AWS_SESSION_TOKEN", ""))
