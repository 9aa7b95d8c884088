"""What a fleet on a cluster decides, from what it is told at a moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mutoscope.errors import ConfigError
from mutoscope.fleet.scaling import (
    AGAIN_FIRST_S,
    AGAIN_MOST_S,
    UNPLACED_S,
    Bounds,
    Decision,
    Failures,
    Line,
    Policy,
    Worker,
    bounds,
    decide,
)

NOW = 10_000.0
CORE = {"CPU": 1.0}
GPU = {"CPU": 1.0, "GPU": 1.0}
PLENTY = {"CPU": 64.0, "GPU": 8.0}
POLICY = Policy((Bounds("*", 0, 4),), keep_warm_s=300, target_wait_s=30)


def line(model_id: str = "a", in_queue: int = 0, oldest_s: float = 0.0, **more: object) -> Line:
    """Of a model that takes a core."""
    return replace(Line(model_id, ("testcard",), in_queue, oldest_s, CORE), **more)  # type: ignore[arg-type]


def worker(name: str, model_id: str = "a", *, idle_s: float = 0.0, **more: object) -> Worker:
    """That runs and has nothing to do."""
    return replace(Worker(name, model_id, "running", CORE, NOW - idle_s), **more)  # type: ignore[arg-type]


def least(count: int, most: int = 4) -> Policy:
    """So many at least, of every model."""
    return replace(POLICY, bounds=(Bounds("*", count, most),))


# More


def test_nothing_is_done_when_nothing_waits() -> None:
    """From zero, and to zero."""
    assert decide([line()], [], POLICY, NOW, free=PLENTY) == Decision()
    assert decide([], [], POLICY, NOW, free=PLENTY) == Decision()


@pytest.mark.parametrize(("waiting", "started"), [(1, 1), (3, 3), (4, 4), (5, 4), (900, 4)])
def test_what_waits_gets_a_worker_each_up_to_the_most(waiting: int, started: int) -> None:
    """At once, also when it waits for an instant only: the age matters where there is no room."""
    assert decide([line(in_queue=waiting)], [], POLICY, NOW, free=PLENTY) == Decision(start=("a",) * started)


def test_idle_workers_and_those_on_their_way_count() -> None:
    """They take what waits; those at work do not, nor those that drain."""
    there = [worker("1"), worker("2", phase="placing"), worker("3", is_busy=True), worker("4", phase="draining")]
    assert decide([line(in_queue=2)], there, POLICY, NOW, free=PLENTY).start == ()
    assert decide([line(in_queue=3)], there, POLICY, NOW, free=PLENTY).start == ("a",)
    assert decide([line(in_queue=9)], there, POLICY, NOW, free=PLENTY).start == ("a",)


def test_there_are_at_least_the_least() -> None:
    """Without anything that waits."""
    assert decide([line()], [worker("1")], least(3), NOW, free=PLENTY).start == ("a", "a")
    assert decide([line()], [worker("1", phase="draining")], least(1), NOW, free=PLENTY).start == ("a",)


def test_a_model_whose_workers_fail_is_held_back() -> None:
    """Others are not."""
    lines = [line("a", in_queue=1), line("b", in_queue=1)]
    assert decide(lines, [], POLICY, NOW, free=PLENTY, held_back={"a"}).start == ("b",)
    assert decide([line(in_queue=1, oldest_s=99)], [], POLICY, NOW, free={}, held_back={"a"}).ask == ()


# Which models


def test_the_first_pattern_that_fits_holds_and_what_fits_none_is_not_ours() -> None:
    """Nor what needs a label that our workers do not have."""
    policy = replace(POLICY, bounds=(Bounds("acme/big", 0, 1), Bounds("acme/*", 0, 2)), labels=frozenset({"nvme"}))
    lines = [line(name, in_queue=9) for name in ("acme/big", "acme/small", "other")]
    lines += [line("acme/x", in_queue=1, labels=frozenset({"nvlink"}))]
    lines += [line("acme/y", in_queue=1, labels=frozenset({"nvme"}))]
    assert sorted(decide(lines, [], policy, NOW, free=PLENTY).start) == [
        "acme/big", "acme/small", "acme/small", "acme/y",
    ]  # fmt: skip


def test_workers_of_a_model_that_is_gone_are_drained() -> None:
    """It was switched off, or the operator gave it to nobody. What it has, a worker finishes."""
    there = [worker("1"), worker("2", is_busy=True), worker("3", phase="placing"), worker("4", phase="draining")]
    gone = Decision(drain=("1", "2"), remove=("3",))
    assert decide([line("b")], there, POLICY, NOW, free=PLENTY) == gone
    assert decide([line("a")], there, replace(POLICY, bounds=(Bounds("b", 0, 4),)), NOW, free=PLENTY) == gone


# Room


def test_no_more_are_started_than_have_room() -> None:
    """Those that are being placed have taken theirs already."""
    few = {"CPU": 2.0}
    assert decide([line(in_queue=4)], [], POLICY, NOW, free=few).start == ("a", "a")
    placing = [worker("1", phase="placing")]
    assert decide([line(in_queue=4)], placing, POLICY, NOW, free=few).start == ("a",)


def test_fractions_add_up_to_a_whole() -> None:
    """Three thirds, as Ray counts them."""
    third = {"GPU": 0.3333}
    assert decide([line(in_queue=4, takes=third)], [], POLICY, NOW, free={"GPU": 0.9999}).start == ("a",) * 3


def test_who_waits_longest_gets_the_room() -> None:
    """But a model below its least comes before."""
    lines = [line("a", in_queue=1, oldest_s=5), line("b", in_queue=1, oldest_s=9), line("c")]
    assert decide(lines, [], POLICY, NOW, free=CORE).start == ("b",)
    policy = replace(POLICY, bounds=(Bounds("c", 1, 1), Bounds("*", 0, 4)))
    assert decide(lines, [], policy, NOW, free=CORE).start == ("c",)


def test_a_model_that_has_no_room_keeps_none_from_another() -> None:
    """The GPU is away; the cores are there."""
    lines = [line("a", in_queue=1, oldest_s=9, takes=GPU), line("b", in_queue=1)]
    assert decide(lines, [], POLICY, NOW, free=CORE).start == ("b",)


def test_more_is_asked_for_when_it_waits_too_long() -> None:
    """In all: what there is, what is started now, and what has no room."""
    there = [worker("1", is_busy=True), worker("2", is_busy=True, takes=GPU, model_id="b")]
    lines = [line(in_queue=3, oldest_s=30), line("b")]
    assert decide(lines, there, POLICY, NOW, free=CORE).ask == ()
    lines = [line(in_queue=3, oldest_s=30.1), line("b")]
    told = decide(lines, there, POLICY, NOW, free=CORE)
    assert told.start == ("a",)
    assert told.ask == (CORE, GPU, CORE, CORE, CORE)


def test_for_the_least_more_is_asked_at_once() -> None:
    """Nobody has to wait first. Once there is room nothing is asked any more: what is used stays."""
    assert decide([line()], [], least(2), NOW, free=CORE) == Decision(start=("a",), ask=(CORE, CORE))
    assert decide([line()], [worker("1")], least(2), NOW, free=CORE) == Decision(start=("a",))
    assert decide([line()], [worker("1"), worker("2")], least(2), NOW, free={}) == Decision()


def test_an_idle_worker_makes_room_for_what_waits_too_long() -> None:
    """The one that is idle longest, and no more than are needed."""
    there = [worker("1", "b", idle_s=5, takes=GPU), worker("2", "b", idle_s=9, takes=GPU), worker("3", "b", takes=CORE)]
    lines = [line("a", in_queue=1, oldest_s=40, takes=GPU), line("b")]
    assert decide(lines, there, POLICY, NOW, free={"CPU": 9.0}).drain == ("2",)
    assert decide([replace(lines[0], oldest_s=20), lines[1]], there, POLICY, NOW, free={"CPU": 9.0}).drain == ()
    assert decide([lines[0], line("b", in_queue=1)], there, POLICY, NOW, free={"CPU": 9.0}).drain == ()
    assert (
        decide(lines, there, replace(least(3), bounds=(Bounds("b", 3, 4), Bounds("*", 0, 4))), NOW, free={}).drain == ()
    )


def test_nobody_else_goes_while_the_first_one_goes() -> None:
    """Its place is on its way."""
    there = [worker("1", "b", phase="draining", takes=GPU), worker("2", "b", takes=GPU)]
    lines = [line("a", in_queue=1, oldest_s=40, takes=GPU), line("b")]
    assert decide(lines, there, POLICY, NOW, free={"CPU": 9.0}).drain == ()
    lines[0] = replace(lines[0], in_queue=2)
    assert decide(lines, there, POLICY, NOW, free={"CPU": 9.0}).drain == ("2",)


def test_nobody_goes_in_vain() -> None:
    """A core more does not help who needs a GPU, nor one GPU who needs two."""
    there = [worker("1", "b", takes=CORE), worker("2", "b", takes=GPU)]
    lines = [line("a", in_queue=1, oldest_s=40, takes={"GPU": 2.0}), line("b")]
    assert decide(lines, there, POLICY, NOW, free={}).drain == ()
    assert decide(lines, there, POLICY, NOW, free={"GPU": 1.0}).drain == ("2",)


def test_several_go_where_one_is_not_enough() -> None:
    """Two halves make one."""
    half = {"GPU": 0.5}
    there = [worker("1", "b", idle_s=3, takes=half), worker("2", "b", takes=half)]
    lines = [line("a", in_queue=1, oldest_s=40, takes={"GPU": 1.0}), line("b")]
    assert decide(lines, there, POLICY, NOW, free={}).drain == ("1", "2")


# Fewer


def test_an_idle_worker_stays_warm_and_then_goes() -> None:
    """The least stay for good."""
    there = [worker("1", idle_s=299), worker("2", idle_s=300), worker("3", idle_s=301)]
    assert decide([line()], there, POLICY, NOW, free=PLENTY) == Decision(drain=("3", "2"))
    assert decide([line()], there, least(2), NOW, free=PLENTY) == Decision(drain=("3",))
    assert decide([line()], there, least(3), NOW, free=PLENTY) == Decision()


def test_an_idle_worker_stays_for_what_waits() -> None:
    """Long idle or not: it is about to take it."""
    there = [worker("1", idle_s=999), worker("2", idle_s=999)]
    assert decide([line(in_queue=1)], there, POLICY, NOW, free=PLENTY) == Decision(drain=("1",))
    assert decide([line(in_queue=2)], there, POLICY, NOW, free=PLENTY) == Decision()


def test_who_works_stays() -> None:
    """Whenever it was seen to be needed last."""
    there = [worker("1", idle_s=999, is_busy=True), worker("2", idle_s=999)]
    assert decide([line()], there, POLICY, NOW, free=PLENTY) == Decision(drain=("2",))


def test_what_is_beyond_the_most_goes_at_once() -> None:
    """The operator made it smaller: idle ones first, then those at work, which finish what they have."""
    there = [worker("1", is_busy=True), worker("2"), worker("3", phase="placing"), worker("4", is_busy=True)]
    assert decide([line(in_queue=9)], there, least(0, 3), NOW, free=PLENTY) == Decision(remove=("3",))
    assert decide([line(in_queue=9)], there, least(0, 2), NOW, free=PLENTY) == Decision(drain=("2",), remove=("3",))
    told = decide([line(in_queue=9)], there, least(0, 0), NOW, free=PLENTY)
    assert (sorted(told.drain), told.remove) == (["1", "2", "4"], ("3",))


def test_a_worker_that_the_cluster_never_placed_is_removed() -> None:
    """The request was cancelled; a new machine need not come for nobody."""
    for age_s, gone in ((UNPLACED_S - 1, ()), (UNPLACED_S, ("1",))):
        there = [worker("1", phase="placing", idle_s=age_s)]
        assert decide([line()], there, POLICY, NOW, free=PLENTY).remove == gone
        assert decide([line(in_queue=1)], there, POLICY, NOW, free=PLENTY) == Decision()


def test_a_day_of_a_model_from_zero_to_zero() -> None:
    """Step by step, with what was decided before."""
    assert decide([line(in_queue=2)], [], POLICY, NOW, free=CORE).start == ("a",)
    busy = [worker("1", is_busy=True)]
    assert decide([line(in_queue=1, oldest_s=8)], busy, POLICY, NOW, free={}) == Decision()
    assert decide([line(in_queue=1, oldest_s=31)], busy, POLICY, NOW, free={}).ask == (CORE, CORE)
    assert decide([line(in_queue=1, oldest_s=60)], busy, POLICY, NOW, free=CORE) == Decision(start=("a",))
    two = [worker("1", idle_s=400), worker("2", is_busy=True)]
    assert decide([line()], two, POLICY, NOW, free={}) == Decision(drain=("1",))
    assert decide([line()], [worker("2", idle_s=400)], POLICY, NOW, free=CORE) == Decision(drain=("2",))


# Failures


def test_a_model_that_fails_is_tried_again_less_and_less_often() -> None:
    """Up to a limit; other models are not concerned."""
    failures, now = Failures(), NOW
    pauses = []
    for _ in range(9):
        pauses.append(failures.note("a", lived_s=1, now=now))
        assert failures.held_back(now) == {"a"}
        now += pauses[-1]
        assert failures.held_back(now) == frozenset()
    assert pauses[:3] == [AGAIN_FIRST_S, AGAIN_FIRST_S * 2, AGAIN_FIRST_S * 4]
    assert pauses[-2:] == [AGAIN_MOST_S, AGAIN_MOST_S]


def test_a_worker_that_lived_for_a_while_is_started_again_soon() -> None:
    """It was sound."""
    failures = Failures()
    for n in range(5):
        failures.note("a", lived_s=1, now=NOW + 1000 * n)
    assert failures.note("a", lived_s=31, now=NOW + 9000) == AGAIN_FIRST_S


def test_workers_that_fail_together_count_once() -> None:
    """Four of one model with the same mistake."""
    failures = Failures()
    pauses = [failures.note("a", lived_s=1, now=NOW + n / 10) for n in range(4)]
    assert pauses == pytest.approx([AGAIN_FIRST_S, AGAIN_FIRST_S - 0.1, AGAIN_FIRST_S - 0.2, AGAIN_FIRST_S - 0.3])
    assert failures.note("a", lived_s=1, now=NOW + AGAIN_FIRST_S) == AGAIN_FIRST_S * 2


# The option


def test_bounds_are_read() -> None:
    """The pattern may hold whatever an id may."""
    assert bounds("acme/*=0:4") == Bounds("acme/*", 0, 4)
    assert bounds("old model/x=2:2") == Bounds("old model/x", 2, 2)


@pytest.mark.parametrize("text", ["", "a", "a=1", "=0:1", "a=2:1", "a=-1:1", "a=0:1001", "a=x:1", "a=0:1:2", "a=0:"])
def test_bounds_that_mean_nothing_are_refused(text: str) -> None:
    """With what was found and what is accepted."""
    with pytest.raises(ConfigError, match=r"accepted is MODEL=MIN:MAX"):
        bounds(text)
