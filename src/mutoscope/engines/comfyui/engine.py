"""The engine: a task becomes a prompt on the ComfyUI server with the shortest queue, and its files come back.

Where a prompt went is remembered before it is sent; the next attempt finds it there and goes on waiting instead of
asking for it again. Read next: `following`.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mutoscope.engines.base import SHOW_EVERY_S, Capabilities, Produced, Progress, Task
from mutoscope.engines.comfyui import deployed, outputs, refusals
from mutoscope.engines.comfyui.client import Away, Client, Entry, Refused
from mutoscope.engines.comfyui.folder import Folder
from mutoscope.engines.comfyui.following import Following, Gone, Prompt, Stopped
from mutoscope.engines.comfyui.plan import SETTINGS, STARTS, Plan, read_plan
from mutoscope.engines.comfyui.workflow import Place, with_values
from mutoscope.errors import ConfigError, EngineError, MediaError
from mutoscope.media.probe import probe

SUBMITS = 3
"""How often a prompt is sent in one attempt when the server it went to was started anew."""
SENT, RAN = 0.05, 0.95
"""What of the progress is sending the inputs, and where the workflow's own part ends."""


class Comfyui:
    """Runs the workflow of a manifest. Settings: `plan.read_plan`."""

    version = "1"

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._folders: dict[tuple[Path, tuple[str, ...]], Folder] = {}

    def capabilities(self) -> Capabilities:
        """What a workflow can be given is known with the manifest's settings."""
        return Capabilities(
            parameters=frozenset({"seed"}),
            files=frozenset(),
            required=frozenset(),
            produces=frozenset({"video", "image"}),
            settings=frozenset(SETTINGS),
            starts=STARTS,
            with_settings=lambda settings: read_plan(settings).capabilities(),
        )

    def warm(self, progress: Progress) -> None:
        """Nothing is loaded here; a ComfyUI folder is started with the first task that names it."""
        progress.report(1.0, "ready")

    def run(self, task: Task, progress: Progress) -> Produced:
        """Run the workflow, or go on with the one that an earlier attempt began. Raises EngineError and MediaError."""
        self._stopped.clear()
        try:
            plan = read_plan(task.settings)
        except ConfigError as exc:
            raise EngineError(f"engine.settings: {exc.message}") from exc
        folder = self._folder(plan)
        try:
            return _Run(plan, task, progress, self._stopped.is_set, folder).produced()
        finally:
            if folder is not None:
                folder.rest(plan.keep_warm_s)

    def stop(self) -> None:
        """The prompt is taken out of the queue, or interrupted."""
        self._stopped.set()

    def withdraw(self, settings: Mapping[str, Any], remembered: Mapping[str, Any]) -> None:
        """Take the prompt out of the queue where it was sent, or interrupt it there."""
        prompt = Prompt.remembered(remembered)
        try:
            plan = read_plan(settings)
        except ConfigError as exc:
            raise EngineError(f"engine.settings: {exc.message}") from exc
        if prompt is None or not (plan.folder or prompt.server in plan.servers):
            return
        client = Client(prompt.server)
        try:
            Following(client, prompt, (), is_stopped=lambda: False, heard=lambda *_: None).withdraw()
        finally:
            client.close()

    def close(self) -> None:
        """End what was started."""
        for folder in self._folders.values():
            folder.close()

    def _folder(self, plan: Plan) -> Folder | None:
        if plan.folder is None:
            return None
        return self._folders.setdefault((plan.folder, plan.arguments), Folder(plan.folder, plan.arguments))


class _Run:
    """One task."""

    def __init__(
        self, plan: Plan, task: Task, progress: Progress, is_stopped: Callable[[], bool], folder: Folder | None
    ) -> None:
        self._plan = plan
        self._task = task
        self._progress = progress
        self._is_stopped = is_stopped
        self._folder = folder
        self._shown, self._shown_at = 0, float("-inf")

    def produced(self) -> Produced:
        """Send and follow, until the prompt is over."""
        prompt = Prompt.remembered(self._task.remembered)
        for _ in range(SUBMITS):
            clients = self._clients()
            try:
                if prompt is None or prompt.server not in clients:
                    prompt = self._send(clients)
                client = clients[prompt.server]
                entry = self._follow(client, prompt)
                return self._fetched(client, entry)
            except Gone:
                self._progress.log("ComfyUI knows nothing of the workflow any more; it is sent again")
                prompt = None
            finally:
                for one in clients.values():
                    one.close()
        raise EngineError("ComfyUI lost the workflow again and again", retryable=True)

    def _clients(self) -> dict[str, Client]:
        servers = self._plan.servers
        if self._folder is not None:
            self._progress.report(0.0, "starting ComfyUI")
            servers = (self._folder.address(self._check),)
        return {address: Client(address) for address in servers}

    # -- send

    def _send(self, clients: Mapping[str, Client]) -> Prompt:
        """Queue the workflow where least waits; whether it got there is for `_follow` to find out."""
        client = _least_loaded(list(clients.values()))
        self._progress.report(0.0, "sending")
        graph = self._filled(client)
        prompt_id = str(uuid.uuid4())
        prompt = Prompt(client.address, prompt_id, f"mutoscope-{prompt_id}")
        self._progress.remember(prompt.memo())
        self._check()
        try:
            extra = self._task.parameters.get("extra_data") if self._plan.every_node else None
            _, wrong = client.submit(graph, prompt_id=prompt_id, client_id=prompt.client_id, extra_data=extra or {})
        except Refused as exc:
            raise refusals.of_nodes(exc.told, self._plan) from exc
        except Away:
            return prompt
        if concerned := self._concerned(wrong):
            self._following(client, prompt).withdraw()
            raise refusals.of_nodes({"node_errors": concerned}, self._plan)
        self._progress.report(SENT, "waiting")
        return prompt

    def _filled(self, client: Client) -> dict[str, Any]:
        """The workflow with everything in place."""
        if self._plan.every_node:
            return deployed.graph_of(self._plan.graph, self._task, lambda _, path: self._put(client, path))
        values: dict[Place, Any] = dict.fromkeys(self._plan.seed, self._task.seed)
        for name, places in self._plan.inputs.items():
            if name in self._task.parameters:
                values |= dict.fromkeys(places, self._task.parameters[name])
            elif paths := self._task.files.get(name, ()):
                values |= dict.fromkeys(places, self._uploaded(client, name, paths))
        return with_values(self._plan.graph, values)

    def _uploaded(self, client: Client, name: str, paths: Sequence[Path]) -> str:
        """Named by its content: the same file is kept once, and ComfyUI's cache knows it again."""
        if len(paths) > 1:
            raise MediaError(f"{len(paths)} files; one is accepted", field=name)
        return self._put(client, paths[0])

    def _put(self, client: Client, path: Path) -> str:
        self._check()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return client.upload(path, f"mutoscope-{digest[:32]}.{probe(path).format}")

    def _concerned(self, wrong: Mapping[str, Any]) -> dict[str, Any]:
        """A server runs what it can of a workflow: complaints about what our outputs need."""
        ours = set(self._plan.output)
        return {
            node: told
            for node, told in wrong.items()
            if not ours or node in ours or ours & set(map(str, told.get("dependent_outputs", ())))
        }

    # -- follow

    def _follow(self, client: Client, prompt: Prompt) -> Entry:
        following = self._following(client, prompt)
        try:
            return following.until_over()
        except Stopped:
            following.withdraw()
            raise

    def _following(self, client: Client, prompt: Prompt) -> Following:
        nodes = (self._task.parameters.get("workflow_api_json") or self._plan.graph).keys()
        return Following(client, prompt, nodes, is_stopped=self._is_stopped, heard=self._heard)

    def _heard(self, fraction: float, picture: bytes | None) -> None:
        self._progress.report(SENT + (RAN - SENT) * fraction, "generating")
        if picture is not None and time.monotonic() - self._shown_at >= SHOW_EVERY_S:
            self._shown, self._shown_at = self._shown + 1, time.monotonic()
            path = self._task.folder / f"preview-{self._shown}.jpg"
            if outputs.write_preview(picture, path):
                self._progress.show(path)

    def _fetched(self, client: Client, entry: Entry) -> Produced:
        for kind, data in entry.messages:
            if kind == "execution_error":
                if refusals.is_out_of_memory(data):
                    client.free()
                raise refusals.of_execution(data)
            if kind == "execution_interrupted":
                raise EngineError("the workflow was interrupted in ComfyUI")
        if entry.status == "error":
            raise EngineError("the workflow failed in ComfyUI, which does not say why")
        self._progress.report(RAN, "fetching")
        if self._plan.every_node:
            made = deployed.fetch(client, entry, self._task.folder)
        else:
            made = outputs.fetch(client, entry, self._plan, self._task.folder)
        self._progress.report(1.0, "fetching")
        return made

    def _check(self) -> None:
        if self._is_stopped():
            raise Stopped("the request was taken back")


def _least_loaded(clients: Sequence[Client]) -> Client:
    """The server with the shortest queue; one of them when there are several. Raises Away when none answers."""
    loads: list[tuple[int, float, Client]] = []
    away: Away | None = None
    for client in clients:
        try:
            loads.append((len(client.queue()), random.random(), client))  # noqa: S311 - spreads load, guards nothing
        except Away as exc:
            away = exc
    if not loads:
        raise away or Away("no ComfyUI server is named")
    return min(loads)[2]
