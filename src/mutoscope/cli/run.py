"""`mutoscope run`: submit, show progress, download. Ctrl-C cancels; a second one leaves at once."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import click

from mutoscope.cli import arguments, exits, failures, output
from mutoscope.cli.connect import connect_or_start, url_option
from mutoscope.cli.display import Display
from mutoscope.client import Client, ClientError, Quote, Result, WaitTimedOut


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for on the command line."""

    model_id: str
    inputs: Mapping[str, Any]
    settings: tuple[str, ...]
    output_dir: Path
    as_json: bool
    no_wait: bool
    quote: bool
    timeout_s: float | None
    terms: Mapping[str, Any]


@click.command(
    "run", epilog="Example: mutoscope run vendor/film --set prompt='slow push-in' --set image_urls=photo.jpg"
)
@click.argument("model_id")
@click.option("--input", "input_text", metavar="JSON|@FILE|-", help="The input object; `-` reads standard input.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="One input; may be repeated.")
@click.option(
    "--output-dir", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Where outputs go [.]."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--no-wait", is_flag=True, help="Submit only, and print the request's id.")
@click.option("--plan-only", is_flag=True, help="Print what would be done, and the camera's path; render nothing.")
@click.option("--quote", is_flag=True, help="Say what it would cost and take; run nothing.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0, min_open=True), help="Give up after seconds.")
@click.option("--priority", type=click.Choice(("high", "normal", "low")), help="As far as the key may ask for it.")
@click.option("--expires-in", "expires_in_s", type=click.IntRange(min=1), help="Fail unless started within seconds.")
@click.option("--time-limit", "time_limit_s", type=click.IntRange(min=1), help="Seconds one attempt may take.")
@click.option(
    "--use-cache/--no-cache",
    default=None,
    help="Whether an earlier output of an equal request will do [as the key says].",
)
@url_option
def command(
    model_id: str,
    *,
    input_text: str | None,
    settings: tuple[str, ...],
    output_dir: Path,
    as_json: bool,
    no_wait: bool,
    plan_only: bool,
    quote: bool,
    timeout_s: float | None,
    priority: str | None,
    expires_in_s: int | None,
    time_limit_s: int | None,
    use_cache: bool | None,
    url: str | None,
) -> None:
    """Run MODEL_ID and save what it makes.

    Files named in the input are uploaded. The paths of the outputs are printed on standard output. With no server
    at this machine's MUTOSCOPE_URL a private one is started and stopped again.

    With --plan-only nothing is sent anywhere: this machine's own engine says what it would do.
    """
    inputs = arguments.read_input(input_text)
    if plan_only:
        from mutoscope.cli import planning  # noqa: PLC0415 - it brings the engines

        planning.show(model_id, inputs, settings, as_json=as_json)
        return
    terms = {"priority": priority, "expires_in_s": expires_in_s, "time_limit_s": time_limit_s, "use_cache": use_cache}
    order = Order(model_id, inputs, settings, output_dir, as_json, no_wait, quote, timeout_s, terms)
    try:
        with _terminated_like_ctrl_c(), connect_or_start(url, may_start=not (no_wait or quote)) as client:
            _carry_out(client, order)
    except ClientError as exc:
        if as_json:
            output.emit_json({"error": failures.as_json(exc)})
        raise


def _carry_out(client: Client, order: Order) -> None:
    if not (order.no_wait or order.quote):
        order.output_dir.mkdir(parents=True, exist_ok=True)  # said before minutes of work, not after
    schema = client.model(order.model_id).input_schema if order.settings else None
    inputs = arguments.apply_settings(order.inputs, order.settings, schema)
    if order.quote:
        _tell_quote(client.quote(order.model_id, inputs), as_json=order.as_json)
        return
    submitted = client.submit(order.model_id, inputs, **order.terms)
    output.say(f"request {submitted.request_id}")
    if order.no_wait:
        if order.as_json:
            output.emit_json(submitted.raw)
        else:
            output.emit(submitted.request_id)
        return
    result = _wait(client, submitted.request_id, order.timeout_s)
    with Display() as display:
        result = client.save(result, order.output_dir, on_progress=display.on_transfer)
    _tell(result)
    if order.as_json:
        output.emit_json({**result.raw, "state": result.state, "files": [str(path) for path in result.files]})
    else:
        for path in result.files:
            output.emit(path)


def _tell_quote(quote: Quote, *, as_json: bool) -> None:
    if as_json:
        output.emit_json(quote.raw)
        return
    rows = [
        ("price", quote.raw["price"]["explanation"]),
        ("wait", _duration(quote.expected_wait_s, quote.raw["wait"]["reason"])),
        ("run", _duration(quote.expected_run_s, quote.raw["run"]["reason"])),
        ("ahead", str(quote.queue_ahead)),
        *(("ignored", name) for name in quote.ignored_inputs),
    ]
    output.emit_table(("", ""), rows)


def _duration(seconds: float | None, reason: str | None) -> str:
    return f"unknown: {reason}" if seconds is None else f"about {seconds:.3g} s"


def _wait(client: Client, request_id: str, timeout_s: float | None) -> Result:
    try:
        with Display() as display:
            return client.wait(request_id, on_event=display.on_event, timeout_s=timeout_s, cancel_when_left=False)
    except WaitTimedOut:
        _cancel(client, request_id)
        raise
    except KeyboardInterrupt:
        _cancel(client, request_id)
        raise click.exceptions.Exit(exits.INTERRUPTED) from None


def _cancel(client: Client, request_id: str) -> None:
    output.say(f"cancelling {request_id} (Ctrl-C again leaves at once)")
    try:
        cancellation = client.cancel(request_id, running=True)
    except ClientError as exc:
        output.say(f"could not cancel: {exc}")
    except KeyboardInterrupt:
        output.say(f"left; {request_id} may go on")
        raise
    else:
        output.say("cancelled" if cancellation.is_cancelled else f"not cancelled: it is {cancellation.state}")


def _tell(result: Result) -> None:
    """What a person wants to know about the result, as far as the server says."""
    metadata = result.metadata
    plan = metadata.get("plan")
    plan = plan if isinstance(plan, Mapping) else {}
    for title, found in (
        ("engine", metadata.get("engine")),
        ("seed", metadata.get("seed")),
        ("applied", plan.get("applied")),
        ("ignored", plan.get("ignored")),
        ("unknown inputs", metadata.get("ignored_inputs")),
    ):
        if found or found == 0:
            output.say(f"{title}: {'; '.join(map(str, found)) if isinstance(found, list) else found}")


@contextlib.contextmanager
def _terminated_like_ctrl_c() -> Iterator[None]:
    """SIGTERM is Ctrl-C here: the request is cancelled and the private server stopped."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
