"""`mutoscope storage copy` and what `doctor` says of a bucket, as commands of their own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mutoscope.storage.base import Storage
from mutoscope.storage.local import LocalStorage
from mutoscope.storage.opening import open_storage
from mutoscope.store.opening import open_database
from mutoscope.store.store import Store
from tests.conformance.test_storage import keys, put, read
from tests.radosgw import Gateway

pytestmark = pytest.mark.slow

FILES = {f"uploads/{n:032x}/cat.jpg": bytes([n]) * n for n in range(20)} | {
    "outputs/r1/2/aa/output.mp4": bytes(range(256)) * 40_000
}


def mutoscope(s3: Gateway, folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command, with a home of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MUTOSCOPE_", "AWS_"))}
    environment = inherited | s3.environment | {"MUTOSCOPE_DATA": str(folder / "data"), "HOME": str(folder)} | settings
    done = subprocess.run(
        [sys.executable, "-m", "mutoscope", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert s3.secret not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_files_move_to_a_bucket_and_back(s3: Gateway, tmp_path: Path) -> None:
    """Each once; the second time all are there, but for one that was cut meanwhile; nothing goes at the source."""
    place, back = s3.place(), tmp_path / "back"

    async def fill() -> None:
        source = LocalStorage(tmp_path / "files")
        for key, content in FILES.items():
            await put(source, key, content)

    async def held(storage: Storage) -> dict[str, bytes]:
        try:
            return {key: await read(storage, key) for key in await keys(storage)}
        finally:
            await storage.close()

    async def spoil() -> None:
        bucket = open_storage(place, environ=s3.environment)
        await bucket.delete("uploads/" + "0" * 31 + "5/cat.jpg")
        await put(bucket, "uploads/" + "0" * 31 + "5/cat.jpg", b"cut")
        await bucket.close()

    asyncio.run(fill())
    first = mutoscope(s3, tmp_path, "storage", "copy", str(tmp_path / "files"), place)
    assert (first.returncode, first.stdout) == (0, "21 file(s) copied, 0 were there already\n"), first.stderr
    assert asyncio.run(held(open_storage(place, environ=s3.environment))) == FILES
    asyncio.run(spoil())
    second = mutoscope(s3, tmp_path, "storage", "copy", str(tmp_path / "files"), place)
    assert second.stdout == "1 file(s) copied, 20 were there already\n", second.stderr
    returned = mutoscope(s3, tmp_path, "storage", "copy", place, str(back))
    assert returned.stdout == "21 file(s) copied, 0 were there already\n", returned.stderr
    assert asyncio.run(held(LocalStorage(back))) == asyncio.run(held(LocalStorage(tmp_path / "files"))) == FILES


def test_what_cannot_be_copied_is_said(s3: Gateway, tmp_path: Path) -> None:
    """A source that holds no files of a site, and a bucket that nobody has."""
    (tmp_path / "empty").mkdir()
    nothing = mutoscope(s3, tmp_path, "storage", "copy", str(tmp_path / "empty"), s3.place())
    assert (nothing.returncode, list((tmp_path / "empty").iterdir())) == (64, [])
    LocalStorage(tmp_path / "files")
    nowhere = mutoscope(s3, tmp_path, "storage", "copy", str(tmp_path / "files"), "s3://no-such-bucket")
    assert nowhere.returncode != 0
    assert "NoSuchBucket" in nowhere.stderr


def test_the_doctor_says_what_is_wrong_with_a_bucket(s3: Gateway, tmp_path: Path) -> None:
    """One that works, one with a wrong key, one that is not there, one without a key."""

    def told(**settings: str) -> tuple[bool, str]:
        done = mutoscope(s3, tmp_path, "doctor", "--json", **settings)
        checks = {check["name"]: check for check in json.loads(done.stdout)}
        assert ("bucket's clock" in checks) == checks["bucket"]["is_ok"]
        return checks["bucket"]["is_ok"], checks["bucket"]["found"]

    place = s3.place()
    works, found = told(MUTOSCOPE_STORAGE=place)
    assert works, found
    assert "written, read, removed" in found
    assert told(MUTOSCOPE_STORAGE=place, AWS_SECRET_ACCESS_KEY="wrong")[1].endswith("403 SignatureDoesNotMatch")
    assert told(MUTOSCOPE_STORAGE="s3://no-such-bucket")[1].endswith("404 NoSuchBucket")
    assert "AWS_ACCESS_KEY_ID" in told(MUTOSCOPE_STORAGE=place, AWS_ACCESS_KEY_ID="")[1]


def test_files_in_a_bucket_are_not_part_of_a_backup(s3: Gateway, tmp_path: Path) -> None:
    """The rows are copied, and where the files are is said."""
    database = open_database(tmp_path / "data", "")
    asyncio.run(Store(database).db.close())
    done = mutoscope(s3, tmp_path, "db", "backup", str(tmp_path / "copy"), MUTOSCOPE_STORAGE="s3://a-bucket")
    assert (done.returncode, [path.name for path in (tmp_path / "copy").iterdir()]) == (0, ["mutoscope.db"])
    assert "the files stay in s3://a-bucket" in done.stderr
