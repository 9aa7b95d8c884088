"""How a wait is worked out, in numbers that can be checked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from mutoscope.catalog import Catalog, Model
from mutoscope.errors import InvalidInput
from mutoscope.quote import price, run_time, waiting_time
from mutoscope.store.history import MOST_AHEAD, Outlook, PastRun
from tests.conftest import REFERENCE_MODEL

OTHER = "mutoscope/testcard"


@pytest.fixture(scope="module")
def model() -> Model:
    return Catalog.load().get(REFERENCE_MODEL)


def runs(*seconds: float, quantity: float = 5.0) -> list[PastRun]:
    return [PastRun(run_s, quantity) for run_s in seconds]


@pytest.mark.parametrize(
    ("ahead", "others", "running", "workers", "expected_s"),
    [
        (0, {}, [], 1, 0.0),
        (0, {}, [REFERENCE_MODEL], 2, 0.0),
        (0, {}, [REFERENCE_MODEL], 1, 6.0),
        (3, {}, [], 1, 30.0),
        (3, {}, [], 2, 10.0),
        (4, {}, [REFERENCE_MODEL], 2, 20.0),
        (1, {OTHER: 2}, [], 1, 12.0),
        (1, {}, [REFERENCE_MODEL, OTHER], 2, 6.0),
    ],
)
def test_a_wait_is_what_the_workers_still_have_to_do(
    model: Model, ahead: int, others: dict[str, int], running: list[str], workers: int, expected_s: float
) -> None:
    """Runs of the model take 10 s, of the other 1 s; each that runs has run for 4 s."""
    history = {REFERENCE_MODEL: runs(9, 10, 11), OTHER: runs(1)}
    outlook = Outlook(ahead, others, [(name, 4.0) for name in running])
    told = waiting_time(model, outlook, history, workers=workers)
    assert told.expected_s == pytest.approx(expected_s)
    assert told.reason is None


@pytest.mark.parametrize(
    ("outlook", "workers", "reason"),
    [
        (Outlook(0, {}, []), 0, "no worker that can run the engine parallax is connected"),
        (Outlook(1, {OTHER: 1}, []), 1, f"requests of {OTHER} come first, and none was completed here lately"),
        (Outlook(MOST_AHEAD, {}, []), 1, "more than 1000 requests are waiting"),
    ],
)
def test_what_cannot_be_known_is_said(model: Model, outlook: Outlook, workers: int, reason: str) -> None:
    """None and a reason, instead of a number that means nothing."""
    told = waiting_time(model, outlook, {REFERENCE_MODEL: runs(10)}, workers=workers)
    assert told.expected_s is None
    assert told.reason == reason


def test_runs_of_the_same_size_speak_for_this_one() -> None:
    """Five seconds of video take half as long as ten."""
    past = [*runs(10, 11, 12, quantity=5.0), *runs(20, 22, 24, quantity=10.0)]
    five, ten, other = run_time(past, 5.0), run_time(past, 10.0), run_time(past, 7.0)
    assert (five.expected_s, five.p90_s, five.same_quantity) == (11, 12, True)
    assert (ten.expected_s, ten.runs) == (22, 3)
    assert (other.expected_s, other.same_quantity) == (16, False)


def test_nine_of_ten_runs_kept_to_the_ninetieth() -> None:
    """By rank: nothing is invented between two runs."""
    assert run_time(runs(*range(1, 11)), None).p90_s == 9
    assert run_time(runs(7), None).p90_s == 7


def test_a_price_is_the_formula_on_the_filled_in_inputs(model: Model) -> None:
    """121 frames are 5.04 seconds; two hundred years of frames are a price too, and no crash."""
    inputs: dict[str, Any] = {"frames": 121}
    told = price(model, inputs)
    assert told.quantity == pytest.approx(121 / 24)
    assert told.microusd == 0
    assert told.words.startswith("5.04167 seconds (frames / 24) x 0 USD")
    with pytest.raises(InvalidInput):
        price(model, {"frames": None})
