"""One server under siege for all attacks, and proof after each module that it took no harm.

Every test here is a row of docs/explanation/attacks.md, so each carries the mark `attack`; one without is an error.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.attacks.raw import Caller
from tests.conftest import LiveServer, start_server
from tests.http.calls import assert_no_defects, completed
from tests.http.hostile import Hostile, running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them are slow, and none is left out of the table."""
    for item in items:
        if "tests/attacks/" in item.nodeid:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(240))
            if item.get_closest_marker("attack") is None:
                raise pytest.UsageError(f"{item.nodeid}: an attack without its row; see tests/attacks/attack.py")


@pytest.fixture(scope="session")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The server that is attacked: test card only, and of all private networks only 127.0.0.0/8 may be fetched."""
    live = start_server(
        tmp_path_factory.mktemp("besieged") / "data",
        engines="testcard",
        fetch_allow="127.0.0.0/8",
        max_upload_bytes=8 * 2**20,
        max_body_bytes=4 * 2**20,
        webhook_timeout_s=20,
        webhook_backoff_s="0.1",
    )
    live.wait_ready()
    yield live
    assert live.stop() == 0
    assert_no_defects(live)


@pytest.fixture(scope="module")
def unharmed(besieged: LiveServer) -> Iterator[None]:
    """After a module: the same process answers, a worker still works, and no defect was logged."""
    yield
    assert besieged.process.poll() is None
    with besieged.client() as owner:
        completed(owner)
    assert_no_defects(besieged)


@pytest.fixture
def owner(besieged: LiveServer, unharmed: None) -> Iterator[httpx.Client]:
    """A client with a key of the server under siege."""
    with besieged.client() as client:
        yield client


@pytest.fixture
def raw(besieged: LiveServer, unharmed: None) -> Iterator[Caller]:
    """Somebody who speaks to that server in bytes."""
    host, _, port = besieged.url.removeprefix("http://").partition(":")
    with Caller(host, int(port)) as caller:
        yield caller


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    """A web server of a stranger, on loopback."""
    with running() as server:
        yield server


class Names:
    """A resolver that a stranger controls: each name answers from its list, in order, the last one for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []

    def look_up(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        """In place of getaddrinfo."""
        self.asked.append(host)
        if host not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        turns = self.answers[host]
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What names ending in .example resolve to; numbers stay what the system makes of them."""
    found, real = Names(), socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        return (found.look_up if host.rstrip(".").endswith(".example") else real)(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return found
