"""The engine `upstream`: a request is handed to somebody else's API and its outputs are brought home."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from mutoscope.engines.base import Capabilities, Produced, Progress, Task
from mutoscope.engines.upstream import setup
from mutoscope.engines.upstream.line import Breaker
from mutoscope.engines.upstream.trip import NOTE, Trip
from mutoscope.engines.upstream.vendors import connect
from mutoscope.errors import ConfigError, EngineError


class Upstream:
    """Takes any parameters and files: what they mean is the upstream's affair, and the manifest's schema's."""

    version = "1"

    def __init__(self) -> None:
        self._breakers: defaultdict[str, Breaker] = defaultdict(Breaker)
        self._stopping = threading.Event()

    def capabilities(self) -> Capabilities:
        """What a manifest binds; its settings are read when it is."""
        return Capabilities(
            parameters=frozenset(),
            files=frozenset(),
            required=frozenset(),
            produces=frozenset({"video", "image"}),
            settings=setup.SETTINGS,
            is_open=True,
            lacks=lambda settings: setup.read(settings).lacks(),
            with_settings=self._under,
        )

    def _under(self, settings: Mapping[str, Any]) -> Capabilities:
        setup.read(settings)
        return self.capabilities()

    def warm(self, progress: Progress) -> None:
        """Nothing is loaded."""
        progress.report(1.0, "ready")

    def run(self, task: Task, progress: Progress) -> Produced:
        """One attempt. Raises EngineError: `declined` when nothing was begun there and another engine may do it."""
        self._stopping.clear()
        try:
            found = setup.read(task.settings)
            line, vendor = connect(found, self._breakers[found.origin], traceparent=task.traceparent)
        except ConfigError as exc:
            raise EngineError(exc.message, declined=True) from exc
        return Trip(task, progress, found, line, vendor, self._stopping).make()

    def stop(self) -> None:
        """The upstream is told too, by the thread that runs the task."""
        self._stopping.set()

    def withdraw(self, settings: Mapping[str, Any], remembered: Mapping[str, Any]) -> None:
        """Cancel the request there, if it is known by what."""
        try:
            found = setup.read(settings)
            _, vendor = connect(found, self._breakers[found.origin])
        except ConfigError as exc:
            raise EngineError(exc.message) from exc
        note = remembered.get(NOTE) or {}
        if (job := note.get("job")) and note.get("at") == found.place:
            vendor.cancel(str(job))

    def close(self) -> None:
        """Nothing is held between tasks."""
