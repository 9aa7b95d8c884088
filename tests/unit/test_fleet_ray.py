"""The driver of a fleet on Ray, against a cluster that is played and a real server that is played, too."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from mutoscope.fleet import ray
from mutoscope.fleet.cluster import ActorGone, ActorSilent, RayGone, bounded
from mutoscope.fleet.names import new_name
from mutoscope.fleet.ray import RayFleet, Taken
from mutoscope.fleet.scaling import Bounds, Policy
from mutoscope.link import Refused
from tests.unit.played_ray import MODEL, Drive, Office, Played, met


@pytest.fixture
def office() -> Iterator[Office]:
    """Open until the end."""
    made = Office()
    yield made
    made.server.shutdown()
    made.server.server_close()


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
