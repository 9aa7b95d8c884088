"""What the operator's settings say about how long things are kept, seen from outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import start_server
from tests.http import media
from tests.http.calls import assert_error, completed, until

pytestmark = pytest.mark.slow


def test_a_server_forgets_what_is_old_enough(tmp_path: Path) -> None:
    """Outputs and uploads go, the request and its cost stay; the log says how many went, and when a key was used."""
    live = start_server(tmp_path / "data", engines="testcard")
    live.wait_ready()
    with live.client() as client:
        done = completed(client)
        upload = client.post("/v1/files", content=media.png()).json()
        assert client.get("/v1/keys").json()["keys"][0]["last_used_at"] is None
    assert live.stop() == 0

    again = start_server(tmp_path / "data", engines="testcard", keep_outputs_s=1, keep_uploads_s=1, workers=0)
    where = f"/v1/requests/{done['request_id']}"
    with again.client() as client:
        until(lambda: client.get(f"{where}/result").status_code == 410)
        assert_error(client.get(f"{where}/result"), 410, 410001)
        shown = client.get(where).json()
        assert (shown["state"], shown["output"]) == ("completed", None)
        assert shown["metadata"]["engine"] == "testcard"
        assert_error(client.get(f"{where}/poster"), 404, 404001)
        until(lambda: client.get(f"/v1/files/{upload['file_id']}/{upload['name']}").status_code == 404)
        assert client.get("/v1/files").json()["files"] == []
        assert client.get("/v1/usage").json()["usage"][0]["state"] == "charged"
        assert client.get("/v1/keys").json()["keys"][0]["last_used_at"]
    assert again.stop() == 0
    assert not [path for path in (tmp_path / "data" / "files").rglob("*") if path.is_file()]
    lines = [json.loads(line) for line in (tmp_path / "data.log").read_text("utf-8").splitlines()]
    (removed,) = [line for line in lines if line["event"] == "retention.removed"]
    assert (removed["outputs"], removed["uploads"]) == (1, 1)
