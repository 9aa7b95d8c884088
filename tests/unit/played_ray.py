"""A Ray cluster that is played, a server that is played, and a driver between them that goes step by step."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mutoscope.fleet.ray import RayFleet
from mutoscope.fleet.scaling import Bounds, Bundle, Policy

MODEL = "studio/large"


class Office:
    """A server that tells of a queue and hears who is lost."""

    def __init__(self) -> None:
        self.in_queue = 0
        self.at_work: list[str] = []
        self.lost: list[str] = []
        self.status = 200
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                needs, takes = {"gpu_memory_gb": 0, "labels": []}, {"num_gpus": 0, "num_cpus": 1, "custom": {}}
                line = {
                    "model_id": MODEL,
                    "engine": "testcard",
                    "engines": ["testcard", "parallax"],
                    "in_queue": office.in_queue,
                    "in_progress": 0,
                }
                line |= {"oldest_s": 1.0, "needs": needs, "resources": takes, "time_limit_s": 60}
                self.say({"models": [line], "at_work": office.at_work})

            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                office.lost.append(told["worker_id"])
                office.at_work = [name for name in office.at_work if name != told["worker_id"]]
                self.say({"requests": 1})

            def say(self, told: Any) -> None:
                body = json.dumps(told).encode()
                self.send_response(office.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: Any) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


class Actor:
    """One that does what the test says."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_started = self.is_draining = False
        self.called: list[tuple[str, tuple[object, ...]]] = []
        self.answers: dict[str, list[Any]] = {}
        """Of a method, what it gives, or raises."""


class Played:
    """A cluster. What was called is answered as soon as the actor has an answer."""

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}
        self.asked: list[tuple[Bundle, ...]] = []
        self.left: Bundle = {"CPU": 8.0}
        self.seats: list[Any] = []
        self.is_taken = False

    def names(self, fleet: str) -> list[str]:
        return sorted(name for name in self.actors if name.startswith(f"{fleet}."))

    def free(self) -> Bundle:
        return self.left

    def seat(self, fleet: str) -> Any:
        if self.is_taken:
            return None
        self.seats.append(Actor("seat"))
        return self.seats[-1]

    def begin(self, name: str, takes: Bundle, *args: object) -> Actor:
        self.actors[name] = actor = Actor(name)
        actor.called.append(("made", args))
        return actor

    def find(self, name: str) -> Actor | None:
        return self.actors.get(name)

    def call(self, actor: Actor, method: str, *args: object) -> Any:
        actor.called.append((method, args))
        return (actor, method, len(actor.called))

    def ready(self, promises: Sequence[Any], timeout_s: float) -> list[Any]:
        return [one for one in promises if isinstance(one, tuple) and one[0].answers.get(one[1])]

    def value(self, promise: Any) -> Any:
        actor, method, _ = promise
        answer = actor.answers[method].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self, actor: Actor) -> None:
        self.actors.pop(actor.name, None)

    def ask(self, bundles: Any) -> None:
        self.asked.append(tuple(bundles))


def met(*, is_started: bool = False, is_draining: bool = False) -> dict[str, Any]:
    """What an actor that has a place says."""
    return {"host": "h", "version": "1", "is_started": is_started, "is_draining": is_draining}


class Clock:
    """Goes when it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Drive:
    """A driver, step by step."""

    def __init__(self, office: Office, cluster: Played | None = None) -> None:
        self.cluster, self.clock = cluster or Played(), Clock()
        policy = Policy((Bounds("*", 0, 4),), keep_warm_s=60)
        self.fleet = RayFleet("farm", office.url, "wt_secret", self.cluster, policy, clock=self.clock)  # type: ignore[arg-type]
        self.fleet._open()

    def step(self, seconds: float = 1.0) -> None:
        """Time passes; it looks, decides, acts and hears."""
        self.clock.now += seconds
        self.fleet._tick()
        self.fleet._hear(0)

    def one(self) -> Actor:
        """The only actor there is."""
        (actor,) = self.cluster.actors.values()
        return actor

    def running(self, office: Office) -> Actor:
        """One that was started and works."""
        office.in_queue = 1
        self.step()
        actor = self.one()
        actor.answers["hello"] = [met()]
        self.fleet._hear(0)
        office.in_queue, office.at_work = 0, [actor.name]
        self.step()
        return actor
