"""How a running request looks: a progress bar on a terminal, a line per change elsewhere. All on standard error."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from mutoscope.cli import output
from mutoscope.client import Event, Transfer

_STATES = {
    "in_queue": "in the queue",
    "in_progress": "started",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}


class Display:
    """Shows events and downloads while the block lasts."""

    def __init__(self) -> None:
        console = output.console(stderr=True)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._task = self._bar.add_task("submitted", total=1.0) if self._bar else None
        self._said = ""

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def on_event(self, event: Event) -> None:
        """Show one event; kinds it does not know are left out."""
        match event.kind, event.data:
            case "state", {"state": str(state)}:
                self._show(_STATES.get(state, state))
            case "position", {"queue_position": int(ahead)}:
                self._show("next in the queue" if ahead == 0 else f"in the queue, {ahead} ahead")
            case "progress", {"progress": int() | float() as done, "stage": str(stage)}:
                self._show(stage, float(done))
            case "log", {"line": str(line)}:
                self._tell(line)

    def on_transfer(self, transfer: Transfer) -> None:
        """Show how far a download is."""
        done = transfer.received_bytes / transfer.total_bytes if transfer.total_bytes else None
        self._show("downloading", done)

    def _show(self, text: str, done: float | None = None) -> None:
        text = output.plain(text)
        if self._bar and self._task is not None:
            self._bar.update(self._task, description=text, completed=done)
        elif text != self._said:
            output.say(text)
        self._said = text

    def _tell(self, line: str) -> None:
        if self._bar:
            self._bar.console.print(output.plain(line))
        else:
            output.say(line)
