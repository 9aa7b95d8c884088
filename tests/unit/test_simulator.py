"""The simulator against what is known without it: formulas of queuing theory, laws that every queue obeys, and the
invariants of a day."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mutoscope.bench.simulator import arrivals, picture, site, sizing
from mutoscope.bench.simulator.day import Day, simulate, tables_of
from mutoscope.bench.simulator.events import run
from mutoscope.bench.simulator.reading import load
from mutoscope.bench.simulator.scenario import Scenario
from mutoscope.bench.simulator.tables import COMPLETED, FAILED, REFUSED
from mutoscope.errors import ConfigError

pytestmark = pytest.mark.slow  # compiling takes half a minute, once

PLAIN = """
hours: 24
arrivals: {kind: poisson, requests: 100000}
models: {video: {service: {kind: exponential, mean_s: 60}}}
pools: {main: {max: 80, price_usd_per_h: 2.0}}
"""


@pytest.fixture
def plain(tmp_path: Path) -> Any:
    """Reads PLAIN with changes."""
    path = tmp_path / "plain.yaml"
    path.write_text(PLAIN, "utf-8")
    return lambda *changes: load(path, changes)


def erlang_c(servers: int, load: float) -> float:
    """The share that waits in M/M/c, by the recursion of Erlang B."""
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return servers * blocked / (servers - load * (1 - blocked))


def mean_over_days(scenario: Scenario, days: int) -> tuple[float, float]:
    """Mean wait, and share that waited."""
    waits = [simulate(scenario, seed).wait_s for seed in range(days)]
    return float(np.mean([wait.mean() for wait in waits])), float(np.mean([(wait > 0).mean() for wait in waits]))


@pytest.mark.parametrize(("servers", "requests"), [(1, 1_080), (5, 6_000), (80, 105_000)])
def test_waits_are_those_of_erlang(plain: Any, servers: int, requests: int) -> None:
    """M/M/c: the share that waits and the mean wait, from one server to eighty."""
    hours = 24 * max(1, 600_000 // requests)
    scenario = plain(
        f"pools.main.max={servers}", f"hours={hours}", f"arrivals.requests={requests * hours // 24}", "skip_h=5"
    )
    load_erlang = requests * 60 / 86_400
    waits_share = erlang_c(servers, load_erlang)
    mean_s, share = mean_over_days(scenario, 3)
    assert share == pytest.approx(waits_share, rel=0.05)
    assert mean_s == pytest.approx(waits_share * 60 / (servers - load_erlang), rel=0.08)


def test_constant_work_waits_half_as_long(plain: Any) -> None:
    """M/D/1: ρ / 2(1 - ρ) times the service, by Pollaczek and Khinchine; and M/G/1 with any spread."""
    for kind, cv in (("constant", 0.0), ("lognormal", 0.5)):
        scenario = plain(
            "pools.main.max=1", "hours=12000", "arrivals.requests=500000", f"models.video.service.kind={kind}",
            f"models.video.service.cv={cv}",
        )  # fmt: skip
        rho = 500_000 * 60 / (12_000 * 3600)
        expected_s = rho / (2 * (1 - rho)) * (1 + cv**2) * 60
        assert mean_over_days(scenario, 2)[0] == pytest.approx(expected_s, rel=0.05)


def test_littles_law(plain: Any) -> None:
    """The mean number that waits is the rate of arrivals times the mean wait."""
    day = simulate(plain("arrivals.requests=110000"), 3)
    waiting = float(day.tables.queue.mean())
    assert waiting == pytest.approx(len(day.tables.requests) / 86_400 * float(day.wait_s.mean()), rel=0.05)


def test_the_same_seed_is_the_same_day(plain: Any) -> None:
    """Also with losses and failures, which are drawn while the day goes on."""
    scenario = plain("pools.main.lost_per_day=2", "claims.error_share=0.1", "arrivals.requests=5000")
    first, again, other = (simulate(scenario, seed) for seed in (7, 7, 8))
    assert first.summary() == again.summary()
    assert first.summary() != other.summary()


def test_a_daily_curve_has_its_peak(plain: Any) -> None:
    """The busiest minutes ask for the peak factor times the mean, at the hour that was said."""
    scenario = plain("arrivals={kind: daily, requests: 1000000, peak_factor: 5, peak_at_h: 14}")
    arrival_s = arrivals.draw(scenario, 1).arrival_s
    counts, _ = np.histogram(arrival_s, bins=96, range=(0, 86_400))
    assert counts.max() / counts.mean() == pytest.approx(5, rel=0.05)
    assert counts.argmax() / 4 == pytest.approx(14, abs=0.75)


def test_a_burst_is_added(plain: Any) -> None:
    scenario = plain("arrivals={kind: constant, requests: 24, bursts: [{at_s: 100, requests: 50, over_s: 1}]}")
    arrival_s = arrivals.draw(scenario, 1).arrival_s
    assert len(arrival_s) == 74
    assert ((arrival_s >= 100) & (arrival_s <= 101)).sum() == 50


def test_an_idle_gpu_that_holds_the_model_is_taken(plain: Any) -> None:
    """Two models that fit one GPU only alone: two GPUs, and each model is loaded once."""
    scenario = plain(
        "arrivals={kind: constant, requests: 200}", "pools.main.max=2", "pools.main.memory_gb=10",
        "models={a: {service: {kind: constant, mean_s: 60}, load_s: 30, memory_gb: 8},"
        " b: {service: {kind: constant, mean_s: 60}, load_s: 30, memory_gb: 8}}",
    )  # fmt: skip
    summary = simulate(scenario, 1).summary()
    assert summary["loads"] == {"a": 1, "b": 1}
    assert summary["wait_s"]["longest"] == pytest.approx(30)


@pytest.mark.parametrize(("warm_wait_s", "loads", "longest_s"), [(2, 2, 149.0), (0.5, 3, 178.0)])
def test_a_gpu_goes_on_with_what_it_holds(
    plain: Any, tmp_path: Path, warm_wait_s: float, loads: int, longest_s: float
) -> None:
    """By hand: a, b one second later, a two seconds later; 60 s each, 30 s to load, and room for one model."""
    (tmp_path / "three.csv").write_text("arrival_s,run_s,model\n0,60,a\n1,60,b\n2,60,a\n", "utf-8")
    one = "{service: {kind: constant, mean_s: 60}, load_s: 30, memory_gb: 8}"
    scenario = plain(
        "arrivals={kind: trace, trace: three.csv}",
        f"models={{a: {one}, b: {one}}}",
        "pools.main={max: 1, memory_gb: 10}",
        f"claims.warm_wait_s={warm_wait_s}",
    )
    day = simulate(scenario, 1)
    assert sum(day.summary()["loads"].values()) == loads
    assert day.summary()["wait_s"]["longest"] == pytest.approx(longest_s + 30)


def test_an_autoscaler_starts_waits_and_gives_back(plain: Any) -> None:
    """The first request waits for the look, the start and the load; after keep-warm nothing is paid."""
    scenario = plain(
        "hours=2", "arrivals={kind: constant, requests: 1}", "models.video.service.kind=constant",
        "models.video.load_s=45", "pools.main={max: 4, min: 0, rule: per_gpu, start_s: 100, keep_warm_s: 300}",
    )  # fmt: skip
    day = simulate(scenario, 1)
    summary = day.summary()
    assert 145 <= summary["wait_s"]["longest"] <= 145 + scenario.scale_every_s
    assert summary["pools"]["main"]["alive_most"] == 1
    paid_s = 100 + 45 + 60 + 300
    assert paid_s <= summary["gpu_hours"] * 3600 <= paid_s + scenario.scale_every_s
    late = dataclasses.replace(scenario.pools["main"], rule="queue_age", target=120.0)
    waited_s = simulate(dataclasses.replace(scenario, pools={"main": late}), 1).summary()["wait_s"]["longest"]
    assert 120 + 145 <= waited_s <= 120 + 145 + 2 * scenario.scale_every_s


def test_a_lost_gpu_gives_its_request_back_when_the_lease_ends(plain: Any) -> None:
    """With no failures of their own and attempts without end, everything is completed, and some twice tried."""
    scenario = plain(
        "arrivals.requests=2000", "pools.main={max: 8, start_s: 60, lost_per_day: 200}", "claims.max_attempts=100"
    )
    day = simulate(scenario, 1)
    summary = day.summary()
    assert summary["completed"] == summary["requests"]
    assert summary["pools"]["main"]["lost"] > 500
    assert summary["attempts"] > summary["requests"]


def test_what_fails_every_time_is_tried_so_often_and_no_more(plain: Any) -> None:
    day = simulate(plain("arrivals.requests=200", "claims.error_share=1", "claims.max_attempts=3"), 1)
    summary = day.summary()
    assert (summary["failed"], summary["attempts"]) == (summary["requests"], 3 * summary["requests"])
    assert summary["wait_s"]["p95"] is None


def test_the_smallest_fleet_is_found_and_one_less_is_too_few(plain: Any) -> None:
    """Whatever the search tried: nothing below the answer was enough, on the same days."""
    scenario = plain("arrivals.requests=20000", "pools.main.max=1")
    answer = sizing.solve(scenario, "main", sizing.parse("p95_wait_s<60", scenario), range(1, 4))
    by_size = {tried.gpus: tried.enough for tried in answer.tried}
    assert by_size[answer.gpus]
    assert by_size[answer.gpus - 1] is False
    assert 20_000 * 60 / 86_400 < answer.gpus < 30
    assert answer.summary()["enough"]["upper_95_s"] < 60


def test_a_target_that_no_fleet_meets_is_refused(plain: Any) -> None:
    """Loading alone takes longer; the search says so and ends."""
    scenario = plain("arrivals={kind: constant, requests: 3}", "models.video.load_s=100")
    with pytest.raises(ConfigError, match=r"target: longest_wait_s<10 is missed with \d+ GPUs too"):
        sizing.solve(scenario, "main", sizing.parse("longest_wait_s<10", scenario), [1])


@pytest.mark.parametrize("text", ["p95<60", "p95_wait_s>60", "p42_wait_s<60", "p95_wait_s<0", "p95_wait_s[nobody]<6"])
def test_a_target_that_means_nothing_is_refused(plain: Any, text: str) -> None:
    with pytest.raises(ConfigError, match="target: "):
        sizing.parse(text, plain())


def test_upper_end_of_the_interval() -> None:
    """By hand: mean 2, deviation 1, three days, t = 2.920."""
    assert sizing.upper([1.0, 2.0, 3.0]) == pytest.approx(2 + 2.920 / math.sqrt(3))
    assert sizing.upper([5.0]) == 5.0


def test_what_the_site_has_to_do_follows_from_the_rates(plain: Any) -> None:
    scenario = plain(
        "arrivals={kind: constant, requests: 86400}",
        "models.video.service.kind=constant",
        "site={submits_per_s: 2, reads_per_s: 10}",
    )
    told = site.demand(simulate(scenario, 1))
    assert told["requests_per_s"]["peak"] == pytest.approx(1, rel=0.02)
    assert (
        told["api_processes"] == 6
    )  # half a one for submits, three for thirty polls each, two for the beats of sixty GPUs
    assert told["rows_gb_per_day"] == pytest.approx(0.432)


def test_the_picture_is_whole_xml(plain: Any) -> None:
    from xml.etree import ElementTree as Tree  # noqa: PLC0415

    root = Tree.fromstring(picture.svg(simulate(plain("name=<a> & b", "arrivals.requests=2000"), 1)))
    assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) == 3


def test_told_to_stop_it_stops(plain: Any) -> None:
    """What Ctrl-C does."""
    scenario = plain()
    t = tables_of(scenario, arrivals.draw(scenario, 1))
    t.told[2] = 1
    assert run(t, np.random.default_rng(1)) is False


# -- any scenario ---------------------------------------------------------------------------------------------------

names = st.sampled_from(["a", "b", "c"])
limits = st.one_of(st.none(), st.integers(1, 3))


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Small days with everything in them."""
    models = {
        name: {
            "service": {"kind": draw(st.sampled_from(["constant", "exponential"])), "mean_s": draw(st.floats(1, 300))},
            "load_s": draw(st.floats(0, 60)), "memory_gb": draw(st.floats(0, 10)), "max_running": draw(limits),
        }
        for name in draw(st.sets(names, min_size=1))
    }  # fmt: skip
    accounts = {
        name: {
            "weight": draw(st.sampled_from([0.5, 1, 3])), "priority": draw(st.sampled_from(["high", "normal", "low"])),
            "max_running": draw(limits), "max_queued": draw(limits),
        }
        for name in draw(st.sets(names, min_size=1))
    }  # fmt: skip
    rule = draw(st.sampled_from(["fixed", "per_gpu", "queue_age"]))
    pool = {
        "memory_gb": 16, "max": draw(st.integers(1, 6)), "rule": rule, "start_s": draw(st.floats(0, 100)),
        "keep_warm_s": draw(st.floats(0, 600)), "lost_per_day": draw(st.sampled_from([0, 50])), "price_usd_per_h": 1,
    }  # fmt: skip
    claims = {"error_share": draw(st.sampled_from([0, 0.3])), "warm_wait_s": draw(st.sampled_from([0, 2, 60]))}
    bursts = [{"at_s": 500, "requests": draw(st.integers(1, 30)), "over_s": draw(st.floats(0, 50))}]
    arriving = {"kind": draw(st.sampled_from(["constant", "poisson", "daily"])), "requests": draw(st.integers(1, 150))}
    return {
        "hours": 2, "arrivals": arriving | {"bursts": bursts}, "models": models, "accounts": accounts,
        "pools": {"main": pool}, "claims": claims,
    }  # fmt: skip


@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=scenarios(), seed=st.integers(0, 99))
def test_every_day_keeps_the_laws(tmp_path: Path, content: dict[str, Any], seed: int) -> None:
    """One end for each request, none before its work is done; no limit is passed; nobody works unpaid."""
    import yaml  # noqa: PLC0415

    path = tmp_path / "any.yaml"
    path.write_text(yaml.safe_dump(content), "utf-8")
    check_laws(simulate(load(path), seed))


def check_laws(day: Day) -> None:
    scenario, t = day.scenario, day.tables
    requests = t.requests
    ends = {state: requests.state == state for state in (COMPLETED, FAILED, REFUSED)}
    assert sum(int(chosen.sum()) for chosen in ends.values()) == len(requests)
    done = requests[ends[COMPLETED]]
    assert (done.begin_s >= done.arrival_s).all()
    np.testing.assert_allclose(done.finish_s - done.begin_s, done.service_s, atol=1e-6)
    assert (requests.tries <= scenario.claims.max_attempts).all()
    assert (requests.tries[ends[REFUSED]] == 0).all()
    assert not t.models.waiting.any() and not t.models.running.any()
    assert not t.accounts.waiting.any() and not t.accounts.running.any()
    assert (t.pools.busy_s <= t.pools.paid_s + 1e-6).all()
    assert (t.counts.sum(axis=1) == t.pools.most).all()
    assert t.alive.max() <= t.pools.most.sum()
    assert (t.busy <= t.alive).all()
    for place, model in enumerate(scenario.models.values()):
        assert most_at_once(done[done.model == place]) <= (model.max_running or math.inf)
    for place, account in enumerate(scenario.accounts.values()):
        assert most_at_once(done[done.account == place]) <= (account.max_running or math.inf)


def most_at_once(done: Any) -> int:
    """How many of these worked at the same time, at most; ends before begins."""
    moments = sorted([(s, 1) for s in done.begin_s.tolist()] + [(s, -1) for s in done.finish_s.tolist()])
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most
