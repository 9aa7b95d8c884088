"""A container's program for RunPod, as its makers write one: run with RunPod's own SDK, knows nothing of us.

`python runpod_handler.py [stream]`: with the word it is a generator that yields one film after the other.
"""

import asyncio
import base64
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import runpod  # type: ignore[import-not-found]  # in an environment of its own

started = Path(sys.argv[1])
"""Gets a line for each job that begins."""


def note(line: str) -> None:
    """Into that file."""
    with started.open("a") as file:
        file.write(line)


async def handler(job: dict[str, Any]) -> Any:
    """What the prompt asks for."""
    given = job["input"]
    note(f"{job['id']} {sorted(given)}\n")
    match given["prompt"]:
        case "echo":
            runpod.serverless.progress_update(job, {"progress": 40, "stage": "drawing"})
            await asyncio.sleep(0.3)
            with urllib.request.urlopen(given["image"]) as answer:  # noqa: ASYNC210 - a container may
                content = answer.read()
            return {"images": [{"type": "base64", "data": base64.b64encode(content).decode()}], "seed": given["seed"]}
        case "address":
            return {"image_url": given["address"], "cost": 3}
        case "words":
            return {"text": "no picture today"}
        case "refuse":
            return {"error": "there is nothing to draw"}
        case "break":
            raise ValueError("a tube burst")
        case "wait":
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                note(f"stopped {job['id']}\n")
                raise
    return None


def two(current: int) -> int:
    """Jobs at once."""
    del current
    return 2


def pieces(job: dict[str, Any]) -> Iterator[Any]:
    """Words on the way, then the picture twice."""
    with urllib.request.urlopen(job["input"]["image"]) as answer:
        content = answer.read()
    yield "10%"
    for _ in range(2):
        yield {"image": "data:image/png;base64," + base64.b64encode(content).decode()}


if __name__ == "__main__":
    work = {"handler": pieces} if "stream" in sys.argv else {"handler": handler, "concurrency_modifier": two}
    runpod.serverless.start(work)
