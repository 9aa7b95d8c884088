"""A trace goes from a site's rows into a simulated day, and tells nobody who asked for what."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mutoscope.bench.simulator import trace
from mutoscope.bench.simulator.reading import load
from mutoscope.cli import program
from mutoscope.errors import ConfigError
from mutoscope.jobs import NewJob
from mutoscope.store.store import Store
from mutoscope.store.values import Charge, Held
from tests import sqlite

SECRETS = ("a harbour at dawn", "account-alice", "key-alice", "https://example.com/hook")
HEAD = "arrival_s,wait_s,run_s,model,account,state\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A data folder: Alice's three requests of two models, two of them done, and one of Bob's that waits."""
    folder = tmp_path / "data"
    folder.mkdir()
    asyncio.run(_filled(folder))
    return folder


async def _filled(folder: Path) -> None:
    database = sqlite.fresh(folder / "mutoscope.db")
    store = Store(database)
    for number, (who, model) in enumerate([("alice", "a"), ("alice", "a"), ("bob", "a"), ("alice", "b")]):
        await store.submit(_job(number, who, model))
    for model in ("a", "b"):
        job = await store.claim((model,), "worker-1", lease_ms=60_000)
        assert job is not None
        held = Held(job.id, "worker-1", job.attempt)
        await store.complete(held, result={"outputs": []}, charge=Charge(1.0, "second", 0), files=[])
    await store.db.close()


def _job(number: int, who: str, model: str) -> NewJob:
    return NewJob(
        id=f"request-{number}",
        account_id=f"account-{who}",
        key_id=f"key-{who}",
        model_id=model,
        inputs={"prompt": SECRETS[0]},
        ignored_inputs=(),
        seed=7,
        idempotency_key=None,
        body_sha256="",
        base_url=SECRETS[3],
    )


def run(*arguments: str) -> Any:
    return CliRunner().invoke(program, ["bench", *arguments])


@pytest.mark.parametrize("name", ["day.csv", "day.jsonl"])
def test_a_site_is_recorded_without_what_it_was_asked(site: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    answer = run("trace", str(target), "--data", str(site))
    assert answer.exit_code == 0, answer.output
    text = target.read_text("utf-8")
    assert not [secret for secret in (*SECRETS, "request-", "bob") if secret in text]
    found = trace.read(target)
    assert found.models == ("a", "b")
    assert len(found.accounts) == 2
    assert found.account.tolist().count(found.account[0]) == 3
    assert found.completed.sum() == 2
    assert len(found.runs("a")) == len(found.runs("b")) == 1
    assert found.arrival_s[0] == 0


def test_two_traces_name_accounts_differently(site: Path, tmp_path: Path) -> None:
    """So that two of them cannot be joined, nor an account be looked up."""
    both = []
    for name in ("one.csv", "two.csv"):
        assert run("trace", str(tmp_path / name), "--data", str(site)).exit_code == 0
        both.append(set(trace.read(tmp_path / name).accounts))
    assert not both[0] & both[1]


def test_only_the_last_hours_are_recorded(tmp_path: Path) -> None:
    """Counted from the newest request, not from the clock: an old database has a last day too."""

    class Rows:
        def find(self, _: str) -> list[int]:
            return [10_000_000]

        def rows(self, _: str, __: Any) -> Any:
            yield (1, 2, 3, "a", "x", "completed")
            yield (9_000_000, 9_001_500, 9_003_500, "a", "x", "completed")
            yield (10_000_000, None, None, "a", "x", "cancelled")

    bulk: Any = Rows()
    assert [(row["arrival_s"], row["wait_s"], row["run_s"]) for row in trace.record(bulk, last_s=3600)] == [
        (0.0, 1.5, 2.0),
        (1000.0, None, None),
    ]


@pytest.mark.slow
def test_a_trace_is_simulated_as_it_was(tmp_path: Path) -> None:
    """On one GPU the second waits for the first; with one each nobody waits."""
    (tmp_path / "day.csv").write_text(f"{HEAD}5,0,60,a,x,completed\n15,0,30,a,x,completed\n", "utf-8")
    scenario = tmp_path / "day.yaml"
    scenario.write_text("hours: 1\narrivals: {kind: trace, trace: day.csv}\npools: {main: {max: 1}}\n", "utf-8")
    for gpus, longest_s in ((1, 50.0), (2, 0.0)):
        answer = run("simulate", str(scenario), "--json", "--set", f"pools.main.max={gpus}")
        assert answer.exit_code == 0, answer.output
        told = json.loads(answer.stdout)
        assert told["wait_s"]["longest"] == pytest.approx(longest_s)
        assert told["completed"] == told["models"]["a"]["requests"] == told["accounts"]["x"]["requests"] == 2


def test_a_model_that_never_ran_needs_a_service(tmp_path: Path) -> None:
    """How long it works is in nobody's records, and is not made up."""
    (tmp_path / "day.csv").write_text(f"{HEAD}5,,,a,x,in_queue\n", "utf-8")
    path = tmp_path / "day.yaml"
    path.write_text("arrivals: {kind: trace, trace: day.csv}\npools: {main: {max: 1}}\n", "utf-8")
    with pytest.raises(ConfigError, match=r"\$\.arrivals\.trace: the trace holds no completed request of 'a'"):
        load(path)
    assert load(path, ["models.a.service={kind: constant, mean_s: 9}"]).models["a"].service.mean_s == 9


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("wait_s,model\n", "line 1: the column arrival_s is missing"),
        (HEAD, "holds no requests"),
        (f"{HEAD}soon,0,1,a,x,completed\n", "line 2: arrival_s: found 'soon'"),
        (f"{HEAD}1,0,-1,a,x,completed\n", "line 2: run_s: found '-1'"),
        (f"{HEAD}1,0,1,,x,completed\n", "line 2: model: is required"),
    ],
)
def test_a_bad_trace_is_refused_by_line_and_column(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=told):
        trace.read(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("arrivals.kind=monthly", r"\$\.arrivals\.kind: found 'monthly'; accepted are constant, poisson, daily, trace"),
        ("arrivals.requests=0", r"\$\.arrivals\.requests: found 0; 1 to "),
        ("arrivals.peak_factor=40", r"\$\.arrivals\.peak_factor: found 40\.0; 1 to 20"),
        ("models={}", r"\$\.models: is required"),
        ("models.video.service={kind: constant}", r"\$\.models\.video\.service\.mean_s: is required"),
        ("models.video.memory_gb=100", r"\$\.models\.video: no pool serves it: it needs 100\.0 GB"),
        ("models.video.colour=red", r"\$\.models\.video\.colour: unknown key"),
        ("pools.main.models=[a]", r"\$\.pools\.main\.models: found 'a'; there are video"),
        ("pools.main.min=1", r"\$\.pools\.main\.min: found 1; `max` itself"),
        ("pools.main.max=0", r"\$\.pools\.main\.max: found 0"),
        ("accounts.me.weight=0", r"\$\.accounts\.me\.weight: found 0\.0; more than 0"),
        ("accounts.me.priority=first", r"\$\.accounts\.me\.priority: found 'first'; accepted are high, normal, low"),
        ("accounts={me: {share: 0}}", r"\$\.accounts: need one with a share above 0"),
        ("claims.beat_s=10", r"\$\.claims\.beat_s: found 10\.0; less than lease_s"),
        ("claims.error_share=2", r"\$\.claims\.error_share: found 2\.0; 0 to 1"),
        ("site.measured=nowhere.json", r"\$\.site\.measured: nowhere\.json cannot be read"),
        ("skip_h=24", r"\$\.skip_h: found 24\.0; less than hours"),
        ("arrivals={kind: trace, trace: nowhere.csv}", r"\$\.arrivals\.trace: nowhere\.csv: cannot be read"),
        ("pools.main", "--set: found 'pools.main'; a key and a value"),
        ("hours.of=3", "--set: hours.of: there is a value in place of a mapping"),
    ],
)
def test_a_bad_scenario_is_refused_by_field(tmp_path: Path, change: str, told: str) -> None:
    path = tmp_path / "day.yaml"
    path.write_text(
        "hours: 24\narrivals: {kind: poisson, requests: 10}\n"
        "models: {video: {service: {kind: constant, mean_s: 60}}}\npools: {main: {max: 2}}\n",
        "utf-8",
    )
    assert load(path).hours == 24
    with pytest.raises(ConfigError, match=told):
        load(path, [change])
