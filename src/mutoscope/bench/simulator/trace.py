"""A trace: when requests came, how long they waited and ran, of which model and account. Recorded from a site's own
rows and read back by a scenario. No prompts, keys, addresses or names: accounts are keyed hashes, new in every trace.
"""

from __future__ import annotations

import csv
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from mutoscope.errors import ConfigError
from mutoscope.store.bulk import Bulk

COLUMNS = ("arrival_s", "wait_s", "run_s", "model", "account", "state")
_ROWS = ("created_ms", "started_ms", "finished_ms", "model_id", "account_id", "state")


@dataclass(frozen=True, slots=True)
class Trace:
    """arrival_s is sorted and begins at 0. run_s is NaN for what never ran. model, account: places in the names."""

    arrival_s: Any
    run_s: Any
    model: Any
    account: Any
    models: tuple[str, ...]
    accounts: tuple[str, ...]
    completed: Any = field(repr=False)

    def runs(self, model: str) -> tuple[float, ...]:
        """Seconds that completed requests of a model ran, sorted."""
        if model not in self.models:
            return ()
        chosen = (self.model == self.models.index(model)) & self.completed & np.isfinite(self.run_s)
        return tuple(np.sort(self.run_s[chosen]).tolist())


def record(bulk: Bulk, *, last_s: float | None = None) -> Iterator[dict[str, Any]]:
    """What a database remembers of its requests, in the order in which they came, or of the last so many seconds
    before the newest.
    """
    secret, first = secrets.token_bytes(16), None
    newest = bulk.find("select max(created_ms) from requests")[0]
    from_ms = 0 if last_s is None or newest is None else int(newest) - last_s * 1000
    for created, started, finished, model, account, state in bulk.rows("requests", _ROWS):
        assert isinstance(created, int)
        if created < from_ms:
            continue
        first = created if first is None else first
        run_s = None if started is None or finished is None else _seconds(finished, started)
        yield {
            "arrival_s": _seconds(created, first),
            "wait_s": None if started is None else _seconds(started, created),
            "run_s": run_s,
            "model": model,
            "account": hashlib.blake2b(str(account).encode(), key=secret, digest_size=6).hexdigest(),
            "state": state,
        }


def _seconds(later: Any, earlier: Any) -> float:
    return max(0, int(later) - int(earlier)) / 1000


def write(rows: Iterable[dict[str, Any]], target: TextIO, *, as_lines: bool) -> int:
    """As CSV, or as one JSON object per line; how many rows."""
    count = 0
    writer = csv.DictWriter(target, COLUMNS, lineterminator="\n")
    if not as_lines:
        writer.writeheader()
    for row in rows:
        count += 1
        if as_lines:
            target.write(json.dumps(row) + "\n")
        else:
            writer.writerow(row)
    return count


def read(path: Path) -> Trace:
    """A trace by its name: .csv or .jsonl. Raises ConfigError that names line and column."""
    if path.suffix not in {".csv", ".jsonl"}:
        raise ConfigError(f"{path.name}: a trace is a .csv or a .jsonl file")
    try:
        with path.open(encoding="utf-8", newline="") as source:
            rows = [
                _row(path.name, line, row) for line, row in (_csv if path.suffix == ".csv" else _lines)(path, source)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise ConfigError(f"{path.name}: cannot be read: {type(exc).__name__}") from exc
    if not rows:
        raise ConfigError(f"{path.name}: holds no requests")
    rows.sort(key=lambda row: row[0])
    models, accounts = tuple(dict.fromkeys(row[2] for row in rows)), tuple(dict.fromkeys(row[3] for row in rows))
    arrival_s = np.array([row[0] for row in rows])
    return Trace(
        arrival_s=arrival_s - arrival_s[0],
        run_s=np.array([row[1] for row in rows]),
        model=_places(models, [row[2] for row in rows]),
        account=_places(accounts, [row[3] for row in rows]),
        models=models,
        accounts=accounts,
        completed=np.array([row[4] for row in rows]),
    )


def _csv(path: Path, source: TextIO) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(source)
    missing = [name for name in ("arrival_s", "model") if name not in (reader.fieldnames or ())]
    if missing:
        raise ConfigError(
            f"{path.name}: line 1: the column {missing[0]} is missing; there should be {', '.join(COLUMNS)}"
        )
    yield from enumerate(reader, start=2)


def _lines(path: Path, source: TextIO) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(source, start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as exc:
                raise ConfigError(f"{path.name}: line {number}: is no JSON") from exc
            if not isinstance(row, dict):
                raise ConfigError(f"{path.name}: line {number}: found no object; one per line is accepted")
            yield number, row


def _row(name: str, line: int, row: dict[str, Any]) -> tuple[float, float, str, str, bool]:
    arrival_s = _number(name, line, "arrival_s", row.get("arrival_s"))
    if np.isnan(arrival_s):
        raise ConfigError(f"{name}: line {line}: arrival_s: is required")
    model = row.get("model")
    if not isinstance(model, str) or not model:
        raise ConfigError(f"{name}: line {line}: model: is required")
    run_s = _number(name, line, "run_s", row.get("run_s"))
    return arrival_s, run_s, model, str(row.get("account") or "everybody"), row.get("state", "completed") == "completed"


def _number(name: str, line: int, column: str, value: Any) -> float:
    if value is None or value == "":
        return float("nan")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ConfigError(f"{name}: line {line}: {column}: found {value!r}; a number of seconds from 0 is accepted")
    return number


def _places(names: tuple[str, ...], values: list[str]) -> Any:
    where = {name: place for place, name in enumerate(names)}
    return np.array([where[value] for value in values], np.int64)
