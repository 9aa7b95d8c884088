"""Signed, expiring addresses of files: `/v1/files/<id>/<name>?expires=…&signature=…`.

Whoever holds such an address may read that one file until it expires; the site's secret never leaves the server.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import quote


class Signer:
    """Signs and verifies with one secret of the site."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def path(self, file_id: str, name: str, *, expires_s: int) -> str:
        """The signed path of a file, valid for expires_s seconds."""
        expires = int(time.time()) + expires_s
        return f"/v1/files/{file_id}/{quote(name)}?expires={expires}&signature={self._sign(file_id, expires)}"

    def verify(self, file_id: str, expires: str | None, signature: str | None) -> bool:
        """Does this signature open this file now?"""
        if not expires or not signature or not (expires + signature).isascii():
            return False
        if not expires.isdigit() or len(expires) > 12 or int(expires) < time.time():
            return False
        return hmac.compare_digest(self._sign(file_id, int(expires)).encode(), signature.encode())

    def _sign(self, file_id: str, expires: int) -> str:
        return hmac.new(self._secret, f"{file_id}\n{expires}".encode(), hashlib.sha256).hexdigest()[:40]
