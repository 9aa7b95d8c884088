"""`make demo`: a server of its own, the photograph that ships with Mutoscope, a video, and where it is.

It makes the calls a client makes with nothing but httpx: read it as the smallest complete client. Everything
it writes goes into one folder, `demo/`; your own server, keys and data are left alone. With settings such as
MUTOSCOPE_DATABASE in the environment the server uses those. The same in shell is in the README, the comfortable way is
`mutoscope run` or `mutoscope.Client`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

ROOT = Path(__file__).resolve().parent.parent
MODEL_ID = "bytedance/dreamina-3-0/pro/image-to-video"
PHOTOGRAPH = ROOT / "src" / "mutoscope" / "assets" / "mountain-path.jpg"
STARTUP_S = 180.0  # the first start compiles the renderer's kernels; 20 to 60 s on two cores


def main() -> int:
    parser = argparse.ArgumentParser(description="Make a video from the photograph that ships with Mutoscope.")
    parser.add_argument("--picture", type=Path, default=PHOTOGRAPH, help="another photograph, JPEG or PNG")
    parser.add_argument("--prompt", default=None, help="another prompt; the reference page's when not given")
    parser.add_argument("--folder", type=Path, default=ROOT / "demo", help="where everything is written")
    args = parser.parse_args()
    console = Console(highlight=False, markup=False, soft_wrap=True)
    try:
        video = run(console, args.picture, args.prompt, args.folder)
    except (httpx.HTTPError, OSError, RuntimeError) as exc:
        console.print(f"The demo failed: {exc}")
        console.print(f"The server's log is {args.folder / 'serve.log'}")
        return 1
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130
    console.print(f"\nYour video: {video} ({video.stat().st_size / 1e6:.1f} MB)")
    console.print("Next: `make serve` starts a server that stays; README.md shows the calls.")
    return 0


def run(console: Console, picture: Path, prompt: str | None, folder: Path) -> Path:
    """Start, submit, watch, download, stop. Returns where the video is."""
    with serving(console, folder) as client:
        body = read_input(client, picture, prompt)
        console.print(f"Model    {MODEL_ID}\nPicture  {picture.name}\nPrompt   {body['prompt']}")
        request = answer(client.post(f"/v1/models/{MODEL_ID}", json=body))
        console.print(f"Request  {request['request_id']}")
        watch(client, request["request_id"])
        result = answer(client.get(request["result_url"]))
        if result["status"] != "succeeded":
            raise RuntimeError(result.get("error") or f"the request ended as {result['status']}")
        report(console, result.get("metadata", {}))
        target = folder / "video.mp4"
        target.write_bytes(fetch(client, result["output"]["video"]))
        return target


@contextmanager
def serving(console: Console, folder: Path) -> Iterator[httpx.Client]:
    """A server on a free port with an empty data folder, stopped at the end; gives a client with its key.

    Raises RuntimeError.
    """
    shutil.rmtree(folder / "data", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    hear, tell = os.pipe()
    command = [sys.executable, "-m", "mutoscope", "serve", "--port", "0", "--data", str(folder / "data")]
    with (folder / "serve.log").open("wb") as log:
        # A session of its own: Ctrl-C reaches this script, which then stops the server in good order.
        server = subprocess.Popen(
            [*command, "--ready-fd", str(tell)],
            pass_fds=[tell],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        os.close(tell)
        try:
            with os.fdopen(hear) as told, console.status("Starting a server; the first start compiles …"):
                client = connect(told.readline())
                wait_until_ready(client, server)
            with closing(client):
                yield client
        finally:
            stop(server)


def connect(told: str) -> httpx.Client:
    """A client for the address and key that the server told once it listened."""
    if not told:
        raise RuntimeError("the server did not start")
    ready = json.loads(told)
    key = ready["api_key"] or os.environ.get("MUTOSCOPE_API_KEY")
    if not key:
        raise RuntimeError("the database has keys already; set MUTOSCOPE_API_KEY to one of them")
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=ready["url"], headers=headers, timeout=60, trust_env=False)


def stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=45)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def wait_until_ready(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTUP_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the server stopped with exit code {server.returncode}")
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.2)
    raise RuntimeError(f"the server was not ready after {STARTUP_S:.0f} s")


def read_input(client: httpx.Client, picture: Path, prompt: str | None) -> dict[str, Any]:
    """The body of the call: the picture is uploaded, the prompt is the model's own example unless given."""
    model = answer(client.get(f"/v1/models/{MODEL_ID}"))
    prompt = prompt or model["input_schema"]["properties"]["prompt"]["default"]
    with picture.open("rb") as file:
        uploaded = answer(client.post("/v1/files", files={"file": (picture.name, file)}))
    return {"prompt": prompt, "image_urls": [uploaded["url"]]}


def watch(client: httpx.Client, request_id: str) -> None:
    """Show how far the request is until it ends."""
    columns = (TextColumn("{task.description:<12}"), BarColumn(40), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("in queue", total=1.0)
        while True:
            request = answer(client.get(f"/v1/requests/{request_id}"))
            done = request["state"] not in ("in_queue", "in_progress")
            word = request["state"] if done else request.get("stage") or request["state"]
            share = 1.0 if request["state"] == "completed" else request.get("progress", 0.0)
            bar.update(task, completed=share, description=word.replace("_", " "))
            if done:
                return
            time.sleep(0.5)


def report(console: Console, metadata: dict[str, Any]) -> None:
    """What made the video and what of the prompt is in it, as the result says."""
    media, plan = metadata.get("media", {}), metadata.get("plan", {})
    if media:
        size = f"{media['width_px']} x {media['height_px']}"
        length = f"{media['num_frames']} frames at {media['fps']:g} fps"
        console.print(f"Made     {size}, {length}, seed {metadata['seed']}")
        console.print(f"Engine   {metadata['engine']} {metadata['engine_version']}")
    for word in ("applied", "ignored"):
        if plan.get(word):
            console.print(f"{word.capitalize():<8} {'; '.join(plan[word])}")


def fetch(client: httpx.Client, url: str) -> bytes:
    response = client.get(url)
    response.raise_for_status()
    return response.content


def answer(response: httpx.Response) -> dict[str, Any]:
    """The JSON object in a good answer. Raises RuntimeError with the server's own words for a bad one."""
    body: dict[str, Any] = response.json()
    if response.is_success:
        return body
    raise RuntimeError(f"HTTP {response.status_code}: {body.get('error_message', body)}")


if __name__ == "__main__":
    sys.exit(main())
