"""The driver of a fleet on Ray, against a cluster that is played here and a real server that is played, too."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from mutoscope.cli import exits, program
from mutoscope.fleet import ray
from mutoscope.fleet.actor import NEVER_STARTED
from mutoscope.fleet.cluster import ActorGone, ActorSilent, RayGone, bounded
from mutoscope.fleet.names import is_ours, new_name
from mutoscope.fleet.ray import RayFleet, Taken
from mutoscope.fleet.scaling import Bounds, Bundle, Policy
from mutoscope.link import Refused

MODEL = "studio/large"


class Office:
    """A server that tells of a queue and hears who is lost."""

    def __init__(self) -> None:
        self.in_queue = 0
        self.at_work: list[str] = []
        self.lost: list[str] = []
        self.status = 200
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                needs, takes = {"gpu_memory_gb": 0, "labels": []}, {"num_gpus": 0, "num_cpus": 1, "custom": {}}
                line = {
                    "model_id": MODEL,
                    "engine": "testcard",
                    "engines": ["testcard", "parallax"],
                    "in_queue": office.in_queue,
                    "in_progress": 0,
                }
                line |= {"oldest_s": 1.0, "needs": needs, "resources": takes, "time_limit_s": 60}
                self.say({"models": [line], "at_work": office.at_work})

            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                office.lost.append(told["worker_id"])
                office.at_work = [name for name in office.at_work if name != told["worker_id"]]
                self.say({"requests": 1})

            def say(self, told: Any) -> None:
                body = json.dumps(told).encode()
                self.send_response(office.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: Any) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


class Actor:
    """One that does what the test says."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_started = self.is_draining = False
        self.called: list[tuple[str, tuple[object, ...]]] = []
        self.answers: dict[str, list[Any]] = {}
        """Of a method, what it gives, or raises."""


class Played:
    """A cluster. What was called is answered as soon as the actor has an answer."""

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}
        self.asked: list[tuple[Bundle, ...]] = []
        self.left: Bundle = {"CPU": 8.0}
        self.seats: list[Any] = []
        self.is_taken = False

    def names(self, fleet: str) -> list[str]:
        return sorted(name for name in self.actors if name.startswith(f"{fleet}."))

    def free(self) -> Bundle:
        return self.left

    def seat(self, fleet: str) -> Any:
        if self.is_taken:
            return None
        self.seats.append(Actor("seat"))
        return self.seats[-1]

    def begin(self, name: str, takes: Bundle, *args: object) -> Actor:
        self.actors[name] = actor = Actor(name)
        actor.called.append(("made", args))
        return actor

    def find(self, name: str) -> Actor | None:
        return self.actors.get(name)

    def call(self, actor: Actor, method: str, *args: object) -> Any:
        actor.called.append((method, args))
        return (actor, method, len(actor.called))

    def ready(self, promises: Sequence[Any], timeout_s: float) -> list[Any]:
        return [one for one in promises if isinstance(one, tuple) and one[0].answers.get(one[1])]

    def value(self, promise: Any) -> Any:
        actor, method, _ = promise
        answer = actor.answers[method].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self, actor: Actor) -> None:
        self.actors.pop(actor.name, None)

    def ask(self, bundles: Any) -> None:
        self.asked.append(tuple(bundles))


def met(*, is_started: bool = False, is_draining: bool = False) -> dict[str, Any]:
    """What an actor that has a place says."""
    return {"host": "h", "version": "1", "is_started": is_started, "is_draining": is_draining}


class Clock:
    """Goes when it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def office() -> Iterator[Office]:
    """Open until the end."""
    made = Office()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Drive:
    """A driver, step by step."""

    def __init__(self, office: Office, cluster: Played | None = None) -> None:
        self.cluster, self.clock = cluster or Played(), Clock()
        policy = Policy((Bounds("*", 0, 4),), keep_warm_s=60)
        self.fleet = RayFleet("farm", office.url, "wt_secret", self.cluster, policy, clock=self.clock)  # type: ignore[arg-type]
        self.fleet._open()

    def step(self, seconds: float = 1.0) -> None:
        """Time passes; it looks, decides, acts and hears."""
        self.clock.now += seconds
        self.fleet._tick()
        self.fleet._hear(0)

    def one(self) -> Actor:
        """The only actor there is."""
        (actor,) = self.cluster.actors.values()
        return actor

    def running(self, office: Office) -> Actor:
        """One that was started and works."""
        office.in_queue = 1
        self.step()
        actor = self.one()
        actor.answers["hello"] = [met()]
        self.fleet._hear(0)
        office.in_queue, office.at_work = 0, [actor.name]
        self.step()
        return actor


def test_a_name_tells_its_model_and_is_no_other_one(office: Office) -> None:
    """It fits the worker protocol's names, whatever the model is called."""
    for model_id in (MODEL, "Ä ö/ü", "x" * 200, "a/b/c-"):
        name = new_name("farm", model_id)
        assert len(name) <= 80
        assert name.isascii()
        assert is_ours("farm", name)
        assert not is_ours("far", name)
        assert new_name("farm", model_id) != name
    assert not is_ours("farm", "farm.gpu-1")
    assert not is_ours("farm", "farm.studio-0123abcd")


def test_a_worker_is_started_once_it_has_a_place(office: Office) -> None:
    """The token comes with the call that starts it, and with nothing else."""
    drive = Drive(office)
    office.in_queue = 1
    drive.step()
    actor = drive.one()
    assert [method for method, _ in actor.called] == ["made", "hello"]
    assert "wt_secret" not in str(actor.called)
    told = actor.called[0][1][0]
    assert isinstance(told, dict)
    assert (told["MUTOSCOPE_WORKER_MODELS"], told["MUTOSCOPE_WORKER_ENGINES"]) == (MODEL, "testcard,parallax")
    assert float(told["MUTOSCOPE_WORKER_DRAIN_S"]) > 60
    actor.answers["hello"] = [met()]
    drive.step()
    assert [method for method, _ in actor.called] == ["made", "hello", "start", "wait"]
    assert actor.called[2][1] == ("wt_secret",)


def test_a_dead_actor_is_told_of_at_once_and_replaced(office: Office) -> None:
    """One that had lived a while; without waiting for the next look at the queue."""
    drive = Drive(office)
    actor = drive.running(office)
    drive.clock.now += 100
    actor.answers["wait"] = [ActorGone("its node died")]
    drive.cluster.actors.clear()
    drive.fleet._hear(0)
    assert office.lost == [actor.name]
    office.in_queue = 1
    drive.step()
    assert drive.cluster.actors == {}
    drive.step(3)
    assert drive.one().name != actor.name


def test_a_worker_that_fails_at_once_is_started_again_with_pauses(office: Office) -> None:
    """It ends with a code, or cannot be started at all."""
    drive = Drive(office)
    office.in_queue = 1
    made = []
    for _ in range(40):
        drive.step()
        for actor in list(drive.cluster.actors.values()):
            if actor.name not in made:
                made.append(actor.name)
                actor.answers = {"hello": [met()], "wait": [1]}
                if len(made) % 2:
                    actor.answers = {"hello": [met()], "start": ["the GPU is too small"]}
    assert 3 <= len(made) <= 5
    assert set(made) >= set(office.lost)


def test_a_worker_that_went_by_itself_is_no_failure(office: Office) -> None:
    """Somebody sent it SIGTERM: it had handed back what it had."""
    drive = Drive(office)
    actor = drive.running(office)
    office.at_work = []
    actor.answers["wait"] = [0]
    drive.fleet._hear(0)
    assert (drive.cluster.actors, office.lost) == ({}, [])


def test_an_actor_out_of_reach_is_asked_again_before_it_is_given_up(office: Office) -> None:
    """A connection that broke for a moment costs nobody an attempt."""
    drive = Drive(office)
    actor = drive.running(office)
    actor.answers["wait"] = [ActorSilent("a cable")]
    drive.fleet._hear(0)
    drive.step()
    assert actor.called[-1][0] == "hello"
    actor.answers["hello"] = [met(is_started=True)]
    drive.step()
    assert actor.called[-1][0] == "wait"
    drive.step(100)
    assert (office.lost, drive.one()) == ([], actor)
    for _ in range(8):
        actor.answers |= {"wait": [ActorSilent("a cable")], "hello": [ActorSilent("a cable")]}
        drive.step()
    assert (office.lost, drive.cluster.actors) == ([actor.name], {})


def test_an_idle_worker_is_drained_after_a_while_and_never_twice(office: Office) -> None:
    """A second signal would take away what it has."""
    drive = Drive(office)
    actor = drive.running(office)
    drive.step(500)
    assert "drain" not in [method for method, _ in actor.called]
    office.at_work = []
    for _ in range(70):
        drive.step()
    assert [method for method, _ in actor.called].count("drain") == 1
    actor.answers["wait"] = [0]
    drive.step()
    assert (drive.cluster.actors, office.lost) == ({}, [])


def test_the_next_driver_goes_on_with_what_there_is(office: Office) -> None:
    """It starts nothing anew, starts what was only placed, drains once, and hands on what the dead ones had."""
    names = [new_name("farm", MODEL) for _ in range(4)]
    cluster = Played()
    for name in names[:2]:
        cluster.begin(name, {})
    cluster.begin(draining := new_name("farm", MODEL), {})
    cluster.begin("farm.by-hand", {})
    cluster.actors[names[0]].answers = {"hello": [met(is_started=True)]}
    cluster.actors[names[1]].answers = {"hello": [met()]}
    cluster.actors[draining].answers = {"hello": [met(is_started=True, is_draining=True)]}
    office.at_work = [names[0], names[2], "farm.by-hand"]
    drive = Drive(office, cluster)
    for _ in range(3):
        drive.step()
    assert office.lost == [names[2]]
    assert sorted(cluster.actors) == sorted([*names[:2], draining, "farm.by-hand"])
    called = {name: [method for method, _ in actor.called[1:]] for name, actor in cluster.actors.items()}
    assert called[names[0]] == ["hello", "wait"]
    assert called[names[1]] == ["hello", "start", "wait"]
    assert called[draining] == ["hello", "wait"]
    assert called["farm.by-hand"] == []


def test_while_the_server_is_away_everything_stays(office: Office) -> None:
    """It is asked less and less often; who died meanwhile is told of afterwards."""
    drive = Drive(office)
    actor = drive.running(office)
    office.status = 503
    with capture_logs() as logs:
        pauses = [drive.fleet._tick() for _ in range(6)]
        assert drive.one() is actor
        actor.answers["wait"] = [ActorGone("its node died")]
        drive.cluster.actors.clear()
        drive.fleet._hear(0)
        office.status, office.lost, office.at_work = 200, [], [actor.name]
        drive.step()
    assert pauses[-1] > 5 * pauses[0]
    assert office.lost == [actor.name]
    events = [line["event"] for line in logs]
    assert [events.count(name) for name in ("fleet.server_away", "worker.lost_not_told", "fleet.server_back")] == [
        1,
        1,
        1,
    ]


def test_a_fleet_is_taken_down_by_draining_it(office: Office) -> None:
    """It ends once the last worker has; what was never placed just goes."""
    drive = Drive(office)
    actor = drive.running(office)
    next_driver = Drive(office, drive.cluster)
    actor.answers = {"hello": [met(is_started=True)], "drain": [None]}
    threading.Timer(0.3, lambda: actor.answers.update({"wait": [0]})).start()
    next_driver.fleet.stop()
    assert [method for method, _ in actor.called].count("drain") == 1
    assert (drive.cluster.actors, office.lost, drive.cluster.asked[-1]) == ({}, [], ())


def test_a_plan_tells_what_would_be_done_and_does_nothing(office: Office) -> None:
    """Also while another driver has the fleet."""
    cluster = Played()
    cluster.is_taken = True
    placed = cluster.begin(new_name("farm", MODEL), {})
    office.in_queue = 3
    policy = Policy((Bounds("*", 0, 4),))
    plan = RayFleet("farm", office.url, "wt_secret", cluster, policy).plan()  # type: ignore[arg-type]
    assert (plan.start, plan.drain, plan.remove) == ((MODEL, MODEL), (), ())
    assert ([method for method, _ in placed.called], len(cluster.actors), cluster.asked) == (["made"], 1, [])


def test_a_second_driver_waits_and_is_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words that say what to do."""
    monkeypatch.setattr(ray, "SEAT_S", -1.0)
    cluster = Played()
    cluster.is_taken = True
    with pytest.raises(Taken, match="'farm' has a driver on this Ray cluster already; stop that one, or"):
        Drive(office, cluster)


def test_a_seat_out_of_reach_is_kept_and_one_that_is_gone_is_taken_again(office: Office) -> None:
    """Until Ray gives it back nothing is decided, but who dies is told of."""
    drive = Drive(office)
    actor = drive.running(office)
    (seat,) = drive.cluster.seats
    seat.answers["hold"] = [ActorSilent("a cable")]
    drive.fleet._hear(0)
    assert drive.fleet._is_seated()
    assert [method for method, _ in seat.called] == ["hold", "hold"]

    seat.answers["hold"] = [ActorGone("its node died")]
    drive.cluster.is_taken = True
    drive.fleet._hear(0)
    assert not drive.fleet._is_seated()
    actor.answers["wait"] = [ActorGone("its node died")]
    drive.fleet._hear(0)
    assert office.lost == [actor.name]
    drive.cluster.is_taken = False
    assert drive.fleet._is_seated()
    drive.cluster.seats[-1].answers["hold"] = [ActorGone("its node died")]
    drive.cluster.is_taken = True
    drive.fleet._hear(0)
    assert not drive.fleet._is_seated()
    drive.clock.now += 99
    with pytest.raises(Taken):
        drive.fleet._is_seated()


def test_a_driver_that_the_server_refuses_says_so(office: Office) -> None:
    """At the beginning; later the key may be renewed, and what there is stays."""
    drive = Drive(office)
    office.status = 401
    with pytest.raises(Refused, match="refused"):
        drive.fleet.drive()


def test_ray_that_does_not_answer_is_given_up() -> None:
    """Every call has its time."""
    with pytest.raises(RayGone, match=r"did not answer within 0\.05 s \(sleeping\)"):
        bounded(threading.Event().wait, 0.05, what="sleeping")
    assert bounded(lambda: 5, 5, what="counting") == 5
    with pytest.raises(ValueError, match="no"):
        bounded(lambda: int("no"), 5, what="failing")


def test_nothing_of_it_is_an_exit_code_of_a_worker() -> None:
    """Those are -signal to 255."""
    assert NEVER_STARTED < -64


# The command line, without Ray


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing option '--server'"),
        (["--server", "http://x", "--workers", "a=3:1"], "Invalid value for --workers: found 'a=3:1'; accepted is"),
        (["--server", "http://x", "--name", "a.b"], "'a.b': 1 to 24 letters, digits, dashes"),
        (["--server", "http://x", "--label", "a b"], "'a b': 1 to 63 letters"),
        (["--server", "http://x", "--keep-warm-s", "-1"], "-1.0 is not in the range x>=0"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(words: list[str], said: str) -> None:
    """Before anything is connected to."""
    told = CliRunner(env={"MUTOSCOPE_WORKER_TOKEN": "wt_x"}).invoke(program, ["fleet", "ray", *words])
    assert (told.exit_code, said in told.output) == (exits.USAGE, True), told.output


def test_without_a_token_nothing_begins() -> None:
    """And it says where one comes from."""
    env = {"MUTOSCOPE_WORKER_TOKEN": None}
    told = CliRunner(env=env).invoke(program, ["fleet", "ray", "--server", "http://x"])
    assert (told.exit_code, "mutoscope keys create --scope worker" in told.output) == (exits.USAGE, True)


def test_without_the_package_it_is_named(tmp_path: Any) -> None:
    """As is the command that installs it; help needs none of it."""
    code = (
        "import sys; sys.modules['ray'] = None\n"
        "from mutoscope.cli import program\n"
        "program(['fleet', 'ray', '--server', 'http://127.0.0.1:9'])"
    )
    environment = {"MUTOSCOPE_WORKER_TOKEN": "wt_x", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (told.returncode, "pip install 'mutoscope[ray]'" in told.stderr) == (exits.USAGE, True), told.stderr
