"""What a request costs, as its manifest says."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutoscope.catalog.formula import parse_formula
from mutoscope.errors import ConfigError, InvalidInput
from tests.unit.manifests import changed, the_model


@pytest.mark.parametrize(
    ("price", "inputs", "outputs", "duration_s", "microusd"),
    [
        ("{base_price_usd: 0.1, formula: duration * 2}", {"duration": 5}, 1, None, 1_000_000),
        ("{base_price_usd: 0.1, formula: duration * 2}", {"duration": 5}, 1, 60.0, 1_000_000),
        ("{base_price_usd: 0.15}", {"duration": 5}, 1, None, 750_000),
        ("{base_price_usd: 0.15}", {"duration": "5"}, 1, None, 750_000),
        ("{base_price_usd: 0.15}", {"duration": 5}, 1, 10.0, 1_500_000),
        ("{base_price_usd: 0.15}", {"duration": "auto"}, 1, None, 0),
        ("{base_price_usd: 0.15}", {}, 1, None, 0),
        ("{base_price_usd: 0.04, unit: output}", {"duration": 5}, 4, None, 160_000),
        ("{base_price_usd: 0.1, formula: length / 5}", {"length": "10"}, 1, None, 200_000),
        ("{base_price_usd: 1, formula: 'min(max(duration, 3), 8)'}", {"duration": 100}, 1, None, 8_000_000),
        ("{base_price_usd: 1, formula: '-(2 - duration) * 1.5'}", {"duration": 4}, 1, None, 3_000_000),
    ],
)
def test_a_request_is_priced_from_its_inputs(
    tmp_path: Path,
    price: str,
    inputs: dict[str, object],
    outputs: int,
    duration_s: float | None,
    microusd: int,
) -> None:
    """By formula, by seconds, or by the number of outputs; in whole millionths of a dollar."""
    model = the_model(tmp_path, changed(("output:", f"price: {price}\noutput:")))

    assert model.price_microusd(inputs, outputs, duration_s) == microusd


@pytest.mark.parametrize("inputs", [{"n": 0}, {"n": "x"}, {"n": -1}, {"n": 1e-320}, {}])
def test_an_input_that_gives_no_price_is_refused(inputs: dict[str, object]) -> None:
    """A division by zero is the caller's input, not a crash of the server."""
    with pytest.raises(InvalidInput, match="the price of this input"):
        parse_formula("1 / n").evaluate(inputs)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "frames /",
        "__import__('os').system('x')",
        "frames.real",
        "frames[0]",
        "frames if frames else 1",
        "[frames]",
        "frames // 2",
        "9 ** 9 ** 9",
        "lambda: 1",
        "'a' * 3",
        "True",
        "max()",
        "abs(1)",
        "min(*frames)",
        "(" * 100 + ")" * 100,
        "1 +" * 100 + "1",
    ],
)
def test_what_is_more_than_arithmetic_is_no_formula(text: str) -> None:
    """Nothing is evaluated; what is not on the short list is refused when the manifest is loaded."""
    with pytest.raises(ConfigError):
        parse_formula(text)
