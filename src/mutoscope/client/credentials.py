"""Where the client finds its server and its key when the caller names none.

Address: argument, MUTOSCOPE_URL, the credentials file, http://127.0.0.1:8000. Key: argument,
MUTOSCOPE_API_KEY, the credentials file. The file is `mutoscope/credentials.json` in $XDG_CONFIG_HOME or
~/.config, written by the first `mutoscope serve`; its key is only ever sent to the address beside it. Another
port of this machine is another address: anybody's program may listen there.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from .addresses import is_loopback, origin
from .errors import BadArgument, ClientError

DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A server's address without a trailing slash, and the key for it."""

    url: str
    api_key: str | None = field(repr=False)

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.url)


def find(url: str | None, api_key: str | None) -> Credentials:
    """The address and key to use.

    Raises BadArgument for an address or key that cannot be one, ClientError for a broken credentials file.
    """
    url = url or os.environ.get("MUTOSCOPE_URL")
    api_key = api_key or os.environ.get("MUTOSCOPE_API_KEY")
    if not url or not api_key:
        stored_url, stored_key = stored()
        url = url or stored_url or DEFAULT_URL
        same = stored_url is not None and origin(_clean(url)) == origin(_clean(stored_url))
        api_key = api_key or (stored_key if same else None)
    return Credentials(_clean(url), _checked(api_key))


def path() -> Path:
    """The credentials file, whether it exists or not."""
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "mutoscope" / "credentials.json"


def keep(url: str, api_key: str) -> Path:
    """Write the credentials file, readable by this user only, and tell where it is.

    What it held for another server may be the only copy of that key, and stays beside it as `….previous.json`.
    """
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump({"url": url, "api_key": api_key}, stream)
    if file.exists():
        file.replace(file.with_suffix(".previous.json"))
    return fresh.replace(file)


def stored() -> tuple[str | None, str | None]:
    """Address and key in the credentials file. Raises ClientError for one that cannot be read."""
    file = path()
    try:
        data = json.loads(file.read_text("utf-8"))
        return data.get("url"), data.get("api_key")
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError, AttributeError) as exc:
        raise ClientError(f"{file}: cannot be read as {{url, api_key}} ({type(exc).__name__})") from exc


def _clean(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as exc:
        raise BadArgument("server address: not a URL") from exc
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadArgument("server address: expected http:// or https:// and a host")
    if parts.username is not None or parts.query or parts.fragment:
        raise BadArgument("server address: holds a user name, a query or a fragment; expected scheme, host and port")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/").removesuffix("/v1")


def _checked(api_key: str | None) -> str | None:
    if not api_key:
        return None
    if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise BadArgument("API key: holds white space or characters that no key has")
    return api_key
