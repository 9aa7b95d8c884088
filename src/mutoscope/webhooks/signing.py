"""Signatures as Standard Webhooks has them: HMAC-SHA256 with a shared secret, and Ed25519 with the site's own key.

What is signed is `<webhook-id>.<webhook-timestamp>.<body>`. The shared secret proves which account's event it is; the
site's key proves only which site sent it, and needs nothing secret at the receiver.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with
SECRET_BYTES = 32


def new_secret() -> str:
    """A fresh shared secret."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


class SiteKey:
    """The Ed25519 key of a site. seed_hex: its 32 bytes."""

    def __init__(self, seed_hex: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed_hex))
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, content: bytes) -> str:
        """The signature, as the header has it."""
        return "v1a," + base64.b64encode(self._key.sign(content)).decode()

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public key as RFC 8037 writes it; `kid` is its thumbprint by RFC 7638."""
        x = _base64url(self.public)
        thumbprint = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()
        key = {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": _base64url(thumbprint), "use": "sig", "alg": "EdDSA"}
        return {"keys": [key]}


def headers(event_id: str, at_s: int, body: bytes, *, shared: Iterable[str], key: SiteKey) -> Mapping[str, str]:
    """The three headers. shared: every secret that is valid now, the newest first."""
    content = f"{event_id}.{at_s}.".encode() + body
    signatures = [*(_hmac(secret, content) for secret in shared), key.sign(content)]
    return {"webhook-id": event_id, "webhook-timestamp": str(at_s), "webhook-signature": " ".join(signatures)}


def _hmac(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
