"""`mutoscope keys`: API keys, what each may do, and what is used of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from mutoscope.cli import output
from mutoscope.cli.connect import connect, url_option
from mutoscope.client import Key, NewKey

SCOPES = ("run", "read", "admin", "worker")
WINDOWS_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"(\d+)/(?:(second|minute|hour|day)|(\d+)s)")
_SPENDING = re.compile(r"(\d+(?:\.\d+)?)/(day|month|total)")

_account = click.option("--account", help="Another account; only for the owner of the site.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class _Limit(click.ParamType[Any]):
    """A limit as text, or `none`. The value is what the API takes; NO_LIMIT stands for null."""

    name = "limit"

    def __init__(self, read: Callable[[str], Any], accepted: str) -> None:
        self._read = read
        self._accepted = accepted

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "none":
            return NO_LIMIT
        found = self._read(value)
        if found is None:
            self.fail(f"{value!r}: accepted is {self._accepted}, or none", param, ctx)
        return found


class _NoLimit:
    """`none` on the command line: the limit is taken away."""


NO_LIMIT = _NoLimit()


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _rate(text: str) -> dict[str, int] | None:
    found = _RATE.fullmatch(text)
    return {"submits": int(found[1]), "window_s": WINDOWS_S.get(found[2]) or int(found[3])} if found else None


def _spending(text: str) -> dict[str, Any] | None:
    found = _SPENDING.fullmatch(text)
    return {"usd": float(found[1]), "period": found[2]} if found else None


_LIMITS = (
    click.option("--weight", type=click.FloatRange(0.01, 100), help="Share beside other keys [1]."),
    click.option(
        "--priority", type=click.Choice(("high", "normal", "low")), help="Most urgent it may ask for [normal]."
    ),
    click.option("--max-running", metavar="N", type=_Limit(_count, "a number"), help="Requests in progress at once."),
    click.option("--max-queued", metavar="N", type=_Limit(_count, "a number"), help="Requests waiting at once."),
    click.option(
        "--rate", metavar="N/TIME", type=_Limit(_rate, "such as 60/minute or 5/10s"), help="Submits, as in 60/minute."
    ),
    click.option(
        "--spend-limit",
        "spending",
        metavar="USD/TIME",
        type=_Limit(_spending, "such as 20/month, 5/day or 100/total"),
        help="US dollars, as in 20/month.",
    ),
    click.option(
        "--cache",
        type=click.Choice(("off", "use")),
        help="Whether an earlier output of an equal request will do [off].",
    ),
)


def _limit_options(function: Any) -> Any:
    for option in reversed(_LIMITS):
        function = option(function)
    return function


def _limits(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, as the API takes them."""
    return {name: None if value is NO_LIMIT else value for name, value in given.items() if value is not None}


@click.group("keys", epilog="Example: mutoscope keys create --name laptop")
def command() -> None:
    """Make, limit, list and revoke API keys."""


@command.command("list", epilog="Example: mutoscope keys list --json")
@_json
@_account
@url_option
def list_keys(as_json: bool, account: str | None, url: str | None) -> None:
    """List the keys; the keys themselves are never shown again."""
    with connect(url) as client:
        found = client.keys(account=account)
    if as_json:
        output.emit_json([key.raw for key in found])
        return
    rows = [
        (
            *(key.key_id, key.name, key.prefix, " ".join(key.scopes), key.expires_at, key.revoked_at),
            *(" ".join(key.raw.get("networks") or ()), key.raw.get("last_used_at") or ""),
        )
        for key in found
    ]
    output.emit_table(("key_id", "name", "begins with", "scopes", "expires", "revoked", "only from", "last used"), rows)


@command.command("show", epilog="Example: mutoscope keys show")
@click.argument("key_id", required=False)
@_json
@_account
@url_option
def show(key_id: str | None, as_json: bool, account: str | None, url: str | None) -> None:
    """Show the limits of a key and what is used of them; of your own without KEY_ID."""
    with connect(url) as client:
        found = client.key(key_id, account=account)
    if as_json:
        output.emit_json(found.raw)
        return
    output.emit_table(("limit", "may", "has"), [("key", found.name, found.key_id), *_told(found)])


@command.command("create", epilog="Example: mutoscope keys create --name ci --scope run --rate 60/minute")
@click.option("--name", required=True, help="What the key is for.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="May be repeated [run read].")
@click.option("--network", "networks", multiple=True, help="Where it may be used from; may be repeated [anywhere].")
@click.option("--expires-in-days", type=click.FloatRange(min=0, min_open=True), help="Days until it ends [never].")
@_limit_options
@_json
@_account
@url_option
def create(
    *,
    name: str,
    scopes: tuple[str, ...],
    networks: tuple[str, ...],
    expires_in_days: float | None,
    as_json: bool,
    account: str | None,
    url: str | None,
    **limits: Any,
) -> None:
    """Make a key and print it, this once, on standard output; --account opens an account for somebody else."""
    expires_in_s = None if expires_in_days is None else int(expires_in_days * 86400)
    wanted = _limits(limits) or None
    with connect(url) as client:
        made = client.create_key(
            name,
            scopes or ("run", "read"),
            expires_in_s=expires_in_s,
            limits=wanted,
            account=account,
            networks=networks,
        )
    _show(made, as_json)


@command.command("rotate", epilog="Example: mutoscope keys rotate KEY_ID --overlap-hours 2")
@click.argument("key_id")
@click.option(
    "--overlap-hours",
    type=click.FloatRange(0, 90 * 24),
    default=24.0,
    show_default=True,
    help="How long the present key goes on opening.",
)
@_json
@_account
@url_option
def rotate(key_id: str, overlap_hours: float, as_json: bool, account: str | None, url: str | None) -> None:
    """Replace a key: print another one with the same id, name, scopes and limits, and let both open for a while."""
    with connect(url) as client:
        made = client.rotate_key(key_id, overlap_s=int(overlap_hours * 3600), account=account)
    _show(made, as_json)


def _show(made: NewKey, as_json: bool) -> None:
    if as_json:
        output.emit_json({**made.key.raw, "key": made.secret})
        return
    output.say(f"{made.key.key_id}: {' '.join(made.key.scopes)}; keep the key, it is not shown again")
    output.emit(made.secret)


@command.command("update", epilog="Example: mutoscope keys update KEY_ID --max-running 2 --spend-limit none")
@click.argument("key_id")
@click.option("--name", help="What the key is for.")
@_limit_options
@_json
@_account
@url_option
def update(
    *, key_id: str, name: str | None, as_json: bool, account: str | None, url: str | None, **limits: Any
) -> None:
    """Give a key another name or other limits; `none` takes a limit away, what is not named stays."""
    wanted = _limits(limits) or None
    if name is None and wanted is None:
        raise click.UsageError("nothing to change: name an option, such as --max-running 2")
    with connect(url) as client:
        found = client.change_key(key_id, name=name, limits=wanted, account=account)
    if as_json:
        output.emit_json(found.raw)
        return
    output.say(f"{key_id}: changed")
    output.emit_table(("limit", "may"), [row[:2] for row in _told(found)])


@command.command("revoke", epilog="Example: mutoscope keys revoke KEY_ID")
@click.argument("key_id")
@_account
@url_option
def revoke(key_id: str, account: str | None, url: str | None) -> None:
    """End a key for good."""
    with connect(url) as client:
        client.revoke_key(key_id, account=account)
    output.say(f"{key_id}: revoked")


def _told(key: Key) -> list[tuple[str, str, str]]:
    """Each limit, what it is and what is used of it; empty where nothing is counted."""
    limits, used = key.limits, key.used
    rate, spending = limits.get("rate"), limits.get("spending")
    now, spent = used.get("rate") or {}, used.get("spending") or {}
    renews = f", until {spent['renews_at'][:19]}" if spent.get("renews_at") else ""
    return [
        ("weight", f"{limits.get('weight', 1):g}", ""),
        ("priority", str(limits.get("priority", "normal")), ""),
        ("running", _most(limits.get("max_running")), str(used.get("running", ""))),
        ("queued", _most(limits.get("max_queued")), str(used.get("queued", ""))),
        (
            "rate",
            f"{rate['submits']} in {rate['window_s']} s" if rate else "no limit",
            f"{now['left']} left" if now else "",
        ),
        (
            "spending",
            f"{spending['usd']:.2f} USD/{spending['period']}" if spending else "no limit",
            f"{spent['spent_usd']:.2f} spent, {spent['left_usd']:.2f} left{renews}" if spent else "",
        ),
        ("cache", str(limits.get("cache", "off")), ""),
    ]


def _most(limit: int | None) -> str:
    return "no limit" if limit is None else str(limit)
