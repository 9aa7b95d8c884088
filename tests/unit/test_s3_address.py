"""Addresses in S3: what the operator wrote, and what is signed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mutoscope.errors import ConfigError
from mutoscope.storage import address
from mutoscope.storage.address import Bucket
from mutoscope.storage.local import LocalStorage
from mutoscope.storage.opening import open_storage
from mutoscope.storage.presign import Credentials, presigned

KEYS = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "PLANTED"}


def test_the_signature_is_the_one_that_amazon_shows() -> None:
    """The example of "Authenticating requests: using query parameters", in AWS's own documentation of S3."""
    url = presigned(
        "GET",
        "https://examplebucket.s3.amazonaws.com/test.txt",
        credentials=Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region="us-east-1",
        at=datetime(2013, 5, 24, tzinfo=UTC),
        expires_s=86400,
    )
    assert url.endswith("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


def test_nothing_lives_longer_than_s3_allows_and_no_secret_is_shown() -> None:
    """A week; and the token of temporary credentials is part of the address, the secret is not."""
    credentials = Credentials("AK", "PLANTED", "token/of=role")
    url = presigned(
        "PUT", "https://s3.example/b/k", credentials=credentials, region="r", at=datetime.now(UTC), expires_s=10**9
    )
    assert "X-Amz-Expires=604800" in url
    assert "X-Amz-Security-Token=token%2Fof%3Drole" in url
    assert "PLANTED" not in url + repr(credentials)
    assert "token" not in repr(credentials)


@pytest.mark.parametrize(
    ("where", "given", "environ", "url", "prefix"),
    [
        ("s3://b-1", {}, {}, "https://b-1.s3.us-east-1.amazonaws.com", ""),
        ("s3://bucket/a/b/", {"region": "eu-west-1"}, {}, "https://bucket.s3.eu-west-1.amazonaws.com", "a/b/"),
        ("s3://bucket/a", {"style": "path"}, {"AWS_REGION": "x"}, "https://s3.x.amazonaws.com/bucket", "a/"),
        ("s3://bucket", {"endpoint": "https://S3.example:443/"}, {}, "https://s3.example/bucket", ""),
        ("s3://bucket", {}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000/bucket", ""),
        (
            "s3://bucket",
            {"endpoint": "http://s3.example:80", "style": "virtual"},
            {"AWS_ENDPOINT_URL_S3": "http://other"},
            "http://bucket.s3.example",
            "",
        ),
    ],
)
def test_what_is_left_open_is_usual(
    where: str, given: dict[str, str], environ: dict[str, str], url: str, prefix: str
) -> None:
    """Settings win over the AWS variables; with an endpoint of one's own the bucket is in the path."""
    found = address.bucket(where, **given, environ=environ)
    assert (found.url, found.prefix) == (url, prefix)
    assert url.startswith(found.origin)


@pytest.mark.parametrize(
    ("where", "given", "named"),
    [
        ("s3://", {}, "STORAGE:"),
        ("s3://UPPER", {}, "STORAGE:"),
        ("s3://bucket/../other", {}, "STORAGE:"),
        ("s3://bucket/a//b", {}, "STORAGE:"),
        ("s3://bucket?x=1", {}, "STORAGE:"),
        ("s3://bucket", {"endpoint": "s3.example"}, "STORAGE_ENDPOINT:"),
        ("s3://bucket", {"endpoint": "https://me:PLANTED@s3.example"}, "STORAGE_ENDPOINT:"),
        ("s3://bucket", {"style": "vhost"}, "STORAGE_STYLE:"),
    ],
)
def test_what_cannot_be_right_is_refused(where: str, given: dict[str, str], named: str) -> None:
    """With the setting's name and what is accepted, and without what may be a secret."""
    with pytest.raises(ConfigError, match=f"MUTOSCOPE_{named}.*accepted") as caught:
        open_storage(where, **given, environ=KEYS)
    assert "PLANTED" not in caught.value.message


def test_a_bucket_needs_credentials_and_a_folder_none(tmp_path: Path) -> None:
    """They come from the AWS variables."""
    with pytest.raises(ConfigError, match="AWS_ACCESS_KEY_ID"):
        open_storage("s3://bucket", environ={"AWS_ACCESS_KEY_ID": "AK"})
    assert isinstance(open_storage(str(tmp_path), environ={}), LocalStorage)
    assert address.bucket("s3://bucket", environ={}) == Bucket(
        "bucket", "", "https://s3.us-east-1.amazonaws.com", "us-east-1", "virtual"
    )
