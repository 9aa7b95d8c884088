"""A storage, by its address: the one place that knows both kinds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mutoscope.errors import ConfigError
from mutoscope.storage import address
from mutoscope.storage.base import Storage
from mutoscope.storage.local import LocalStorage

S3_PACKAGES = "MUTOSCOPE_STORAGE: S3 needs one more package: pip install 'mutoscope[s3]'"


def open_storage(
    where: str, *, endpoint: str = "", region: str = "", style: str = "", environ: Mapping[str, str]
) -> Storage:
    """The folder, or the bucket with the credentials of the AWS variables. Raises ConfigError."""
    if not address.is_bucket(where):
        return LocalStorage(Path(where))
    bucket = address.bucket(where, endpoint=endpoint, region=region, style=style, environ=environ)
    credentials = address.credentials(environ)
    try:
        from mutoscope.storage.s3 import S3Storage  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise ConfigError(S3_PACKAGES) from exc
    return S3Storage(bucket, credentials)
