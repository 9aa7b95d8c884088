"""What the store needs of a database; `sqlite` and `postgres` offer it. Nothing here knows a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from mutoscope.store.wakeups import Wakeups

T = TypeVar("T")


class Row(Protocol):
    """One row; columns by name, or by number from 0."""

    def __getitem__(self, column: str | int, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class Transaction(Protocol):
    """A connection inside a transaction; handed to acts, never kept."""

    def one(self, name: str, /, **params: Any) -> Row | None:
        """The first row of a named statement, or None."""
        ...

    def all(self, name: str, /, **params: Any) -> list[Row]:
        """Every row of a named statement."""
        ...

    def each(self, name: str, /, params: list[dict[str, Any]]) -> list[Row | None]:
        """The first row of a named statement, or None, for each set of parameters; asked together."""
        ...

    def run(self, name: str, /, **params: Any) -> int:
        """Run a named statement; how many rows it changed."""
        ...

    def put(self, name: str, /, **params: Any) -> None:
        """Run a named statement of which nobody needs to know how many rows it changed. Costs no round trip."""
        ...


Act = Callable[[Transaction], T]


class Database(Protocol):
    """Named statements, alone or together in a transaction. on_commit: told how many seconds each commit took."""

    on_commit: Callable[[float], None]

    async def one(self, name: str, /, **params: Any) -> Row | None:
        """The first row of a named statement, or None; sees every commit that was answered."""
        ...

    async def all(self, name: str, /, **params: Any) -> list[Row]:
        """Every row of a named statement."""
        ...

    async def write(self, act: Act[T], *, alongside: bool = False) -> T:
        """Run an act in a transaction; its result arrives after the commit is on the disk.

        An act that raises is undone and the exception arrives here; the acts beside it are not touched. An act may
        be undone and run again, so it touches nothing but the transaction.

        alongside   it may take turns, statement by statement, with other such acts: all that it decides, it decides
                    by conditions in what it writes, and not by what it read before.
        """
        ...

    def share(self, wakeups: Wakeups) -> None:
        """Tell other processes with the same database what changed, and hear of what they changed."""
        ...

    async def close(self) -> None:
        """Finish what waits, then let go."""
        ...
