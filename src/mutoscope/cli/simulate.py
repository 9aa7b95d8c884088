"""`mutoscope bench simulate` and `mutoscope bench trace`: a day of a site as arithmetic, and what a site recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mutoscope.cli import output
from mutoscope.errors import ConfigError

if TYPE_CHECKING:
    from mutoscope.bench.simulator.day import Day, Progress

MOST_SEEDS = 100


@click.command("simulate", epilog="Example: mutoscope bench simulate day.yaml --solve gpus --target 'p95_wait_s<60'")
@click.argument("scenario", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change the scenario: pools.main.max=40.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Draws the same day again.")
@click.option("--solve", type=click.Choice(["gpus"]), help="Search the fewest GPUs that meet --target.")
@click.option("--target", default="p95_wait_s<60", show_default=True, help="With --solve.")
@click.option("--pool", help="With --solve: whose GPUs; needed when there are several pools.")
@click.option("--seeds", type=click.IntRange(1, MOST_SEEDS), default=5, show_default=True, help="Days of each size.")
@click.option("--tolerance", type=click.FloatRange(0, 0.5), default=0.0, show_default=True, help="Share of the answer.")
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Write the day as an SVG here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def simulate(
    *,
    scenario: Path,
    changes: tuple[str, ...],
    seed: int,
    solve: str | None,
    target: str,
    pool: str | None,
    seeds: int,
    tolerance: float,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Run a day of arrivals, queues, GPUs and prices, and say how long requests waited and what it cost.

    With --solve gpus: how many GPUs are enough for a wait, on several days, and how sure that is.
    """
    from mutoscope.bench.simulator import day, reading, site, sizing  # noqa: PLC0415 - numba takes half a second
    from mutoscope.bench.simulator import picture as drawing  # noqa: PLC0415

    found = reading.load(scenario, changes)
    told: dict[str, Any] = {}
    with _progress() as progress:
        if solve:
            wanted = sizing.parse(target, found)
            days = range(seed, seed + seeds)
            name = _pool(pool, list(found.pools))
            answer = sizing.solve(found, name, wanted, days, tolerance=tolerance, say=output.say, progress=progress)
            ran, told["answer"] = answer.day, answer.summary()
        else:
            ran = day.simulate(found, seed, progress=progress)
    told |= {**ran.summary(), "site": site.demand(ran)}
    if picture:
        picture.write_text(drawing.svg(ran), "utf-8")
        output.say(f"picture: {picture}")
    if as_json:
        output.emit_json(told)
    else:
        _show(told, ran)


def _pool(name: str | None, pools: list[str]) -> str:
    if name is None and len(pools) == 1:
        return pools[0]
    if name not in pools:
        raise ConfigError(f"--pool: found {name or 'nothing'}; there are {', '.join(pools)}")
    return name


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """One line that is written over, on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return

    def tell(share: float, events: int) -> None:
        click.echo(f"\r{share:6.1%} of the requests, {events:,} events ", nl=False, err=True)

    yield tell
    click.echo("\r\033[K", nl=False, err=True)


def _show(told: dict[str, Any], day: Day) -> None:
    columns = ("who", "requests", "mean wait s", "p50", "p95", "p99", "longest")
    rows = [_waits("all", {"requests": told["requests"], **told["wait_s"]})]
    rows += [_waits(name, part) for name, part in told["models"].items()]
    rows += [_waits(name, part) for name, part in told["accounts"].items()]
    output.emit_table(columns, rows)
    pools = [
        (name, part["alive_most"], _number(part["alive_mean"]), _share(part["utilisation"]), _number(part["gpu_hours"]))
        for name, part in told["pools"].items()
    ]
    output.emit_table(("pool", "most GPUs", "mean", "busy", "GPU hours"), pools)
    site, answer = told["site"], told.get("answer")
    for line in (
        f"{told['completed']:,} completed, {told['failed']:,} failed, {told['refused']:,} refused",
        f"at most {told['queue_most']:,} waiting; models loaded {sum(told['loads'].values()):,} times",
        f"{told['cost_usd']:,.2f} USD, {_number(told['cost_per_request_usd'], 5)} USD a request",
        f"API processes in the busiest minute: {site['api_processes']}; "
        f"of the database's time: {_share(site['database_share']['peak'])}",
        f"{told['events']:,} events in {day.took_s:.1f} s, seed {told['seed']}",
    ):
        output.say(line)
    if answer:
        enough = answer["enough"]
        output.emit(
            f"{answer['gpus']} GPUs in {answer['pool']} for {answer['target']}: on {enough['days']} days "
            f"{min(enough['values_s']):.1f} to {max(enough['values_s']):.1f} s, "
            f"mean below {enough['upper_95_s']:.1f} s with 95 % confidence"
        )


def _waits(name: str, part: dict[str, Any]) -> tuple[str, ...]:
    return (name, f"{part['requests']:,}", *(_number(part[key]) for key in ("mean", "p50", "p95", "p99", "longest")))


def _number(value: float | None, places: int = 1) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def placed(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where a site is."""
    data = click.option("--data", type=click.Path(path_type=Path), default=None, help="Data folder [MUTOSCOPE_DATA].")
    database = click.option(
        "--database", default=None, help="postgresql://…; empty: SQLite in the data folder [MUTOSCOPE_DATABASE]."
    )
    return data(database(command))


@click.command("trace", epilog="Example: mutoscope bench trace last-week.csv --hours 168")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), help="Only the last so many; all when not given.")
@placed
def trace(target: Path, hours: float | None, data: Path | None, database: str | None) -> None:
    """Write down when a site's requests came, waited and ran, for `simulate`; CSV, or JSON lines for .jsonl.

    Holds models and times, and accounts as hashes that are new every time; no prompts, keys or addresses. The server
    may go on meanwhile.
    """
    from mutoscope import settings  # noqa: PLC0415 - as everything here: a command that is seldom used
    from mutoscope.bench.simulator import trace as recording  # noqa: PLC0415
    from mutoscope.store import offline  # noqa: PLC0415

    if target.suffix not in {".csv", ".jsonl"}:
        raise ConfigError(f"{target}: a name that ends with .csv or .jsonl is accepted")
    found = settings.load({"data": data, "database": database})
    with offline.reading(found.data, found.database) as bulk, target.open("w", encoding="utf-8") as file:
        rows = recording.record(bulk, last_s=None if hours is None else hours * 3600)
        count = recording.write(rows, file, as_lines=target.suffix == ".jsonl")
    output.say(f"{count} request(s) in {target}")
