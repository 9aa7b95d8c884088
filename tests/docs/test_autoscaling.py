"""What autoscalers are told: their files name what exists, and their counts run against the real tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
import yaml

from mutoscope.cli.fleet import ray as fleet
from mutoscope.cli.worker import command as worker
from mutoscope.fleet.scaling import bounds
from mutoscope.server.metrics import Metrics
from mutoscope.store import pgschema
from tests.postgres import Server

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
FILES = sorted(FOLDER.glob("worker-*.yaml"))


def documents() -> list[dict[str, Any]]:
    """Every object of every file."""
    return [found for path in FILES for found in yaml.safe_load_all(path.read_text("utf-8"))]


def triggers(kind: str) -> Iterator[dict[str, Any]]:
    """What scales, by what."""
    for found in documents():
        yield from (trigger for trigger in found["spec"].get("triggers", ()) if trigger["type"] == kind)


def pods() -> list[dict[str, Any]]:
    """How workers are started."""
    found = [document["spec"] for document in documents()]
    templates = [spec.get("template") or spec.get("jobTargetRef", {}).get("template") for spec in found]
    return [template["spec"] for template in templates if template]


def test_workers_are_started_with_options_that_there_are() -> None:
    """And they get longer to stop than they need to finish."""
    assert len(pods()) == 2
    for pod in pods():
        (container,) = pod["containers"]
        name, *words = container["args"]
        context = worker.make_context(name, list(words), resilient_parsing=False)
        assert isinstance(context, click.Context)
        assert [variable["name"] for variable in container["env"]] == ["MUTOSCOPE_WORKER_TOKEN"]
        assert pod["terminationGracePeriodSeconds"] > context.params["drain_s"] > 0
    (job,) = (found for found in documents() if found["kind"] == "ScaledJob")
    assert "--idle-s" in job["spec"]["jobTargetRef"]["template"]["spec"]["containers"][0]["args"]


def test_what_is_asked_of_prometheus_is_told() -> None:
    """By these names, with these labels."""
    told = {metric.name: metric for metric in Metrics().registry.collect()}
    queries = [trigger["metadata"]["query"] for trigger in triggers("prometheus")]
    assert len(queries) == 2
    for query in queries:
        name = next(word for word in told if f"{word}{{" in query)
        assert name in ("mutoscope_requests", "mutoscope_queue_oldest_seconds")
        assert "or vector(0)" in query


def test_the_driver_on_ray_is_started_with_options_that_there_are() -> None:
    """One at a time, on a cluster whose nodes come and go; every container has the same Ray and the same Python."""
    cluster, driver = yaml.safe_load_all((FOLDER / "ray.yaml").read_text("utf-8"))
    (container,) = driver["spec"]["template"]["spec"]["containers"]
    program, group, name, *words = container["args"]
    assert (program, group, name) == ("mutoscope", "fleet", fleet.name)
    context = fleet.make_context(name, list(words), resilient_parsing=False)
    assert context.params["address"] == "auto"
    assert [bounds(text).least for text in context.params["workers"]] == [0]
    assert [variable["name"] for variable in container["env"]] == ["MUTOSCOPE_WORKER_TOKEN"]
    assert (driver["spec"]["replicas"], driver["spec"]["strategy"]) == (1, {"type": "Recreate"})

    spec = cluster["spec"]
    (group_of_nodes,) = spec["workerGroupSpecs"]
    assert spec["enableInTreeAutoscaling"]
    assert (group_of_nodes["minReplicas"], group_of_nodes["maxReplicas"]) == (0, 8)
    head = spec["headGroupSpec"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    images = {node["template"]["spec"]["containers"][0]["image"] for node in (head, group_of_nodes)}
    assert images == {container["image"]}
    (port,) = head["template"]["spec"]["containers"][0]["ports"]
    service = f"{cluster['metadata']['name']}-head-svc:{port['containerPort']}"
    assert f"ray start --address={service} --num-cpus=0 " in container["command"][2]
    pinned = (FOLDER.parents[1] / "requirements" / "scale.txt").read_text("utf-8")
    assert f"ray=={spec['rayVersion']} " in pinned


@pytest.mark.slow
def test_the_counts_run_against_the_tables(postgres: Server) -> None:
    """Two wait, one runs; other models and what is finished do not count; no table is walked."""
    address = postgres.database()
    pgschema.migrate(address)
    queries = [trigger["metadata"]["query"] for trigger in triggers("postgresql")]
    assert len(queries) == 2
    add = (
        "insert into requests (id, account_id, key_id, model_id, state, priority, tag, created_ms, run_after_ms, "
        "attempt, tries, max_attempts, time_limit_s, seed, inputs, ignored_inputs, body_sha256, progress, stage, "
        "cost_microusd, lane, finished_ms) select %(state)s || n || %(model)s, 'a', 'k', %(model)s, %(state)s, 0, n, "
        "n, 0, 0, 0, 3, 60, 1, '{}', '[]', '', 0, '', 0, '', case when %(state)s = 'completed' then n end "
        "from generate_series(1, %(count)s) n"
    )
    rows = [("studio/large", "in_queue", 2), ("studio/large", "in_progress", 1), ("other", "in_queue", 5)]
    try:
        with psycopg.connect(address) as connection:
            for model, state, count in [*rows, ("studio/large", "completed", 20_000)]:
                connection.execute(add, {"model": model, "state": state, "count": count})
            connection.execute("analyze requests")
            counted = [connection.execute(query.encode()).fetchall() for query in queries]
            assert counted == [[(3,)], [(2,)]]
            for query in queries:
                plan = "\n".join(row[0] for row in connection.execute(b"explain " + query.encode()).fetchall())
                assert "Seq Scan" not in plan, plan
    finally:
        postgres.drop(address)
