"""Signatures against a known answer, back-off, and the client's verifier against everything that is not right."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from mutoscope.client import BadArgument, WebhookVerificationError
from mutoscope.client.webhooks import verify
from mutoscope.errors import ConfigError
from mutoscope.webhooks import SiteKey, new_secret, parse_backoff
from mutoscope.webhooks.signing import headers

BODY = b'{"type": "request.completed", "timestamp": "t", "data": {"request_id": "r1"}}'
KEY = SiteKey("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
"""The first key of RFC 8032, section 7.1."""


def signed(*secrets: str, body: bytes = BODY, at_s: int | None = None) -> dict[str, str]:
    """The headers of a webhook."""
    return dict(headers("msg_1", int(time.time()) if at_s is None else at_s, body, shared=secrets, key=KEY))


def test_a_signature_is_that_of_the_specification() -> None:
    """The example of Standard Webhooks' own libraries, to the letter."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'

    told = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, shared=[secret], key=KEY)

    assert told["webhook-signature"].startswith("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1a,")


def test_the_public_key_is_that_of_rfc_8037() -> None:
    """Its appendix A has this very key, as a JWK and its thumbprint."""
    (jwk,) = KEY.jwks()["keys"]

    assert jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert jwk["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_verifier_returns_the_event() -> None:
    """Headers in any case, the body as bytes or text, the secret alone or among others."""
    one, other = new_secret(), new_secret()
    sent = {name.title(): value for name, value in signed(one, other).items()}

    for event in (verify(BODY, sent, one), verify(BODY.decode(), sent, [new_secret(), other])):
        assert (event.id, event.type, event.data) == ("msg_1", "request.completed", {"request_id": "r1"})


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", ["", "x", "v1,", "v1,AAAA", "é", "9" * 400])
def test_a_wrong_or_missing_header_is_refused(name: str, value: str) -> None:
    """Each of the three counts."""
    secret = new_secret()
    with pytest.raises(WebhookVerificationError):
        verify(BODY, signed(secret) | {name: value}, secret)


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (BODY, signed(new_secret())),
        (BODY, signed()),
        (BODY, {}),
    ],
)
def test_what_another_signed_is_refused(body: bytes, sent: Mapping[str, str]) -> None:
    """Also what only the site's own key signed."""
    with pytest.raises(WebhookVerificationError):
        verify(body, sent, new_secret())


@pytest.mark.parametrize("offset_s", [-400, 400])
def test_an_old_or_future_signature_is_refused(offset_s: int) -> None:
    """Beyond the tolerance, which can be widened."""
    secret = new_secret()
    sent = signed(secret, at_s=int(time.time()) + offset_s)
    with pytest.raises(WebhookVerificationError, match="accepted"):
        verify(BODY, sent, secret)
    assert verify(BODY, sent, secret, tolerance_s=500)


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"type": 7, "data": {}}', b'{"type": "x"}', b"\xff"])
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    """Whoever signed it."""
    secret = new_secret()
    with pytest.raises(WebhookVerificationError):
        verify(body, signed(secret, body=body), secret)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%", "sesame!"])
def test_a_secret_that_cannot_be_one_is_the_callers_mistake(secret: str) -> None:
    """Not the sender's."""
    with pytest.raises(BadArgument):
        verify(BODY, signed(new_secret()), secret)


def test_pauses_are_read_from_a_setting() -> None:
    """Seconds, as many as wanted; nothing else."""
    assert parse_backoff("5, 30,0.5") == (5.0, 30.0, 0.5)
    for text in ("", "5,,6", "soon", "0", "-1", "100000", "nan"):
        with pytest.raises(ConfigError, match="MUTOSCOPE_WEBHOOK_BACKOFF_S"):
            parse_backoff(text)
