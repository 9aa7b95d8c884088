"""The README's first command on PostgreSQL and S3, by settings alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import psycopg
import pytest

from tests.postgres import Server
from tests.radosgw import Gateway

pytestmark = [pytest.mark.slow, pytest.mark.render, pytest.mark.timeout(600)]

DEMO = Path(__file__).resolve().parents[2] / "scripts" / "demo.py"


def test_the_demo_is_the_same_on_postgresql_and_s3(postgres: Server, s3: Gateway, tmp_path: Path) -> None:
    """The film is in the bucket, the request in the database; a second time it asks for the key that was made then."""
    place, database = s3.place(), postgres.database()
    told = {"MUTOSCOPE_DATABASE": database, "MUTOSCOPE_STORAGE": place, **s3.environment}
    first = demo(tmp_path / "first", told)
    assert first.returncode == 0, first.stdout + (tmp_path / "first" / "serve.log").read_text()
    with av.open(str(tmp_path / "first" / "video.mp4")) as film:
        assert (film.streams.video[0].width, film.streams.video[0].height) == (1920, 1088)
        assert sum(1 for _ in film.decode(video=0)) == 121
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select r.state, f.storage_key from requests r join files f on f.request_id = r.id"
        ).fetchall()
    assert {state for state, _ in rows} == {"completed"}
    assert any(key.endswith(".mp4") for _, key in rows)
    assert not list((tmp_path / "first" / "data").rglob("*.mp4"))

    again = demo(tmp_path / "again", told)
    assert again.returncode == 1
    assert "MUTOSCOPE_API_KEY" in again.stdout


def demo(folder: Path, told: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What `make demo` runs, with these settings and no others of ours."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MUTOSCOPE_", "AWS_"))}
    command = [sys.executable, str(DEMO), "--folder", str(folder)]
    return subprocess.run(
        command,
        env=plain | told | {"XDG_CONFIG_HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=500,
    )
