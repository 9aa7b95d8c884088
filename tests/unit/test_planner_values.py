"""The plan as JSON: what is read back, what may be left out, what is refused and how it is said."""

from __future__ import annotations

from typing import Any

import pytest

from mutoscope.engines.parallax.shots import CAMERA, EFFECTS, Effect, Move, Plan, Shot


def test_a_plan_reads_back_as_it_was_written() -> None:
    """Through plain JSON values and nothing else."""
    plan = Plan(
        (
            Shot(0.0, 0.4, (Move("pan_left", 0.5), Move("handheld")), (Effect("rain", 1.6),), "in"),
            Shot(0.4, 1.0, (Move("dolly_in"),), (), "out", is_cut=True),
        ),
        ("camera: slow pan to the left",),
        ("object motion: a car glides",),
        "prompt",
    )

    assert Plan.from_json(plan.to_json()) == plan


def test_only_the_shots_are_required() -> None:
    """Names alone will do; times are shared out evenly."""
    plan = Plan.from_json({"shots": [{"moves": ["pan_left"]}, {"effects": ["rain"]}]})

    assert plan.source == "given"
    assert plan.shots == (
        Shot(0.0, 0.5, (Move("pan_left"),)),
        Shot(0.5, 1.0, (), (Effect("rain"),)),
    )


def test_times_that_are_left_out_lie_between_those_given() -> None:
    """One end in the middle settles both its neighbours."""
    plan = Plan.from_json({"shots": [{}, {"end": 0.8}, {}]})

    assert [shot.end for shot in plan.shots] == [0.4, 0.8, 1.0]


def test_every_name_is_accepted() -> None:
    """Both closed lists, in one shot each."""
    for name in CAMERA:
        assert Plan.from_json({"shots": [{"moves": [name]}]}).shots[0].moves == (Move(name),)
    everything = Plan.from_json({"shots": [{"effects": list(EFFECTS)}]})
    assert len(everything.shots[0].effects) == len(EFFECTS)


def shot(**fields: Any) -> dict[str, Any]:
    return {"shots": [fields]}


@pytest.mark.parametrize(
    ("data", "path", "found", "accepted"),
    [
        (3, "plan", "a number", "an object with shots"),
        (None, "plan", "nothing", "an object"),
        ({}, "shots", "nothing", "a list"),
        ({"shots": []}, "shots", "an empty list", "1 to 8 shots"),
        ({"shots": [{}] * 9}, "shots", "9 entries", "at most 8"),
        ({"shots": [7]}, "shots[0]", "a number", "an object"),
        ({"shots": [{}], "speed": 2}, "plan", "'speed'", "applied, ignored, source"),
        (shot(move="x"), "shots[0]", "'move'", "moves"),
        (shot(moves="pan_left"), "shots[0].moves", "a text", "a list"),
        (shot(moves=["pan_lef"]), "shots[0].moves[0].name", "'pan_lef'", "did you mean pan_left"),
        (shot(moves=[{"strength": 1}]), "shots[0].moves[0].name", "nothing", "pan_left"),
        (shot(moves=[{"name": "pan_left", "speed": 1}]), "shots[0].moves[0]", "'speed'", "name, strength"),
        (shot(moves=["pan_left", "pan_left"]), "shots[0].moves[1].name", "again", "once"),
        (shot(moves=[{"name": "pan_left", "strength": 3}]), "shots[0].moves[0].strength", "3", "0.25 to 2"),
        (shot(moves=[{"name": "pan_left", "strength": True}]), "strength", "true or false", "a number"),
        (shot(moves=[{"name": "pan_left", "strength": float("nan")}]), "strength", "nan", "a number"),
        (shot(moves=[{"name": "pan_left", "strength": 10**400}]), "strength", "far outside", "a number"),
        (shot(effects=["drizzle"]), "shots[0].effects[0].name", "'drizzle'", "rain"),
        (shot(ease="quick"), "shots[0].ease", "'quick'", "smooth, linear, in, out"),
        (shot(is_cut=1), "shots[0].is_cut", "a number", "true or false"),
        (shot(start=0.2), "shots[0].start", "0.2", "0"),
        (shot(end=0.7), "shots[0].end", "0.7", "1"),
        (shot(start="0"), "shots[0].start", "a text", "a number from 0 to 1"),
        ({"shots": [{"end": 0.6}, {"start": 0.5}]}, "shots[1].start", "0.5", "0.6"),
        ({"shots": [{"end": 0.6}, {"end": 0.6}, {}]}, "shots[1].end", "0.6", "after 0.6"),
        ({"shots": [{}], "source": "me"}, "source", "'me'", "given"),
        ({"shots": [{}], "applied": [1]}, "applied[0]", "a number", "a text"),
    ],
)
def test_a_bad_plan_is_refused_with_path_finding_and_remedy(data: object, path: str, found: str, accepted: str) -> None:
    """The caller wrote it by hand and shall find the place."""
    with pytest.raises(ValueError, match="found") as refused:
        Plan.from_json(data)

    where, _, rest = str(refused.value).partition(": found ")
    what, _, remedy = rest.partition("; accepted: ")
    assert where.endswith(path)
    assert found in what
    assert accepted in remedy
