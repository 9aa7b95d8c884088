"""`mutoscope fleet`: keep workers running on machines that somebody else's scheduler gives out."""

from __future__ import annotations

import os
import re
import signal
import sys

import click
import orjson

from mutoscope import logs, settings
from mutoscope.cli import exits, output, worker_options
from mutoscope.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,23}")
EVERY_MODEL = "*=0:4"


@click.group("fleet")
def command() -> None:
    """Keep workers running on a cluster, as many as are needed.

    Example: mutoscope fleet ray --server https://video.example
    """


def _name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not _NAME.fullmatch(value):
        raise click.BadParameter(f"{value!r}: 1 to 24 letters, digits, dashes and underscores are accepted")
    return value


@command.command("ray", epilog="Example: mutoscope fleet ray --server https://video.example --workers 'acme/*=0:8'")
@click.option("--server", "server_url", required=True, metavar="URL", help="Address of the server, as nodes reach it.")
@click.option("--address", default="auto", show_default=True, help="Of the Ray cluster: auto, or HOST:6379.")
@click.option("--name", default="ray", show_default=True, callback=_name, help="Of the fleet; one for each cluster.")
@click.option(
    "--workers",
    multiple=True,
    default=(EVERY_MODEL,),
    show_default=True,
    metavar="MODEL=MIN:MAX",
    help="Repeat; MODEL may hold *; the first that fits holds.",
)
@click.option(
    "--keep-warm-s",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    help="Seconds an idle worker stays.",
)
@click.option(
    "--target-wait-s",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds a request may wait before Ray's autoscaler is asked for more.",
)
@click.option(
    "--label", "labels", multiple=True, metavar="WORD", callback=worker_options.labels, help="Of every worker; repeat."
)
@click.option("--plan", "mode", flag_value="plan", help="Print what would be done now, as JSON, and do nothing.")
@click.option("--stop", "mode", flag_value="stop", help="Drain all workers of the fleet, and end.")
def ray(
    *,
    server_url: str,
    address: str,
    name: str,
    workers: tuple[str, ...],
    keep_warm_s: float,
    target_wait_s: float,
    labels: tuple[str, ...],
    mode: str | None,
) -> None:
    """Keep workers of each model on a Ray cluster, from none to as many as are needed.

    What opens the server is read from MUTOSCOPE_WORKER_TOKEN: a key of scope `worker`. When this command ends, the
    workers go on, and the next one finds them; --stop ends them.
    """
    # Nothing that is started from here sees it.
    token = worker_options.required_token(os.environ.pop("MUTOSCOPE_WORKER_TOKEN", None))
    from mutoscope.fleet import scaling  # noqa: PLC0415 - `mutoscope --help` answers at once
    from mutoscope.fleet.cluster import Cluster, RayGone  # noqa: PLC0415 - as above
    from mutoscope.fleet.ray import RayFleet, Taken  # noqa: PLC0415 - as above

    try:
        bounds = [scaling.bounds(text) for text in workers]
    except ConfigError as exc:
        raise click.BadParameter(exc.message, param_hint="--workers") from exc
    values = settings.load()
    logs.configure(values.log_format, values.log_level)
    policy = scaling.Policy(bounds, keep_warm_s, target_wait_s, frozenset(labels))
    try:
        cluster = Cluster(address)
        fleet = RayFleet(name, server_url, token, cluster, policy)
        for number in (signal.SIGTERM, signal.SIGINT):  # after Ray's own, which end the process on the spot
            signal.signal(number, lambda *_: fleet.end())
        if mode == "plan":
            plan = fleet.plan()
            told = {"start": plan.start, "drain": plan.drain, "remove": plan.remove, "ask": plan.ask}
            click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        elif mode == "stop":
            fleet.stop()
        else:
            fleet.drive()
        cluster.close()
    except Taken as exc:
        output.say(f"Error: {exc.message}")
        raise click.exceptions.Exit(exits.TRY_LATER) from exc
    except RayGone as exc:
        output.say(f"Error: {exc.message}")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exits.UNAVAILABLE)  # whatever Ray would do at exit waits for what is gone
