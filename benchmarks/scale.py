"""The figures of docs/explanation/06-scale.md: runs its scenarios, keeps what came out, and prints its table.

    python -m benchmarks.scale [thousand] [hundred-thousand] [ten-million] [--solve]

Without a name it prints the table from what was kept. `--solve` searches the fleets too, which takes ten minutes for
ten million. The pool's `max` in each scenario is what the search found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("scenarios")
NAMES = ("thousand", "hundred-thousand", "ten-million")
SCALED = {"thousand": (0, 8), "hundred-thousand": (20, 400), "ten-million": (2000, 40_000)}
"""Least and most GPUs of the same day with an autoscaler."""
SOLVED = {"thousand": (), "hundred-thousand": (), "ten-million": ("--seeds", "3", "--tolerance", "0.002")}
PAPER: dict[str, tuple[str, str, str]] = {
    "requests a second, mean / peak": ("0.012 / 0.06", "1.2 / 6", "116 / 580"),
    "GPUs busy, mean": ("0.7", "70", "6,900"),
    "commits a second, mean / peak": ("0.04 / –", "3.5 / 17", "350 / 1,740"),
    "status polls a second, mean / peak": ("0.3 / –", "35 / 175", "3,500 / 17,400"),
    "beats a second, mean / peak": ("0.1 / –", "7 / 35", "700 / 3,500"),
    "API processes": ("1", "1", "4 to 6"),
    "of one database's time, at the peak": ("–", "0.6 %", "31 %"),
    "rows a day": ("0.005 GB", "0.5 GB", "50 GB"),
    "videos a day": ("8 GB", "800 GB", "80,000 GB"),
    "videos out, mean": ("–", "–", "7.4 Gbit/s"),
}
"""What was worked out on paper before anything was built."""


def main() -> None:
    """Run what is named; print the table."""
    parser = argparse.ArgumentParser(description="Run the scenarios of the page on scale.")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME")
    parser.add_argument("--solve", action="store_true")
    options = parser.parse_args()
    for name in options.names:
        _keep(name, ran(name))
        _keep(f"{name}.scaled", ran(name, SCALED[name]))
        if options.solve:
            _keep(f"{name}.solve", searched(name))
    print(table({name: kept(name) for name in NAMES}, {name: kept(f"{name}.scaled") for name in NAMES}))


def ran(name: str, limits: tuple[int, int] | None = None) -> dict[str, Any]:
    """A day of a scenario; limits: with an autoscaler, and so many GPUs at least and at most."""
    if limits is None:
        return _run(name)
    least, most = limits
    return _run(
        name, "--set", "pools.main.rule=per_gpu", "--set", f"pools.main.min={least}", "--set", f"pools.main.max={most}"
    )


def searched(name: str) -> dict[str, Any]:
    """The fewest GPUs that meet the target."""
    found: dict[str, Any] = _run(name, "--solve", "gpus", *SOLVED[name])["answer"]
    return found


def _run(name: str, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "mutoscope", "bench", "simulate", str(FOLDER / f"{name}.yaml"), "--json", *options]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=7200).stdout)
    return found


def _keep(name: str, found: dict[str, Any]) -> None:
    (FOLDER / "results" / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n")


def kept(name: str) -> dict[str, Any]:
    """What a run left."""
    found: dict[str, Any] = json.loads((FOLDER / "results" / f"{name}.json").read_text())
    return found


def table(fixed: dict[str, dict[str, Any]], scaled: dict[str, dict[str, Any]]) -> str:
    """The page's table: for each load the estimate on paper and the simulated day."""
    columns = [figures(fixed[name], scaled[name]) for name in NAMES]
    lines = ["| | 1 k: paper | simulated | 100 k: paper | simulated | 10 M: paper | simulated |", "|---" * 7 + "|"]
    for label in columns[0]:
        paper = PAPER.get(label, ("–", "–", "–"))
        cells = [cell for pair in zip(paper, (column[label] for column in columns), strict=True) for cell in pair]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def figures(fixed: dict[str, Any], scaled: dict[str, Any]) -> dict[str, str]:
    """One column: a day with as many GPUs as the target needs, and one with an autoscaler."""
    site, pool, grown = fixed["site"], fixed["pools"]["main"], scaled["pools"]["main"]
    return {
        "requests a second, mean / peak": _both(site["requests_per_s"]),
        "GPUs busy, mean": _plain(fixed["gpus_busy_mean"]),
        "GPUs all day for p95 < 60 s": f"{pool['alive_most']:,}",
        "that fleet: p95 wait, s": _plain(fixed["wait_s"]["p95"]),
        "that fleet: busy": f"{fixed['utilisation']:.0%}",
        "that fleet: cost a request": f"{fixed['cost_per_request_usd']:.3f} USD",
        "autoscaled: GPUs, mean / most": f"{_plain(grown['alive_mean'])} / {grown['alive_most']:,}",
        "autoscaled: p95 / p99 wait, s": f"{_plain(scaled['wait_s']['p95'])} / {_plain(scaled['wait_s']['p99'])}",
        "autoscaled: busy": f"{scaled['utilisation']:.0%}",
        "autoscaled: cost a request": f"{scaled['cost_per_request_usd']:.3f} USD",
        "autoscaled: loads of the model": f"{scaled['loads']['video']:,}",
        "commits a second, mean / peak": _both(site["commits_per_s"]),
        "status polls a second, mean / peak": _both(site["polls_per_s"]),
        "beats a second, mean / peak": _both(site["beats_per_s"]),
        "API processes": str(site["api_processes"]),
        "of one database's time, at the peak": f"{site['database_share']['peak'] * 100:,.2g} %"
        if site["database_share"]["peak"] < 1
        else f"{site['database_share']['peak']:.0%}".replace("%", " %"),
        "rows a day": f"{_plain(site['rows_gb_per_day'])} GB",
        "videos a day": f"{_plain(site['outputs_gb_per_day'])} GB",
        "videos out, mean": f"{site['egress_gbit_per_s']:.1g} Gbit/s"
        if site["egress_gbit_per_s"] < 1
        else f"{site['egress_gbit_per_s']:.1f} Gbit/s",
    }


def _both(rates: dict[str, float]) -> str:
    return f"{_plain(rates['mean'])} / {_plain(rates['peak'])}"


def _plain(value: float) -> str:
    """Two digits that count below ten, whole numbers from there."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


if __name__ == "__main__":
    main()
