"""What a finished request costs: the model's price at the time of the submit, by what was made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from mutoscope.catalog import Model
from mutoscope.store.values import Charge


def charge(
    model: Model,
    inputs: Mapping[str, Any],
    metadata: Mapping[str, Any],
    *,
    outputs: int,
    base_price_usd: float | None = None,
) -> Charge:
    """The units of a request and their price.

    metadata         what the worker told of what it made: length and working time.
    base_price_usd   of one unit, where it is not the model's of today.
    """
    if base_price_usd is not None:  # what was quoted is what is charged
        model = dataclasses.replace(model, price=dataclasses.replace(model.price, base_price_usd=base_price_usd))
    duration_s = metadata.get("media", {}).get("duration_s")
    if model.price.is_of_work or model.produces == "files":  # charged for the work, not for what it made
        duration_s = metadata.get("timings", {}).get("engine_s", 0.0)
    quantity = model.price.quantity(inputs, outputs=outputs, duration_s=duration_s)
    return Charge(quantity, model.price.unit, model.price_microusd(inputs, outputs=outputs, duration_s=duration_s))
