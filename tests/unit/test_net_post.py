"""A post through the one door: what comes back is told, redirects are not followed, bodies and time have an end."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mutoscope.errors import MediaError
from mutoscope.net import Policy, Posted, post
from tests.http.hostile import Hostile, running

HERE = Policy(max_bytes=1000, allow=(ipaddress.ip_network("127.0.0.0/8"),), total_timeout_s=60.0)
HASTY = replace(HERE, total_timeout_s=2.0)


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    """A web server of a stranger, on loopback."""
    with running() as server:
        yield server


def test_the_answer_is_told_whatever_it_is(hostile: Hostile) -> None:
    """Any status, with its body."""
    assert post(hostile.answer(500), b"{}", {}, HERE) == Posted(500, b"")
    assert post(hostile.serve(b"thanks"), b"{}", {"webhook-id": "x"}, HERE) == Posted(200, b"thanks")


def test_a_redirect_is_an_answer_like_any_other(hostile: Hostile) -> None:
    """The address it names is never asked."""
    inside = hostile.serve(b"secret", path="/inside")

    assert post(hostile.redirect(inside), b"{}", {}, HERE).status == 302
    assert hostile.asked == ["/redirect"]


def test_a_large_answer_is_cut_short(hostile: Hostile) -> None:
    """At the policy's size; that it was 200 still counts."""
    assert post(hostile.serve(b"x" * 100_000), b"{}", {}, HERE) == Posted(200, b"x" * 1000)


@pytest.mark.slow
def test_a_body_that_trickles_is_cut_at_the_time_limit(hostile: Hostile) -> None:
    """The status was there in time, so it counts."""
    answer = post(hostile.trickle(pause_s=0.1), b"{}", {}, HASTY)

    assert answer.status == 200
    assert 1 <= len(answer.body) < 100


@pytest.mark.slow
def test_a_receiver_that_says_nothing_is_given_up() -> None:
    """At the time limit, and it may be tried again."""
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(MediaError) as caught:
        post(f"http://127.0.0.1:{silent.getsockname()[1]}/", b"{}", {}, HASTY)
    assert caught.value.retryable


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://localhost/", "http://example.com/", "file:///x"])
def test_the_rules_are_those_of_every_address(url: str) -> None:
    """Nothing inside, nothing but https, and no use in trying again."""
    with pytest.raises(MediaError) as caught:
        post(url, b"{}", {}, Policy(max_bytes=1000))
    assert not caught.value.retryable
