"""What a fleet asks of Ray, and nothing else: every call has a time limit, and every error is one of three of ours.

Ray is imported here, when a cluster is connected to. Actors are detached and have names in a namespace of ours, so that
they outlive the driver and are found again. Read next: `actor`, which runs on the nodes, and `ray`, which uses this.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from mutoscope.errors import ConfigError, MutoscopeError
from mutoscope.fleet.scaling import Bundle

T = TypeVar("T")

NAMESPACE = "mutoscope"
CALL_S = 15.0
"""How long Ray may take to answer. After a minute without its head Ray would end this process, and not say why."""
CONNECT_S = 60.0


class RayGone(MutoscopeError):
    """The Ray cluster cannot be reached."""


class ActorGone(MutoscopeError):
    """The actor died."""


class ActorSilent(MutoscopeError):
    """The actor cannot be reached; whether it lives is not known."""


def bounded(call: Callable[[], T], limit_s: float, *, what: str) -> T:
    """What the call gives; RayGone when it takes too long. Its thread is then left behind."""
    answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put((call(), None))
        except BaseException as exc:  # it is raised again where it is waited for
            answers.put((None, exc))

    threading.Thread(target=ask, name=f"ray-{what}", daemon=True).start()
    try:
        value, error = answers.get(timeout=limit_s)
    except queue.Empty:
        raise RayGone(f"Ray did not answer within {limit_s:g} s ({what})") from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]  # what the call gave


class Cluster:
    """A connection to a Ray cluster. Used from one thread."""

    def __init__(self, address: str) -> None:
        """Connect. Raises ConfigError without the package, RayGone without the cluster."""
        try:
            import ray  # noqa: PLC0415 - optional, and seconds to import
            from ray import exceptions  # noqa: PLC0415
        except ImportError as exc:
            raise ConfigError("Ray is not installed here: pip install 'mutoscope[ray]'") from exc
        self._ray: Any = ray
        self._errors: Any = exceptions
        self._classes: dict[type, Any] = {}
        self._asked: tuple[Bundle, ...] | None = None

        def connect() -> None:
            ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)

        try:
            bounded(connect, CONNECT_S, what=f"connecting to {address!r}")
        except (RuntimeError, ValueError, OSError, exceptions.RayError) as exc:
            raise RayGone(f"Ray at {address!r} cannot be used: {_line(exc)}") from exc

    def names(self, fleet: str) -> list[str]:
        """Names of the fleet's actors that are not dead, whoever made them."""
        found = self._call(self._ray.util.list_named_actors, what="listing actors")
        return sorted(name for name in found if name.startswith(f"{fleet}."))

    def free(self) -> Bundle:
        """What nobody uses, of all nodes together."""
        left: Bundle = self._call(self._ray.available_resources, what="reading resources")
        return left

    def seat(self, fleet: str) -> Any:
        """The actor of the fleet's driver, beside this process; None while another driver has it."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - as above

        from mutoscope.fleet.actor import Seat  # noqa: PLC0415 - beside the other one, below

        def take() -> Any:
            here = self._ray.get_runtime_context().get_node_id()
            where = NodeAffinitySchedulingStrategy(node_id=here, soft=False)
            options = {"name": fleet, "num_cpus": 0, "scheduling_strategy": where, "max_restarts": 0}
            actor = self._remote(Seat).options(**options).remote()
            self._ray.get(actor.hello.remote(), timeout=CALL_S)
            return actor

        try:
            return self._call(take, what="taking the driver's seat", limit_s=CALL_S * 2)
        except ValueError:  # the name is taken
            return None

    def begin(self, name: str, takes: Bundle, *args: object) -> Any:
        """A new actor. It is placed when there is room; nobody waits for that here."""
        from mutoscope.fleet.actor import Slot  # noqa: PLC0415 - brings engines along

        custom = {key: amount for key, amount in takes.items() if key not in ("CPU", "GPU")}
        options = {"name": name, "lifetime": "detached", "max_restarts": 0, "max_task_retries": 0, "resources": custom}
        amounts = {"num_cpus": takes.get("CPU", 0.0), "num_gpus": takes.get("GPU", 0.0)}
        make = self._remote(Slot).options(**options, **amounts).remote
        return self._call(lambda: make(*args), what="making an actor")

    def find(self, name: str) -> Any:
        """The actor of this name; None when it died meanwhile."""
        try:
            return self._call(lambda: self._ray.get_actor(name), what="finding an actor")
        except ValueError:
            return None

    def call(self, actor: Any, method: str, *args: object) -> Any:
        """Call a method; a promise of what it gives. Raises ActorGone where that is known at once."""
        with self._translated():
            return self._call(lambda: getattr(actor, method).remote(*args), what=f"calling {method}")

    def ready(self, promises: Sequence[Any], timeout_s: float) -> list[Any]:
        """Those that were kept or broken, as soon as there are any."""

        def wait() -> list[Any]:
            done: list[Any] = self._ray.wait(list(promises), num_returns=1, timeout=timeout_s)[0]
            if done:  # and what else came with it
                done = self._ray.wait(list(promises), num_returns=len(promises), timeout=0)[0]
            return done

        return self._call(wait, what="waiting", limit_s=timeout_s + CALL_S)

    def value(self, promise: Any) -> Any:
        """What a promise that was kept gives. Raises ActorGone or ActorSilent."""
        with self._translated():
            return self._call(lambda: self._ray.get(promise, timeout=CALL_S), what="reading an answer")

    def end(self, actor: Any) -> None:
        """Take the actor away, with what it runs."""
        with contextlib.suppress(ActorGone, ActorSilent), self._translated():
            self._call(lambda: self._ray.kill(actor, no_restart=True), what="ending an actor")

    def ask(self, bundles: Iterable[Bundle]) -> None:
        """What the cluster should have room for, used or not. Where nothing scales it, nothing comes of it."""
        from ray.autoscaler import sdk  # noqa: PLC0415 - as above

        wanted = tuple(dict(bundle) for bundle in bundles)
        if wanted != self._asked:
            self._call(lambda: sdk.request_resources(bundles=list(wanted)), what="asking for more")
            self._asked = wanted

    def close(self) -> None:
        """Let go; detached actors stay."""
        with contextlib.suppress(RayGone):
            bounded(self._ray.shutdown, CALL_S, what="disconnecting")

    def _remote(self, kind: type) -> Any:
        if kind not in self._classes:
            self._classes[kind] = self._ray.remote(kind)
        return self._classes[kind]

    def _call(self, call: Callable[[], T], *, what: str, limit_s: float = CALL_S) -> T:
        """Ray's own trouble is RayGone; what became of an actor is passed on."""
        actors, tasks = self._errors.RayActorError, self._errors.RayTaskError
        try:
            return bounded(call, limit_s, what=what)
        except (actors, tasks, ValueError):  # a ValueError is about a name
            raise
        except (RuntimeError, OSError, self._errors.RayError) as exc:
            raise RayGone(f"Ray failed ({what}): {_line(exc)}") from exc

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._errors.ActorUnavailableError as exc:
            raise ActorSilent(_line(exc)) from exc
        except (self._errors.RayActorError, self._errors.RayTaskError) as exc:
            raise ActorGone(_line(exc)) from exc


def _line(exc: BaseException) -> str:
    """Its words, without the trace that Ray puts into them."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    return (lines[-1] if lines and lines[0].startswith("\x1b") else lines[0])[:300] if lines else type(exc).__name__
