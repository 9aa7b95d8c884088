"""Names whose owner decides what they resolve to, and when. The resolver is the stranger's; the sockets are real."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from mutoscope import net
from mutoscope.errors import MediaError
from tests.attacks.attack import attack, row
from tests.attacks.conftest import Names
from tests.http.hostile import Hostile

STRICT = net.Policy(max_bytes=1000, total_timeout_s=60.0)
STUDIO = net.Policy(max_bytes=1000, total_timeout_s=60.0, allow=net.parse_allow("127.0.0.0/8"))
PRIVATE = "refused: not a public address"


@pytest.mark.parametrize(
    "address",
    [
        row("name of loopback", "a name that resolves to 127.0.0.1", PRIVATE, "127.0.0.1"),
        row("name of metadata", "a name that resolves to 169.254.169.254", PRIVATE, "169.254.169.254"),
        row("name of this host", "a name that resolves to 0.0.0.0", PRIVATE, "0.0.0.0"),
        row("name of IPv6 loopback", "a name with an AAAA record of ::1", PRIVATE, "::1"),
        row("name of a mapped address", "an AAAA record of ::ffff:10.0.0.1", PRIVATE, "::ffff:10.0.0.1"),
        row("name of NAT64", "an AAAA record of 64:ff9b::a00:1", PRIVATE, "64:ff9b::a00:1"),
        row("name of a link-local zone", "an AAAA record of fe80::1%1", PRIVATE, "fe80::1%1"),
    ],
)
def test_a_name_that_leads_inside_is_refused(names: Names, tmp_path: Path, address: str) -> None:
    """What decides is the address, not the name; an alias (CNAME) is such a name, too."""
    names.answers["harmless.example"] = [[address]]

    with pytest.raises(MediaError, match=r"harmless\.example is not a public address"):
        net.download("https://harmless.example/", tmp_path / "a", STRICT)
    with pytest.raises(MediaError, match=r"harmless\.example is not a public address"):
        net.post("https://harmless.example/", b"", {}, STRICT)


@attack(
    "a name that is public when it is checked and private when it is used", "resolved once; what was checked is used"
)
def test_a_name_that_rebinds_is_asked_once(names: Names, hostile: Hostile, tmp_path: Path) -> None:
    """The second answer would lead to a host that may not be reached; nobody asks for it."""
    port = hostile.serve(b"outer").split(":")[2]
    names.answers["rebinding.example"] = [["127.0.0.1"], ["10.0.0.1"]]

    net.download(f"http://rebinding.example:{port}", tmp_path / "a", STUDIO)

    assert names.asked == ["rebinding.example"]
    assert (tmp_path / "a").read_bytes() == b"outer"


@attack("a redirect back to the same name, which resolves inside by now", "every hop is resolved and checked anew")
def test_a_name_that_rebinds_between_two_hops_is_refused(names: Names, hostile: Hostile, tmp_path: Path) -> None:
    """Checked for the first hop proves nothing for the second."""
    port = hostile.redirect("/elsewhere").split(":")[2].partition("/")[0]
    names.answers["rebinding.example"] = [["127.0.0.1"], ["10.0.0.1"]]

    with pytest.raises(MediaError, match="is not a public address"):
        net.download(f"http://rebinding.example:{port}/redirect", tmp_path / "a", STUDIO)

    assert hostile.asked == ["/redirect"]


@attack("a name with a public and a private address", "the private one is never connected to")
def test_the_private_one_of_several_addresses_is_not_tried(names: Names, hostile: Hostile, tmp_path: Path) -> None:
    """Neither first nor as the one that is left when the others do not answer."""
    port = hostile.serve(b"inner").split(":")[2].partition("/")[0]
    only = net.Policy(max_bytes=1000, total_timeout_s=60.0, allow=net.parse_allow("127.0.0.2/32"))
    names.answers["both.example"] = [["127.0.0.1", "127.0.0.2"]]

    with pytest.raises(MediaError, match="no connection"):
        net.download(f"http://both.example:{port}/picture", tmp_path / "a", only)

    assert hostile.asked == []


@attack("a name with a thousand addresses that do not answer", "all together end at the time limit")
def test_many_addresses_do_not_add_up(names: Names, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may take the time to connect, but only within the whole."""
    names.answers["many.example"] = [[f"127.1.{n // 256}.{n % 256}" for n in range(1000)]]
    real = socket.create_connection

    def connect(address: Any, timeout: float, *args: Any, **kwargs: Any) -> Any:
        threading.Event().wait(min(timeout, 0.2))
        return real(address, 0.001, *args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", connect)
    quick = net.Policy(max_bytes=1000, total_timeout_s=1.0, allow=STUDIO.allow)

    with pytest.raises(MediaError, match="not finished after 1 s"):
        net.download("http://many.example:9/", tmp_path / "a", quick)


@attack("a name server that never answers", "given up at the time limit")
def test_a_resolver_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver cannot be interrupted; nobody waits for it."""
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(200) and [])

    with pytest.raises(MediaError, match="not finished after"):
        net.download("https://slow.example/", tmp_path / "a", net.Policy(max_bytes=10, total_timeout_s=0.3))

    released.set()


@attack("a name without any address", "refused: no address")
def test_a_name_without_address_is_refused(names: Names, tmp_path: Path) -> None:
    """As good as none."""
    names.answers["empty.example"] = [[]]

    with pytest.raises(MediaError, match=r"empty\.example has no address"):
        net.download("https://empty.example/", tmp_path / "a", STRICT)
