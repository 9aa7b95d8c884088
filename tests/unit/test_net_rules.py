"""Which addresses may be fetched, decided from their text and their IP address alone."""

from __future__ import annotations

import ipaddress

import pytest

from mutoscope.errors import ConfigError, MediaError
from mutoscope.net import Policy, check_url, is_public, parse_allow

POLICY = Policy(max_bytes=1000)
STUDIO = Policy(max_bytes=1000, allow=parse_allow("127.0.0.0/8,10.0.0.0/8"))

PRIVATE = [
    *("0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254"),
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1"),
    *("192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::2", "::127.0.0.1", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1"),
    *("ff02::1", "ff0e::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1"),
    *("2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:0:4136:e378:8000:63bf:80ff:fffe"),
    *("2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "3fff::1", "5f00::1", "4000::1"),
    *("2a00:1450:4001::5efe:10.0.0.1", "2a00:1450:4001::200:5efe:7f00:1"),
]
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1"),
    *("192.0.1.1", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001:800::200e"),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
]


@pytest.mark.parametrize("text", PRIVATE)
def test_an_address_that_is_not_global_unicast_is_not_public(text: str) -> None:
    """Loopback, private, shared, multicast, documentation, and all of these hidden inside IPv6."""
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_a_global_unicast_address_is_public(text: str) -> None:
    """The neighbours of the private blocks are public, and so are wrapped public IPv4 addresses."""
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    ("url", "rule", "part"),
    [
        ("http://example.org/a.png", "scheme", "http:"),
        ("ftp://example.org/a.png", "scheme", "ftp:"),
        ("file:///etc/passwd", "scheme", "file:"),
        ("gopher://example.org/", "scheme", "gopher:"),
        ("sk_secret:whatever", "scheme", "without https"),
        ("a.png", "scheme", "without https"),
        ("https:///a.png", "url", "no host"),
        ("https://user:hunter2@example.org/", "userinfo", "user name or password"),
        ("https://user@example.org/", "userinfo", "user name or password"),
        ("https://example.org:22/", "port", "port 22"),
        ("https://example.org:0/", "port", "port 0"),
        ("https://example.org:99999/", "port", "port 99999"),
        ("https://exa\nmple.org/", "url", "control characters"),
        ("https://example.org\\@10.0.0.1/", "url", "backslashes"),
        ("https://example.org/a b.png", "url", "spaces"),
        ("https://127.0.0.1/", "address", "not a public address"),
        ("https://[::1]/", "address", "not a public address"),
        ("https://[::ffff:10.0.0.1]/", "address", "not a public address"),
        ("https://example.org/" + "a" * 9000, "url", "characters"),
    ],
)
def test_an_address_that_breaks_a_rule_is_refused_by_its_text(url: str, rule: str, part: str) -> None:
    """The message names the rule and shows nothing secret."""
    with pytest.raises(MediaError) as caught:
        check_url(url, POLICY)

    assert caught.value.rule == rule
    assert part in caught.value.message
    assert not caught.value.retryable
    for secret in ("hunter2", "sk_secret", "passwd", "a.png"):
        assert secret not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.png?X-Signature=abc#fragment",
        "https://example.org:8443/a.png",
        "https://bücher.example/a.png",
        "HTTPS://EXAMPLE.ORG/a.png",
        "https://8.8.8.8/a.png",
    ],
)
def test_a_plain_https_address_is_accepted(url: str) -> None:
    """Signed queries, common ports, international names and upper case are fine."""
    check_url(url, POLICY)


def test_a_named_network_may_be_reached_by_plain_http_on_any_port() -> None:
    """That is what the setting is for: studios with a file server, and tests."""
    check_url("http://127.0.0.1:9000/a.png", STUDIO)
    check_url("http://10.1.2.3/a.png", STUDIO)
    check_url("http://[::ffff:10.1.2.3]/a.png", STUDIO)


def test_the_exception_covers_the_named_networks_only() -> None:
    """Another private network stays closed, and a public address still needs https."""
    with pytest.raises(MediaError, match="not a public address"):
        check_url("http://192.168.0.1/a.png", STUDIO)
    with pytest.raises(MediaError, match="only https"):
        check_url("http://8.8.8.8/a.png", STUDIO)
    with pytest.raises(MediaError, match="port 99999"):
        check_url("http://10.0.0.1:99999/a.png", STUDIO)
    with pytest.raises(MediaError, match="port 9000"):
        check_url("https://8.8.8.8:9000/a.png", STUDIO)


def test_networks_are_read_from_one_line() -> None:
    """Blanks do not matter; nothing means none."""
    assert [str(network) for network in parse_allow(" 127.0.0.0/8, fd00::/8 ,")] == [
        "127.0.0.0/8",
        "fd00::/8",
    ]
    assert parse_allow("") == ()


@pytest.mark.parametrize("text", ["localhost", "10.0.0.1/8", "10.0.0.0/40", "*"])
def test_a_network_that_is_none_is_refused(text: str) -> None:
    """The message repeats the part that is wrong."""
    with pytest.raises(ConfigError) as caught:
        parse_allow(f"127.0.0.0/8,{text}")

    assert text in caught.value.message
