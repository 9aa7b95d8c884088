"""Addresses that lead inside, in every spelling known to us. Nothing is listening, and nobody is asked."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mutoscope import net
from mutoscope.errors import MediaError
from tests.attacks.attack import row

STRICT = net.Policy(max_bytes=1000, total_timeout_s=60.0)

PRIVATE = "refused: not a public address"
NO_HOST = "refused: a host that cannot exist"
UNREADABLE = "refused: cannot be read"
ONLY_HTTPS = "refused: only https"

ROWS = [
    row("loopback", "https://127.0.0.1/", PRIVATE, "https://127.0.0.1/", "address"),
    row("loopback elsewhere", "another address of 127.0.0.0/8", PRIVATE, "https://127.255.255.254/", "address"),
    row("this host", "0.0.0.0, which Linux connects to itself", PRIVATE, "https://0.0.0.0/", "address"),
    row("private 10", "10.0.0.0/8", PRIVATE, "https://10.0.0.1/", "address"),
    row("private 172", "172.16.0.0/12, its last address", PRIVATE, "https://172.31.255.255/", "address"),
    row("private 192", "192.168.0.0/16", PRIVATE, "https://192.168.1.1/", "address"),
    row("metadata service", "169.254.169.254, the cloud's keys", PRIVATE, "https://169.254.169.254/latest/", "address"),
    row("carrier NAT", "100.64.0.0/10, neither private nor global to Python", PRIVATE, "https://100.64.0.1/", "address"),
    row("benchmark net", "198.18.0.0/15", PRIVATE, "https://198.18.0.1/", "address"),
    row("multicast", "224.0.0.1, global to Python", PRIVATE, "https://224.0.0.1/", "address"),
    row("broadcast", "255.255.255.255", PRIVATE, "https://255.255.255.255/", "address"),
    row("IPv6 loopback", "[::1]", PRIVATE, "https://[::1]/", "address"),
    row("IPv6 unspecified", "[::]", PRIVATE, "https://[::]/", "address"),
    row("unique local", "[fd00::1]", PRIVATE, "https://[fd00:ec2::254]/", "address"),
    row("link local", "[fe80::1]", PRIVATE, "https://[fe80::1]/", "address"),
    row("site local", "[fec0::1]", PRIVATE, "https://[fec0::1]/", "address"),
    row("IPv6 multicast", "[ff02::1]", PRIVATE, "https://[ff02::1]/", "address"),
    row("mapped", "[::ffff:127.0.0.1]", PRIVATE, "https://[::ffff:127.0.0.1]/", "address"),
    row("mapped in hex", "[::ffff:7f00:1]", PRIVATE, "https://[::ffff:7f00:1]/", "address"),
    row("mapped in full", "[0:0:0:0:0:ffff:a9fe:a9fe]", PRIVATE, "https://[0:0:0:0:0:ffff:a9fe:a9fe]/", "address"),
    row("IPv4-compatible", "[::127.0.0.1]", PRIVATE, "https://[::127.0.0.1]/", "address"),
    row("NAT64", "[64:ff9b::7f00:1], global to Python", PRIVATE, "https://[64:ff9b::7f00:1]/", "address"),
    row("local NAT64", "[64:ff9b:1::a9fe:a9fe]", PRIVATE, "https://[64:ff9b:1::a9fe:a9fe]/", "address"),
    row("6to4", "[2002:7f00:1::], global to Python", PRIVATE, "https://[2002:7f00:1::1]/", "address"),
    row("Teredo client", "a Teredo address of 127.0.0.1", PRIVATE, "https://[2001:0:808:808:0:0:80ff:fffe]/", "address"),
    row("Teredo server", "a Teredo server at 10.0.0.1", PRIVATE, "https://[2001:0:a00:1:0:0:f7f7:f7f7]/", "address"),
    row("ISATAP", "a public prefix around 5efe:127.0.0.1", PRIVATE, "https://[2606:4700::5efe:7f00:1]/", "address"),
    row("ISATAP, global bit", "the same with 200:5efe", PRIVATE, "https://[2606:4700::200:5efe:a00:1]/", "address"),
    row("documentation", "[2001:db8::1]", PRIVATE, "https://[2001:db8::1]/", "address"),
    row("zone id", "[fe80::1%25eth0]", NO_HOST, "https://[fe80::1%25eth0]/", "host"),
    row("zone on a public one", "a zone id hides what is compared", NO_HOST, "https://[2606:4700::1%25lo]/", "host"),
    row("decimal", "https://2130706433/", PRIVATE, "https://2130706433/", "address"),
    row("hexadecimal", "https://0x7f000001/", PRIVATE, "https://0x7f000001/", "address"),
    row("octal", "https://017700000001/", PRIVATE, "https://017700000001/", "address"),
    row("octal parts", "https://0177.0.0.1/", UNREADABLE, "https://0177.0.0.1/", "url"),
    row("short", "https://127.1/", PRIVATE, "https://127.1/", "address"),
    row("zero", "https://0/", PRIVATE, "https://0/", "address"),
    row("mixed radix", "https://0x7f.0.0.1/", PRIVATE, "https://0x7f.0.0.1/", "address"),
    row("localhost", "the name itself", PRIVATE, "https://localhost/", "address"),
    row("upper case", "LOCALHOST", PRIVATE, "https://LOCALHOST/", "address"),
    row("full-width digits", "１２７.０.０.１", UNREADABLE, "https://１２７.０.０.１/", "url"),
    row("ideographic dots", "127。0。0。1", PRIVATE, "https://127。0。0。1/", "address"),
    row("circled digits", "①②⑦.⓪.⓪.①", UNREADABLE, "https://①②⑦.⓪.⓪.①/", "url"),
    row("soft hyphen", "local­host", UNREADABLE, "https://local\u00adhost/", "url"),
    row("long s", "ſ folds to s", UNREADABLE, "https://localhoſt/", "url"),
    row("broken punycode", "https://xn--/, which crashed the reader", UNREADABLE, "https://xn--/", "url"),
    row("punycode of control", "https://xn--a/", UNREADABLE, "https://xn--a/", "url"),
    row("percent in host", "https://loc%61lhost/", NO_HOST, "https://loc%61lhost/", "host"),
    row("NUL in host", "https://%00/", NO_HOST, "https://%00/", "host"),
    row("empty labels", "https://a..b/", NO_HOST, "https://a..b/", "host"),
    row("only dots", "https://.../", NO_HOST, "https://.../", "host"),
    row("endless name", "a host of 4,000 letters", NO_HOST, "https://" + "a" * 4000 + "/", "host"),
    row("no host", "https:///etc/passwd", "refused: names no host", "https:///etc/passwd", "url"),
    row("user name", "https://user:secret@127.0.0.1/", "refused: user name", "https://u:p@127.0.0.1/", "userinfo"),
    row("empty user name", "https://@127.0.0.1/", "refused: user name", "https://@127.0.0.1/", "userinfo"),
    row("user that looks like a host", "https://good.example@10.0.0.1/", "refused: user name",
        "https://good.example@10.0.0.1/", "userinfo"),
    row("backslash", "https://good.example\\@10.0.0.1/", UNREADABLE, "https://good.example\\@10.0.0.1/", "url"),
    row("line break", "an address with CR LF in its path", UNREADABLE, "https://good.example/\r\nHost: x", "url"),
    row("NUL in path", "an address with NUL", UNREADABLE, "https://good.example/\0", "url"),
    row("file", "file:///etc/passwd", ONLY_HTTPS, "file:///etc/passwd", "scheme"),
    row("gopher", "gopher:// to a database", ONLY_HTTPS, "gopher://127.0.0.1:6379/_FLUSHALL", "scheme"),
    row("ftp", "ftp://", ONLY_HTTPS, "ftp://good.example/a.png", "scheme"),
    row("plain http", "http://", ONLY_HTTPS, "http://93.184.215.14/a.png", "scheme"),
    row("no scheme", "//10.0.0.1/", ONLY_HTTPS, "//10.0.0.1/", "scheme"),
    row("jar", "jar:https://…", ONLY_HTTPS, "jar:https://good.example/a!/b", "scheme"),
    row("port of ssh", "a public host, port 22", "refused: port", "https://93.184.215.14:22/", "port"),
    row("port 0", "port 0", "refused: port", "https://93.184.215.14:0/", "port"),
    row("port too large", "port 65979, which is 443 in 16 bits", "refused: port", "https://93.184.215.14:65979/", "port"),
    row("negative port", "port -1", "refused: port", "https://good.example:-1/", "port"),
    row("Arabic port", "port ٢٢, digits to some readers", "refused: port", "https://good.example:٢٢/", "port"),
    row("endless address", "an address of 9,000 characters", UNREADABLE, "https://good.example/" + "a" * 9000, "url"),
]  # fmt: skip


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing may be connected to, and proxies of the environment are tempting."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")

    def connect(*_: Any, **__: Any) -> None:
        raise AssertionError("something was connected to")

    monkeypatch.setattr(socket, "create_connection", connect)
    yield


@pytest.mark.parametrize(("url", "rule"), ROWS)
def test_an_address_that_leads_inside_is_refused(refusing: None, tmp_path: Path, url: str, rule: str) -> None:
    """By its text or by what it resolves to, before anything is connected to; the same for files and webhooks."""
    with pytest.raises(MediaError) as caught:
        net.download(url, tmp_path / "a", STRICT)
    with pytest.raises(MediaError) as posted:
        net.post(url, b"{}", {}, STRICT)

    assert (caught.value.rule, posted.value.rule) == (rule, rule)
    assert not (tmp_path / "a").exists()
    assert "secret" not in caught.value.message
