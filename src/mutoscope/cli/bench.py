"""`mutoscope bench`: programs that try the server itself."""

from __future__ import annotations

import asyncio
import secrets
import signal
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mutoscope.cli import output, simulate

if TYPE_CHECKING:
    from mutoscope.bench.audit import Findings

T = TypeVar("T")
SMALL_DISK_BYTES = 2 << 30


@click.group("bench")
def command() -> None:
    """Try how the server bears what machines do to it, and work out what a larger one would need.

    Example: mutoscope bench chaos --seconds 60
    """


command.add_command(simulate.simulate)
command.add_command(simulate.trace)


@command.command("chaos", epilog="Example: mutoscope bench chaos --seconds 300 --seed 7")
@click.option("--seconds", type=click.FloatRange(1, 86400), default=60.0, show_default=True, help="How long.")
@click.option("--seed", type=int, help="Draws the same faults again; drawn and printed when not given.")
@click.option("--database", default="", metavar="URL", help="An empty PostgreSQL database; SQLite when not given.")
@click.option("--restart-database", default="", metavar="COMMAND", help="Shell command that restarts PostgreSQL.")
@click.option("--servers", type=click.IntRange(1, 16), help="Servers; 2 on PostgreSQL and 1 on SQLite.")
@click.option("--workers", type=click.IntRange(1, 64), default=4, show_default=True, help="Workers.")
@click.option("--clients", type=click.IntRange(1, 256), default=3, show_default=True, help="Clients that submit.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Keep data and logs here.")
@click.option("--fill-disk", is_flag=True, help="Also fill the file system of --folder, which must be a small one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def chaos(
    *,
    seconds: float,
    seed: int | None,
    database: str,
    restart_database: str,
    servers: int | None,
    workers: int,
    clients: int,
    folder: Path | None,
    fill_disk: bool,
    as_json: bool,
) -> None:
    """Kill servers and workers at random while clients work, then audit every acknowledged request.

    Starts servers, workers, clients and a receiver of webhooks of its own, on this machine; nothing that runs
    already is touched. Ends with 1 if a promise was broken.
    """
    from mutoscope.bench import chaos as program  # noqa: PLC0415 - starts slowly

    if database and not database.startswith(("postgresql://", "postgres://")):
        raise click.BadParameter("an address such as postgresql://user@host/name is accepted", param_hint="--database")
    if restart_database and not database:
        raise click.UsageError("--restart-database: only together with --database")
    if not database and (servers or 1) > 1:
        raise click.BadParameter("SQLite has one server; give --database for more", param_hint="--servers")
    if fill_disk:
        _check_small(folder)
    with tempfile.TemporaryDirectory(prefix="mutoscope-chaos-") as scratch:
        options = program.Options(
            folder=folder.absolute() if folder else Path(scratch),
            seed=secrets.randbelow(2**31) if seed is None else seed,
            database=database,
            restart_database=restart_database,
            seconds=seconds,
            servers=servers or (2 if database else 1),
            workers=workers,
            clients=clients,
            fill_disk=fill_disk,
        )
        options.folder.mkdir(parents=True, exist_ok=True)
        findings = asyncio.run(_until_stopped(program.run(options, output.say)))
    _show(findings, options.seed, as_json=as_json)
    if not findings.sound:
        raise click.exceptions.Exit(1)


async def _until_stopped(work: Coroutine[Any, Any, T]) -> T:
    """The work; SIGTERM ends it like Ctrl-C, with everything it started."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _check_small(folder: Path | None) -> None:
    import shutil  # noqa: PLC0415

    if folder is None:
        raise click.UsageError("--fill-disk: give --folder on a small file system of its own, such as a tmpfs")
    folder.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_dev == folder.absolute().parent.stat().st_dev:
        raise click.BadParameter("is no file system of its own: others would suffer too", param_hint="--folder")
    if (size := shutil.disk_usage(folder).total) > SMALL_DISK_BYTES:
        raise click.BadParameter(f"holds {size} bytes; at most {SMALL_DISK_BYTES} are accepted", param_hint="--folder")


def _show(findings: Findings, seed: int, *, as_json: bool) -> None:
    if as_json:
        told = {"seed": seed, "sound": findings.sound, "broken": dict(findings.broken), "seen": dict(findings.seen)}
        output.emit_json({**told, "facts": dict(findings.facts)})
        return
    output.emit_table(("must be zero", "found"), [[name, str(count)] for name, count in findings.broken.items()])
    output.emit_table(("must not be zero", "found"), [[name, str(count)] for name, count in findings.seen.items()])
    for name, value in findings.facts.items():
        output.say(f"{name}: {value}")
    output.say("every promise was kept" if findings.sound else "PROMISES WERE BROKEN, or nothing was tried")
