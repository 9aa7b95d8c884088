"""A server that looks as if people had used it for a month: runs, files, keys, accounts, webhooks, usage, an audit log.

For pictures of the pages. `fill` makes it all through the HTTP API; `age` then spreads it over the past, in the
database of a server that is stopped.
"""

from __future__ import annotations

import io
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
from PIL import Image, ImageEnhance, ImageOps

from tests import workflows

PHOTOGRAPH = Path(__file__).resolve().parents[1] / "src" / "mutoscope" / "assets" / "mountain-path.jpg"
REFERENCE = "bytedance/dreamina-3-0/pro/image-to-video"
PARALLAX = "mutoscope/parallax"
CARD, STILL, WITH_PICTURE = "mutoscope/testcard", "mutoscope/testcard/image", "mutoscope/testcard/image-to-video"
PROMPTS = (
    "Slow push in along the path while mist drifts between the trees.",
    "A drone rises over the ridge at dawn; long shadows slide down the slope.",
    "Orbit the cabin at dusk, lamps flicker on one after the other.",
    "霧の中をゆっくりと前へ進む。朝の光が木々のあいだから差し込む。",
    "Handheld walk through the market, shallow focus, warm lanterns.",
    "Title card: three colour bars that breathe, no camera movement.",
    "Rain on a window, city lights out of focus, a gentle rack focus to the glass.",
    "夕暮れの港。カメラは左から右へ、水面の反射がきらめく。",
    "Crane up from the flowers to the mountain, golden hour, light wind.",
    "Storyboard, shot 12: the hiker stops, turns round and waves.",
)
HOUR_MS = 3_600_000
KEYS: tuple[tuple[str, list[str], dict[str, Any]], ...] = (
    ("edit suite", ["run", "read"], {"max_running": 2, "spending": {"usd": 20, "period": "month"}}),
    ("nightly renders", ["run", "read"], {"priority": "low", "rate": {"submits": 60, "window_s": 60}}),
    ("phone", ["read"], {}),
)


class _Hooks(BaseHTTPRequestHandler):
    """Takes whatever is posted; what lies below /broken is answered with an error."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        is_broken = self.path.startswith("/broken")
        content = b'{"error": "the project is archived"}' if is_broken else b'{"received": true}'
        self.send_response(500 if is_broken else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is written about it."""


@contextmanager
def receiver() -> Iterator[str]:
    """Somebody on loopback who takes webhooks; their address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hooks) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fill(client: httpx.Client, hooks: str) -> str:
    """Everything but the past; the key of a guest who made nothing yet.

    Ends when nothing runs and nothing is on its way.
    """
    for model, usd in ((REFERENCE, 0.05), (CARD, 0.02), (WITH_PICTURE, 0.03), (PARALLAX, 0.4)):
        _done(client.patch(f"/v1/admin/models/{model}", json={"base_price_usd": usd}))
    keys = [_make_key(client, name, scopes, limits) for name, scopes, limits in KEYS]
    _done(client.delete(f"/v1/keys/{keys[2][0]}"))
    _make_key(client, "render farm", ["run", "read", "admin"], {}, account="North Studio")
    guest = _make_key(client, "class of 2026", ["run", "read"], {"max_queued": 30}, account="Film school")
    for url, events, words in (
        ("/films", ["completed", "failed"], "tells the edit suite"),
        ("/broken", ["failed"], ""),
    ):
        _done(client.post("/v1/webhooks", json={"url": hooks + url, "events": events, "description": words}))
    files = [_upload(client, name, content) for name, content in pictures()]
    runs = [*_cards(client, [keys[0][1], keys[1][1], ""]), _failed(client), *_with_pictures(client, files)]
    _until(lambda: all(_state(client, run) not in ("in_queue", "in_progress") for run in runs))
    _until(lambda: not client.get("/v1/webhooks/deliveries?state=pending").json()["deliveries"])
    _arrange(client, files)
    _deployments(client)
    return guest[1]


def _deployments(client: httpx.Client) -> None:
    """Two workflows; the first was run."""
    portrait = workflows.STILL | {"20": workflows.node("ShowText", "Notes", text="golden hour, 35 mm")}
    for name, graph, more in (
        ("harbour at dusk", portrait, {"max_instances": 3, "readme": "Stills for the storyboard."}),
        ("path, first frame to film", workflows.FILM, {"is_enabled": False, "hardware": ["HOPPER_141"]}),
        ("charcoal", {}, {"payload": {}, "lora": {"base_model": "studio/styled", "path": "style.safetensors"}}),
    ):
        body = {"name": name, "payload": {"workflow_api_json": graph}} | more
        made = _done(client.post("/prod/v2/deployments", json=body))
        if name.startswith("harbour"):
            overrides = {"6": {"inputs": {"text": "a harbour at dusk, lamps"}}}
            where = f"/prod/v2/deployments/{made['id']}/inference"
            run = _done(client.post(where, json={"overrides": overrides}))["request_id"]
            _until(lambda run=run: _state(client, run) not in ("in_queue", "in_progress"))


def pictures() -> Iterator[tuple[str, bytes]]:
    """The photograph in some lights and crops: name, and a JPEG."""
    with Image.open(PHOTOGRAPH) as opened:
        day = opened.convert("RGB")
    day.thumbnail((1600, 1600))
    wide = ImageOps.fit(day, (1280, 720))
    grey = ImageOps.grayscale(wide)
    for name, picture in (
        ("mountain path.jpg", day),
        ("evening.jpg", ImageOps.colorize(grey, (24, 18, 52), (255, 196, 140))),
        ("blue hour.jpg", ImageOps.colorize(grey, (8, 16, 38), (176, 208, 255))),
        ("前景のテスト.jpg", ImageOps.fit(day, (900, 1200), centering=(0.2, 0.5))),
        ("overexposed take 3 - do not use for the final cut.jpg", ImageEnhance.Brightness(wide).enhance(1.6)),
        ("storyboard 12.jpg", ImageOps.posterize(wide, 2)),
    ):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=88)
        yield name, file.getvalue()


def keep_busy(client: httpx.Client) -> list[str]:
    """More than the workers can do at once; each pretends to work for a minute."""
    return [
        _submit(client, CARD, prompt=prompt, delay_s=60, num_frames=24, width=640, height=360) for prompt in PROMPTS[:5]
    ]


def let_go(client: httpx.Client, runs: list[str]) -> None:
    """Cancel what waits, delete what ends."""
    for run in runs:
        client.post(f"/v1/requests/{run}/cancel")
    _until(lambda: all(_state(client, run) not in ("in_queue", "in_progress") for run in runs))
    for run in runs:
        _done(client.delete(f"/v1/requests/{run}"))


def age(database: Path) -> None:
    """Spread what there is over 26 days, the newest some minutes ago. Nobody else may have the database open."""
    with sqlite3.connect(database) as db:
        found = [row[0] for row in db.execute("select id from requests order by created_ms desc, id desc")]
        for number, run in enumerate(found):
            back_ms = int(0.3 * HOUR_MS * 1.32**number) if number < 18 else (number - 13) * 30 * HOUR_MS
            _move(db, ("requests", "id", run), back_ms, "created_ms", "run_after_ms", "started_ms", "finished_ms")
            _move(db, ("events", "request_id", run), back_ms, "at_ms")
            _move(db, ("files", "request_id", run), back_ms, "created_ms")
            _move(db, ("usage", "request_id", run), back_ms, "created_ms")
            sent = ("event_ms", "due_ms", "created_ms", "finished_ms")
            _move(db, ("webhook_deliveries", "request_id", run), back_ms, *sent)
        for table, column, step_ms in (
            ("api_keys", "created_ms", 31 * HOUR_MS), ("audit_log", "at_ms", 9 * HOUR_MS),
            ("accounts", "created_ms", 60 * HOUR_MS), ("collections", "created_ms", 50 * HOUR_MS),
            ("webhook_endpoints", "created_ms", 70 * HOUR_MS),
        ):  # fmt: skip
            newest_first = f"select id from {table} order by {column} desc, id desc"  # noqa: S608 - names of this file
            rows = [row[0] for row in db.execute(newest_first)]
            for number, row in enumerate(rows, 1):
                _move(db, (table, "id", row), number * step_ms, column)
        for number, (file,) in enumerate(db.execute("select id from files where role = 'upload'").fetchall(), 1):
            _move(db, ("files", "id", file), number * 40 * HOUR_MS, "created_ms")
        db.execute("update favourites set file_ms = (select created_ms from files where id = file_id)")
        db.execute("update collected set file_ms = (select created_ms from files where id = file_id)")
        db.execute("delete from usage_days")
        db.execute(
            "insert into usage_days select account_id, created_ms / 86400000, sum(cost_microusd) from usage"
            " where cost_microusd > 0 group by account_id, created_ms / 86400000"
        )


def _move(db: sqlite3.Connection, where: tuple[str, str, str], back_ms: int, *times: str) -> None:
    """Set some times back, of the rows of a table whose column has this value."""
    table, column, value = where
    moved = ", ".join(f"{time} = {time} - {back_ms}" for time in times)
    db.execute(f"update {table} set {moved} where {column} = ?", (value,))  # noqa: S608 - names of this file


def _done(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise RuntimeError(f"{answer.request.method} {answer.request.url}: {answer.text}")
    return answer.json() if answer.content else None


def _until(holds: Any) -> None:
    """At most three minutes."""
    deadline = time.monotonic() + 180
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("the sample runs did not end")
        time.sleep(0.2)


def _make_key(
    client: httpx.Client, name: str, scopes: list[str], limits: dict[str, Any], account: str | None = None
) -> tuple[str, str]:
    """Its id and secret."""
    wanted = {"name": name, "scopes": scopes, "limits": limits} | ({"account": account} if account else {})
    made = _done(client.post("/v1/keys", json=wanted))
    return made["key_id"], made["key"]


def _upload(client: httpx.Client, name: str, content: bytes) -> dict[str, Any]:
    stored: dict[str, Any] = _done(client.post("/v1/files", params={"name": name}, content=content))
    return stored


def _submit(client: httpx.Client, model: str, key: str = "", **inputs: Any) -> str:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return str(_done(client.post(f"/v1/models/{model}", json=inputs, headers=headers))["request_id"])


def _state(client: httpx.Client, run: str) -> str:
    return str(_done(client.get(f"/v1/requests/{run}/status"))["status"])


def _cards(client: httpx.Client, keys: list[str]) -> Iterator[str]:
    """Films of many lengths, by several keys."""
    for number, prompt in enumerate(PROMPTS):
        key = keys[number % len(keys)]
        frames = (24, 72, 48, 120, 36)[number % 5]
        yield _submit(client, CARD, key, prompt=prompt, num_frames=frames, width=480, height=270, seed=number)
    for number, prompt in enumerate(PROMPTS[4:6]):
        yield _submit(client, STILL, prompt=prompt, seed=number)


def _with_pictures(client: httpx.Client, files: list[dict[str, Any]]) -> Iterator[str]:
    for number, file in enumerate(files):
        yield _submit(client, WITH_PICTURE, source=file["url"], caption=PROMPTS[number], frame_count="24")
        yield _submit(client, PARALLAX, image_url=file["url"], prompt=PROMPTS[number], num_frames=3, seed=number)


def _failed(client: httpx.Client) -> str:
    return _submit(
        client, CARD, prompt="A failure, rehearsed: the engine gives up half way.", fail="error", log_lines=6
    )


def _arrange(client: httpx.Client, files: list[dict[str, Any]]) -> None:
    """Collections and favourites."""
    made = [
        _done(client.post("/v1/collections", json={"name": name}))["collection_id"]
        for name in ("Mountain film", "Storyboards", "絵コンテ")
    ]
    outputs = _done(client.get("/v1/files", params={"role": "output", "limit": 12}))["files"]
    for number, file in enumerate([*files, *outputs]):
        _done(client.put(f"/v1/collections/{made[number % 2]}/files/{file['file_id']}"))
        if number % 3 == 0:
            _done(client.put(f"/v1/files/{file['file_id']}/favourite"))
