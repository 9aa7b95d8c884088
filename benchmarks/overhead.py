"""What Mutoscope adds to an engine: an engine that takes no time, and one that takes a second.

    python -m benchmarks.overhead [--rounds 40] [--json FILE]

Both are Python functions that leave a small picture. A request is timed from before its submit until its client has
read the result, which it was told of by an event; the engine's own time is what the child process measured around the
function. One request at a time, the kinds in turns, so that no figure compares two moods of the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import yaml
from PIL import Image

KEY = "mk_bench"
ENGINE = """
import shutil
import time
from pathlib import Path

from mutoscope.engines import engine

@engine(produces="image")
def still(image: Path | None = None, *, delay_s: float = 0.0, folder: Path) -> Path:
    time.sleep(delay_s)
    target = folder / "made.png"
    shutil.copyfile(image or Path(__file__).with_name("picture.png"), target)
    return target
"""
PARTS = ("engine", "queued", "fetch", "store")
KINDS: dict[str, dict[str, Any]] = {
    "instant": {},
    "instant, with an uploaded picture": {"picture": ""},
    "one second": {"delay_s": 1.0},
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what Mutoscope adds to an engine.")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    before = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="mutoscope-bench-") as folder, _mutoscope(Path(folder)) as url:
        rows = _measured(url, options.rounds)
    found: dict[str, Any] = {kind: _figures(values) for kind, values in rows.items()}
    found["load"] = {"before": round(before[0], 2), "after": round(os.getloadavg()[0], 2)}
    for kind, figures in found.items():
        print(f"\n{kind}")
        for name, value in figures.items():
            print(f"  {name:24} {value:>10.2f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _measured(url: str, rounds: int) -> dict[str, list[dict[str, float]]]:
    rows: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60, trust_env=False) as client:
        while client.get("/readyz").status_code != 200:
            time.sleep(0.05)
        uploaded = client.post("/v1/files", content=_picture()).json()["url"]
        inputs = {kind: {name: value or uploaded for name, value in given.items()} for kind, given in KINDS.items()}
        for _ in range(5):
            _one_request(client, inputs["instant, with an uploaded picture"])
        for _ in range(rounds):
            for kind, given in inputs.items():
                rows[kind].append(_one_request(client, given))
    return rows


def _one_request(client: httpx.Client, inputs: dict[str, Any]) -> dict[str, float]:
    """Milliseconds of one request: all of it, the engine's own, and those of the parts around it."""
    began = time.perf_counter()
    request_id = client.post("/v1/models/bench/still", json=inputs).json()["request_id"]
    with client.stream("GET", f"/v1/requests/{request_id}/events") as events:
        for line in events.iter_lines():
            if line.startswith("data:") and '"completed"' in line:
                break
    result = client.get(f"/v1/requests/{request_id}/result").json()
    total_s = time.perf_counter() - began
    timings = result["metadata"]["timings"]
    return {"total": total_s * 1e3, **{name: timings[f"{name}_s"] * 1e3 for name in PARTS}}


def _figures(values: list[dict[str, float]]) -> dict[str, float]:
    beyond = sorted(value["total"] - value["engine"] for value in values)
    engine_ms = statistics.median(value["engine"] for value in values)
    return {
        "engine_ms": engine_ms,
        "beyond_ms": statistics.median(beyond),
        "beyond_ms_p90": beyond[int(0.9 * len(beyond))],
        "beyond_percent": 100 * statistics.median(beyond) / engine_ms,
        **{f"of_it_{part}_ms": statistics.median(value[part] for value in values) for part in PARTS[1:]},
    }


@contextlib.contextmanager
def _mutoscope(folder: Path) -> Iterator[str]:
    """A server with one worker that runs the engine."""
    (folder / "still.py").write_text(ENGINE, "utf-8")
    (folder / "picture.png").write_bytes(_picture())
    (folder / "models").mkdir()
    (folder / "models" / "still.yaml").write_text(yaml.safe_dump(_manifest()), "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "mutoscope", "serve", "--port", str(port), "--data", str(folder / "data")]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MUTOSCOPE_")},
        "MUTOSCOPE_API_KEY": KEY,
        "MUTOSCOPE_ENGINES": "still",
        "MUTOSCOPE_ENGINE_FILES": str(folder / "still.py"),
        "MUTOSCOPE_MANIFESTS": str(folder / "models"),
        "MUTOSCOPE_LOG_LEVEL": "error",
        "XDG_CONFIG_HOME": str(folder),
    }
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/livez", trust_env=False).status_code == 200:
                    break
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _manifest() -> dict[str, Any]:
    properties = {
        "picture": {"title": "Picture", "type": "string", "format": "image_uri", "default": None},
        "delay_s": {"title": "Delay", "type": "number", "default": 0.0},
    }
    return {
        "manifest": 1,
        "id": "bench/still",
        "author": "Bench",
        "name": "Still",
        "description": "Gives a picture back.",
        "categories": ["image-to-image"],
        "input_schema": {"type": "object", "title": "Input", "properties": properties},
        "output": {"produces": "image"},
        "engine": {"name": "still", "inputs": {"image": "picture", "delay_s": "delay_s"}},
    }


def _picture() -> bytes:
    written = io.BytesIO()
    Image.radial_gradient("L").save(written, "PNG")
    return written.getvalue()


if __name__ == "__main__":
    main()
