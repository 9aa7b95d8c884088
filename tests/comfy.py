"""A server that speaks ComfyUI's protocol, for tests: queue, history, uploads, websocket, validation, interrupts.

Nodes draw small pictures instead of denoising; what they are called, what they take and every message about them is as
ComfyUI 0.3 has it. `python comfy.py --listen 127.0.0.1 --port N` is a server of its own, as ComfyUI's main.py is.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import itertools
import json
import struct
import tempfile
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from mutoscope.media.encode import VideoWriter

Picture = np.ndarray
SAMPLERS = [f"sampler_{number}" for number in range(20)]
NODES: dict[str, dict[str, Any]] = {
    "CheckpointLoaderSimple": {"ckpt_name": [["tiny.safetensors", "other.safetensors"]]},
    "CLIPTextEncode": {"text": ["STRING", {"multiline": True}], "clip": ["CLIP"]},
    "EmptyLatentImage": {
        "width": ["INT", {"default": 512, "min": 16, "max": 16384, "step": 8}],
        "height": ["INT", {"default": 512, "min": 16, "max": 16384, "step": 8}],
        "batch_size": ["INT", {"default": 1, "min": 1, "max": 4096}],
    },
    "KSampler": {
        "model": ["MODEL"],
        "seed": ["INT", {"default": 0, "min": 0, "max": 2**64 - 1}],
        "steps": ["INT", {"default": 20, "min": 1, "max": 10000}],
        "cfg": ["FLOAT", {"default": 8.0, "min": 0.0, "max": 100.0}],
        "sampler_name": [SAMPLERS],
        "positive": ["CONDITIONING"],
        "latent_image": ["LATENT"],
    },
    "VAEDecode": {"samples": ["LATENT"]},
    "LoadImage": {"image": [[], {"image_upload": True}]},
    "ImageScale": {"image": ["IMAGE"], "width": ["INT", {"min": 0, "max": 16384}], "height": ["INT", {"min": 0}]},
    "RepeatImageBatch": {"image": ["IMAGE"], "amount": ["INT", {"default": 1, "min": 1, "max": 4096}]},
    "CreateVideo": {"images": ["IMAGE"], "fps": ["FLOAT", {"default": 30.0, "min": 1.0, "max": 120.0}]},
    "SaveImage": {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]},
    "PreviewImage": {"images": ["IMAGE"]},
    "SaveVideo": {"video": ["VIDEO"], "filename_prefix": ["STRING", {"default": "video/ComfyUI"}]},
    "VHS_VideoCombine": {"images": ["IMAGE"], "frame_rate": ["FLOAT", {"min": 1}]},
    "ShowText": {"text": ["STRING", {}]},
    "LoraLoaderModelOnly": {
        "model": ["MODEL"],
        "lora_name": [["style.safetensors", "other.safetensors"]],
        "strength_model": ["FLOAT", {"default": 1.0, "min": -100.0, "max": 100.0}],
    },
    "SaveMesh": {"text": ["STRING", {}]},
    "Trouble": {"kind": [["ValueError", "torch.OutOfMemoryError"]], "images": ["IMAGE"]},
}
"""Inputs of each node, as `/object_info` declares them."""
OUTPUT_NODES = {"SaveImage", "PreviewImage", "SaveVideo", "VHS_VideoCombine", "ShowText", "SaveMesh"}


class Trouble(Exception):
    """A node failed with an exception of this kind."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Interrupted(Exception):
    """Somebody asked to stop what runs."""


class Comfy:
    """One server. What it keeps, it keeps in memory, as ComfyUI does: `stop` and `start` forget queue and history.

    step_s       how long each step of a KSampler takes.
    takes_ids    whether it uses the prompt_id of the caller; older versions draw their own.
    has_socket   whether something in between lets websockets through.
    hold         while set, nothing that waits is begun.
    """

    def __init__(self, folder: Path, *, step_s: float = 0.0, takes_ids: bool = True, has_socket: bool = True) -> None:
        self.folder = folder
        self.step_s = step_s
        self.takes_ids = takes_ids
        self.has_socket = has_socket
        self.hold = threading.Event()
        self.runs: list[str] = []
        """Prompts that were begun, over all lives of the server."""
        self.freed = 0
        self.port = 0
        for name in ("input", "output", "temp"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the port of its earlier life if it had one, with nothing in queue or history."""
        self.pending: list[list[Any]] = []
        self.running: dict[str, list[Any]] = {}
        self.history: dict[str, Any] = {}
        self.interrupted = threading.Event()
        self._sockets: dict[str, WebSocket] = {}
        self._cache: dict[str, Any] = {}
        self._shown: dict[str, Any] = {}
        self._wake = threading.Condition()
        self._numbers = itertools.count()
        self._gone = threading.Event()
        config = uvicorn.Config(
            self.app(),
            host="127.0.0.1",
            port=self.port,
            log_level="critical",
            ws="websockets-sansio",
            lifespan="off",
            timeout_graceful_shutdown=0,
        )
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._serving = threading.Thread(target=self._serve, daemon=True)
        self._serving.start()
        until = time.monotonic() + 60
        while not self._server.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self._working = threading.Thread(target=self._work, daemon=True)
        self._working.start()

    def stop(self) -> None:
        """Gone in the middle of whatever it does."""
        self._gone.set()
        self.interrupted.set()
        self.hold.clear()
        with self._wake:
            self._wake.notify_all()
        self._working.join(60)
        self._server.should_exit = self._server.force_exit = True
        self._serving.join(60)
        assert not self._serving.is_alive() and not self._working.is_alive()

    def drop_sockets(self) -> None:
        """Every websocket breaks off; the server goes on."""
        for socket in list(self._sockets.values()):
            asyncio.run_coroutine_threadsafe(socket.close(1011), self._loop).result(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        with contextlib.suppress(SystemExit):
            self._loop.run_until_complete(self._server.serve())
        self._loop.close()

    # -- HTTP

    def app(self) -> Starlette:
        routes: list[Any] = [
            Route("/prompt", self._post_prompt, methods=["POST"]),
            Route("/prompt", self._get_prompt),
            Route("/queue", self._get_queue),
            Route("/queue", self._post_queue, methods=["POST"]),
            Route("/interrupt", self._interrupt, methods=["POST"]),
            Route("/history", self._history),
            Route("/history/{prompt_id}", self._history),
            Route("/view", self._view),
            Route("/upload/image", self._upload, methods=["POST"]),
            Route("/object_info", self._object_info),
            Route("/system_stats", self._stats),
            Route("/free", self._free, methods=["POST"]),
        ]
        if self.has_socket:
            routes.append(WebSocketRoute("/ws", self._socket))
        return Starlette(routes=[*routes, *(_under_api(route) for route in routes)])

    async def _post_prompt(self, request: Request) -> Response:
        body = await request.json()
        if "prompt" not in body:
            nothing = {"type": "no_prompt", "message": "No prompt provided", "details": "", "extra_info": {}}
            return JSONResponse({"error": nothing, "node_errors": {}}, 400)
        error, outputs, node_errors = self._validate(body["prompt"])
        if error:
            return JSONResponse({"error": error, "node_errors": node_errors}, 400)
        prompt_id = str(body.get("prompt_id") or uuid.uuid4()) if self.takes_ids else str(uuid.uuid4())
        extra = dict(body.get("extra_data", {}))
        if "client_id" in body:
            extra["client_id"] = body["client_id"]
        number = next(self._numbers)
        with self._wake:
            self.pending.append([number, prompt_id, body["prompt"], extra, outputs])
            self._wake.notify_all()
        await self._tell_status()
        return JSONResponse({"prompt_id": prompt_id, "number": number, "node_errors": node_errors})

    async def _get_prompt(self, request: Request) -> Response:
        return JSONResponse({"exec_info": {"queue_remaining": self._remaining()}})

    async def _get_queue(self, request: Request) -> Response:
        with self._wake:
            return JSONResponse({"queue_running": list(self.running.values()), "queue_pending": self.pending})

    async def _post_queue(self, request: Request) -> Response:
        body = await request.json()
        with self._wake:
            gone = {item[1] for item in self.pending} if body.get("clear") else set(body.get("delete", ()))
            self.pending = [item for item in self.pending if item[1] not in gone]
        return Response()

    async def _interrupt(self, request: Request) -> Response:
        body = await request.body()
        prompt_id = json.loads(body).get("prompt_id") if body else None
        if not self.takes_ids or prompt_id is None or prompt_id in self.running:
            self.interrupted.set()
        return Response()

    async def _history(self, request: Request) -> Response:
        prompt_id = request.path_params.get("prompt_id")
        found = {prompt_id: self.history.get(prompt_id)} if prompt_id else self.history
        return JSONResponse({key: value for key, value in found.items() if value is not None})

    async def _view(self, request: Request) -> Response:
        query = request.query_params
        path = self.folder / query.get("type", "output") / query.get("subfolder", "") / query["filename"]
        return FileResponse(path) if path.is_file() else Response(status_code=404)

    async def _upload(self, request: Request) -> Response:
        async with request.form() as form:
            file: Any = form["image"]
            subfolder = str(form.get("subfolder", ""))
            target = self.folder / "input" / subfolder / file.filename
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(await file.read())
            return JSONResponse({"name": file.filename, "subfolder": subfolder, "type": "input"})

    async def _object_info(self, request: Request) -> Response:
        return JSONResponse({name: {"input": {"required": fields}} for name, fields in NODES.items()})

    async def _stats(self, request: Request) -> Response:
        return JSONResponse({"system": {"comfyui_version": "0.3.64"}, "devices": []})

    async def _free(self, request: Request) -> Response:
        self.freed += 1
        return Response()

    # -- websocket

    async def _socket(self, socket: WebSocket) -> None:
        sid = socket.query_params.get("clientId") or uuid.uuid4().hex
        await socket.accept()
        self._sockets[sid] = socket
        await socket.send_text(_message("status", {"status": self._status(), "sid": sid}))
        for item in list(self.running.values()):
            if item[3].get("client_id") == sid and item[-1]:
                await socket.send_text(_message("executing", {"node": item[-1], "display_node": item[-1]}))
        try:
            while True:
                told = json.loads(await socket.receive_text())
                if told.get("type") == "feature_flags":
                    await socket.send_text(_message("feature_flags", {"supports_preview_metadata": True}))
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            if self._sockets.get(sid) is socket:
                del self._sockets[sid]

    async def _tell_status(self) -> None:
        for socket in list(self._sockets.values()):
            with contextlib.suppress(Exception):
                await socket.send_text(_message("status", {"status": self._status()}))

    def _status(self) -> dict[str, Any]:
        return {"exec_info": {"queue_remaining": self._remaining()}}

    def _remaining(self) -> int:
        return len(self.pending) + len(self.running)

    def _send(self, sid: str | None, frame: str | bytes) -> None:
        """To one client, from the thread that works; those that are gone miss it."""
        socket = self._sockets.get(sid or "")
        if socket is None or self._gone.is_set():
            return
        sending = socket.send_text(frame) if isinstance(frame, str) else socket.send_bytes(frame)
        with contextlib.suppress(Exception):
            asyncio.run_coroutine_threadsafe(sending, self._loop).result(10)

    # -- validation, in ComfyUI's words

    def _validate(self, graph: dict[str, Any]) -> tuple[dict[str, Any] | None, list[str], dict[str, Any]]:
        for node_id, node in graph.items():
            if node.get("class_type") not in NODES:
                message = f"Cannot execute because node {node.get('class_type')} does not exist."
                details = f"Node ID '#{node_id}'"
                return {"type": "invalid_prompt", "message": message, "details": details, "extra_info": {}}, [], {}
        outputs = [node_id for node_id, node in graph.items() if node["class_type"] in OUTPUT_NODES]
        if not outputs:
            message = "Prompt has no outputs"
            return {"type": "prompt_no_outputs", "message": message, "details": "", "extra_info": {}}, [], {}
        wrong: dict[str, Any] = {}
        good = []
        for output in outputs:
            faulty = [node_id for node_id in _needed(graph, output) if self._wrong_inputs(graph[node_id])]
            if not faulty:
                good.append(output)
            for node_id in faulty:
                node = graph[node_id]
                told = {"errors": self._wrong_inputs(node), "dependent_outputs": [], "class_type": node["class_type"]}
                wrong.setdefault(node_id, told)["dependent_outputs"].append(output)
        if good:
            return None, good, wrong
        message = "Prompt outputs failed validation"
        error = {"type": "prompt_outputs_failed_validation", "message": message, "details": "", "extra_info": {}}
        return error, [], wrong

    def _wrong_inputs(self, node: dict[str, Any]) -> list[dict[str, Any]]:
        found = []
        for name, config in NODES[node["class_type"]].items():
            value = node["inputs"].get(name)
            extra = {"input_name": name, "input_config": config, "received_value": value}
            limits = config[1] if len(config) > 1 else {}
            if value is None:
                found.append(_error("required_input_missing", "Required input is missing", name, {"input_name": name}))
            elif isinstance(value, list):
                continue
            elif "min" in limits and value < limits["min"]:
                message = f"Value {value} smaller than min of {limits['min']}"
                found.append(_error("value_smaller_than_min", message, name, extra))
            elif "max" in limits and value > limits["max"]:
                message = f"Value {value} bigger than max of {limits['max']}"
                found.append(_error("value_bigger_than_max", message, name, extra))
            elif "image_upload" in limits:
                if not (self.folder / "input" / value).is_file():
                    details = f"image - Invalid image file: {value}"
                    found.append(
                        _error("custom_validation_failed", "Custom validation failed for node", details, extra)
                    )
            elif isinstance(config[0], list) and value not in config[0]:
                details = f"{name}: '{value}' not in {config[0]}"
                found.append(_error("value_not_in_list", "Value not in list", details, extra))
        return found

    # -- work

    def _work(self) -> None:
        while not self._gone.is_set():
            with self._wake:
                if not self.pending or self.hold.is_set():
                    self._wake.wait(0.05)
                    continue
                item = self.pending.pop(0)
                self.running[item[1]] = [*item, None]
                self.interrupted.clear()
            self.runs.append(item[1])
            entry = self._execute(item)
            with self._wake:
                if self._gone.is_set():
                    return
                self.running.pop(item[1])
                self.history[item[1]] = entry
            sid = item[3].get("client_id")
            self._send(sid, _message("executing", {"node": None, "prompt_id": item[1]}))
            asyncio.run_coroutine_threadsafe(self._tell_status(), self._loop).result(10)

    def _execute(self, item: list[Any]) -> dict[str, Any]:
        _, prompt_id, graph, extra, outputs = item
        sid = extra.get("client_id")
        messages: list[Any] = []
        made: dict[str, Any] = {}

        def tell(kind: str, data: dict[str, Any], *, kept: bool = False) -> None:
            told = {**data, "prompt_id": prompt_id}
            if kept:
                messages.append([kind, {**told, "timestamp": int(time.time() * 1000)}])
            self._send(sid, _message(kind, told))

        status, node_id = "success", ""
        tell("execution_start", {}, kept=True)
        order = list(dict.fromkeys(node for output in outputs for node in _needed(graph, output)))
        keys = {node: _signature(graph, node, self.folder) for node in order}
        tell("execution_cached", {"nodes": [node for node in order if keys[node] in self._cache]}, kept=True)
        try:
            for node_id in order:
                if keys[node_id] not in self._cache:
                    self._run_node(graph, node_id, keys, sid, tell, prompt_id)
                if keys[node_id] in self._shown:
                    made[node_id] = self._shown[keys[node_id]]
                    tell("executed", {"node": node_id, "display_node": node_id, "output": made[node_id]})
            tell("execution_success", {}, kept=True)
        except Interrupted:
            status = "error"
            told = {"node_id": node_id, "node_type": graph[node_id]["class_type"], "executed": []}
            tell("execution_interrupted", told, kept=True)
        except Exception as exc:  # what a node raises is told, as ComfyUI does
            status = "error"
            kind = getattr(exc, "kind", type(exc).__name__)
            told = {"node_id": node_id, "node_type": graph[node_id]["class_type"], "executed": []}
            told |= {"exception_message": str(exc), "exception_type": kind, "traceback": [], "current_inputs": {}}
            tell("execution_error", told, kept=True)
        prompt = [*item[:3], extra, outputs]
        told = {"status_str": status, "completed": status == "success", "messages": messages}
        return {"prompt": prompt, "outputs": made, "status": told, "meta": {}}

    def _run_node(
        self, graph: Any, node_id: str, keys: Any, sid: str | None, tell: Callable[..., None], prompt_id: str
    ) -> None:
        node = graph[node_id]
        self.running[prompt_id][-1] = node_id
        tell("executing", {"node": node_id, "display_node": node_id})
        inputs = {
            name: self._cache[keys[value[0]]] if isinstance(value, list) else value
            for name, value in node["inputs"].items()
        }

        def step(value: int, most: int, picture: Picture) -> None:
            if self.interrupted.wait(self.step_s) or self._gone.is_set():
                raise Interrupted
            state = {"value": value, "max": most, "state": "running", "node_id": node_id, "prompt_id": prompt_id}
            tell("progress_state", {"nodes": {node_id: state}})
            tell("progress", {"value": value, "max": most, "node": node_id})
            self._send(sid, _preview(picture, prompt_id, node_id, with_metadata=value % 2 == 0))

        value, shown = self._result(node["class_type"], inputs, step)
        self._cache[keys[node_id]] = value
        if shown is not None:
            self._shown[keys[node_id]] = shown
        done = {"value": 1, "max": 1, "state": "finished", "node_id": node_id, "prompt_id": prompt_id}
        tell("progress_state", {"nodes": {node_id: done}})

    def _result(self, kind: str, given: dict[str, Any], step: Any) -> tuple[Any, dict[str, Any] | None]:
        match kind:
            case "EmptyLatentImage":
                return (given["width"], given["height"]), None
            case "KSampler":
                return self._sample(given, step), None
            case "VAEDecode":
                return given["samples"], None
            case "LoadImage":
                with Image.open(self.folder / "input" / given["image"]) as image:
                    return [np.asarray(image.convert("RGB"))], None
            case "ImageScale":
                size = (given["width"], given["height"])
                return [np.asarray(Image.fromarray(one).resize(size)) for one in given["image"]], None
            case "RepeatImageBatch":
                return given["image"] * given["amount"], None
            case "Trouble":
                raise Trouble(given["kind"], "Allocation on device" if "Memory" in given["kind"] else "bad tensor")
            case "SaveImage" | "PreviewImage":
                return None, {"images": self._save(given["images"], "output" if kind == "SaveImage" else "temp")}
            case "CreateVideo":
                return (given["images"], given["fps"]), None
            case "SaveVideo":
                return None, {"images": self._film(given["video"][0], given["video"][1], "video"), "animated": (True,)}
            case "VHS_VideoCombine":
                return None, {"gifs": self._film(given["images"], given["frame_rate"], "")}
            case "ShowText":
                return None, {"text": [given["text"]]}
            case "SaveMesh":
                name = f"mesh_{next(self._numbers):05}.glb"
                (self.folder / "output" / name).write_text(given["text"])
                return None, {"3d": [{"filename": name, "subfolder": "", "type": "output"}]}
            case _:
                return given, None

    def _sample(self, given: dict[str, Any], step: Any) -> list[Picture]:
        width, height = given["latent_image"]
        lora = f"{given['model'].get('lora_name')} {given['model'].get('strength_model')}".encode()
        drawn = np.random.default_rng([given["seed"], len(str(given["positive"]["text"])), zlib.crc32(lora)])
        picture = drawn.integers(0, 255, (height // 8, width // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
        for number in range(given["steps"]):
            step(number + 1, given["steps"], picture)
        return [picture]

    def _save(self, pictures: list[Picture], where: str) -> list[dict[str, Any]]:
        saved = []
        for picture in pictures:
            name = f"ComfyUI_{next(self._numbers):05}_.png"
            Image.fromarray(picture).save(self.folder / where / name)
            saved.append({"filename": name, "subfolder": "", "type": where})
        return saved

    def _film(self, pictures: list[Picture], fps: float, subfolder: str) -> list[dict[str, Any]]:
        name = f"ComfyUI_{next(self._numbers):05}_.mp4"
        path = self.folder / "output" / subfolder / name
        path.parent.mkdir(exist_ok=True)
        height, width = pictures[0].shape[:2]
        with VideoWriter(path, width_px=width, height_px=height, fps=fps, preset="ultrafast") as video:
            for picture in pictures:
                video.write(picture)
        return [{"filename": name, "subfolder": subfolder, "type": "output", "format": "video/h264-mp4"}]


def _under_api(route: Any) -> Any:
    if isinstance(route, WebSocketRoute):
        return WebSocketRoute("/api" + route.path, route.endpoint)
    return Route("/api" + route.path, route.endpoint, methods=route.methods)


def _message(kind: str, data: dict[str, Any]) -> str:
    return json.dumps({"type": kind, "data": data})


def _error(kind: str, message: str, details: str, extra: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def _preview(picture: Picture, prompt_id: str, node_id: str, *, with_metadata: bool) -> bytes:
    """Binary frames of kind 1 (a JPEG) or 4 (a PNG with metadata)."""
    encoded = io.BytesIO()
    Image.fromarray(picture).save(encoded, "PNG" if with_metadata else "JPEG")
    if not with_metadata:
        return struct.pack(">II", 1, 1) + encoded.getvalue()
    metadata = json.dumps({"node_id": node_id, "prompt_id": prompt_id, "image_type": "image/png"}).encode()
    return struct.pack(">II", 4, len(metadata)) + metadata + encoded.getvalue()


def _needed(graph: dict[str, Any], node_id: str) -> list[str]:
    """The node and all that it depends on, those first."""
    links = [str(value[0]) for value in graph[node_id].get("inputs", {}).values() if isinstance(value, list)]
    return list(dict.fromkeys([*(one for link in links for one in _needed(graph, link)), node_id]))


def _signature(graph: dict[str, Any], node_id: str, folder: Path) -> str:
    node = graph[node_id]
    content = ""
    if node["class_type"] == "LoadImage" and (path := folder / "input" / node["inputs"]["image"]).is_file():
        content = str(hash(path.read_bytes()))
    parts = {
        name: _signature(graph, str(value[0]), folder) if isinstance(value, list) else value
        for name, value in node["inputs"].items()
    }
    return json.dumps([node["class_type"], parts, content], sort_keys=True)


@contextlib.contextmanager
def running(**given: Any) -> Iterator[Comfy]:
    """A server for the time of the block."""
    with tempfile.TemporaryDirectory() as folder:
        server = Comfy(Path(folder), **given)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8188)
    parser.add_argument("--disable-auto-launch", action="store_true")
    parser.add_argument("--fail", action="store_true")
    given = parser.parse_args()
    if given.fail:
        raise SystemExit("ImportError: no torch here")
    with tempfile.TemporaryDirectory() as folder:
        server = Comfy(Path(folder))
        server.port = given.port
        server.start()
        threading.Event().wait()


if __name__ == "__main__":
    main()
