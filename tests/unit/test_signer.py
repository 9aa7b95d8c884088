"""Signed addresses: they open one file, for a while, and cannot be made without the secret."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from mutoscope.storage.sign import Signer

NOW_S = 1_800_000_000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which stands still until a test moves it."""
    now = [NOW_S]
    monkeypatch.setattr("time.time", lambda: now[0])
    return now


def parts(path: str) -> tuple[str, str]:
    """(expires, signature) of a signed path."""
    query = parse_qs(urlsplit(path).query)
    return query["expires"][0], query["signature"][0]


def test_a_signed_address_opens_its_file_until_it_expires(clock: list[float]) -> None:
    """To the second."""
    signer = Signer("secret")
    path = signer.path("abc", "cat.jpg", expires_s=60)
    assert urlsplit(path).path == "/v1/files/abc/cat.jpg"
    assert signer.verify("abc", *parts(path))
    clock[0] += 60
    assert signer.verify("abc", *parts(path))
    clock[0] += 1
    assert not signer.verify("abc", *parts(path))


def test_a_signature_opens_no_other_file(clock: list[float]) -> None:
    """Nor one whose id only begins like it."""
    expires, signature = parts(Signer("secret").path("abc", "cat.jpg", expires_s=60))
    assert not Signer("secret").verify("abd", expires, signature)
    assert not Signer("secret").verify("abc\n1", expires[1:], signature)


def test_a_later_expiry_needs_another_signature(clock: list[float]) -> None:
    """Whoever writes a later time into the address is refused."""
    expires, signature = parts(Signer("secret").path("abc", "cat.jpg", expires_s=60))
    assert not Signer("secret").verify("abc", str(int(expires) + 1), signature)


def test_another_site_signs_otherwise(clock: list[float]) -> None:
    """The secret is what counts."""
    expires, signature = parts(Signer("another secret").path("abc", "cat.jpg", expires_s=60))
    assert not Signer("secret").verify("abc", expires, signature)


@pytest.mark.parametrize("expires", [None, "", "-1", "1e12", "٣", "9" * 30, "soon", "0x7fffffff", " 1900000000"])
def test_an_expiry_that_is_no_number_is_refused(expires: str | None) -> None:
    """Quietly: what a stranger writes never raises."""
    assert not Signer("secret").verify("abc", expires, "0" * 40)


@pytest.mark.parametrize("signature", [None, "", "0" * 40, "é" * 40, "x", "\ud800"])
def test_a_signature_that_is_none_is_refused(signature: str | None, clock: list[float]) -> None:
    """Also one of letters that ASCII, or even UTF-8, does not have."""
    expires, right = parts(Signer("secret").path("abc", "cat.jpg", expires_s=60))
    assert not Signer("secret").verify("abc", expires, signature)
    assert not Signer("secret").verify("abc", expires, right[:-1])
    assert not Signer("secret").verify("abc", expires, right.upper())


def test_a_name_cannot_change_the_address() -> None:
    """Question marks and slashes in a name are quoted."""
    path = Signer("secret").path("abc", "what?.jpg#x", expires_s=60)
    assert urlsplit(path).path == "/v1/files/abc/what%3F.jpg%23x"
