"""Usage: the rows, their sums, and the same as files for other programs."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from mutoscope.server import focus
from mutoscope.store.usage import Usage
from tests.conftest import LiveServer
from tests.http.calls import PRICED, STILL, TESTCARD, assert_error, completed, finished, submit

COLUMNS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "unit" / "data" / "focus-1.2.json").read_text("utf-8")
)
"""Every column of the specification's datasets, version 1.2: its type, whether it may be empty, what it may hold."""
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    """A CSV file as it was sent."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="mutoscope-')
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture(scope="module")
def used(studio: LiveServer) -> LiveServer:
    """Three models were run, by two keys of an account of its own; one run failed and one was stopped."""
    with studio.client() as owner:
        wanted = {"name": "first key", "account": "usage", "scopes": ["run", "read", "admin"]}
        studio = replace(studio, api_key=owner.post("/v1/keys", json=wanted).json()["key"])
    with studio.client() as artist:
        for prompt in ("one", "two"):
            completed(artist, PRICED, prompt=prompt)
        key = artist.post("/v1/keys", json={"name": '=HYPERLINK("x")'}).json()["key"]
        finished(artist, submit(artist, TESTCARD, fail="error"))
    with studio.client(key) as other:
        completed(other, PRICED, prompt="three")
        completed(other, STILL, prompt="four", num_images=3)
    return studio


@pytest.mark.slow
def test_sums_are_those_of_the_rows(used: LiveServer) -> None:
    """Each day, model and key once; the total is that of the list, and of the file."""
    with used.client() as artist:
        told = artist.get("/v1/usage/summary").json()
        listed = artist.get("/v1/usage", params={"limit": "1000"}).json()
        sheet = rows_of(artist.get("/v1/usage/export.csv"))
        cost = rows_of(artist.get("/v1/usage/focus.csv"))
    assert told["total_usd"] == pytest.approx(listed["total_usd"]) == pytest.approx(0.45)
    assert sum(Decimal(row["cost_usd"]) for row in sheet) == Decimal(str(told["total_usd"]))
    assert sum(Decimal(row["BilledCost"]) for row in cost) == Decimal(str(told["total_usd"]))
    assert told["requests"] == len(listed["usage"]) == len(sheet)
    assert [row["request_id"] for row in sheet] == [row["request_id"] for row in listed["usage"]]
    priced = [day for day in told["days"] if day["model_id"] == PRICED]
    assert sorted(day["requests"] for day in priced) == [1, 2]
    assert {day["unit"] for day in priced} == {"second"}
    (still,) = [day for day in told["days"] if day["model_id"] == STILL]
    assert (still["charged"], still["quantity"], still["unit"], still["cost_usd"]) == (1, 3, "output", 0)
    (card,) = [day for day in told["days"] if day["model_id"] == TESTCARD]
    assert (card["requests"], card["charged"], card["quantity"]) == (1, 0, 0)


@pytest.mark.slow
def test_rows_come_page_by_page(used: LiveServer) -> None:
    """All of them once, in the order of one long page."""
    with used.client() as artist:
        whole = artist.get("/v1/usage").json()["usage"]
        seen: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = artist.get("/v1/usage", params={"limit": "2", "cursor": cursor}).json()
            seen += page["usage"]
            cursor = page["next_cursor"]
    assert seen == whole


@pytest.mark.slow
def test_the_focus_file_keeps_to_the_specification(used: LiveServer) -> None:
    """Its columns, their types, what may be empty, and what it says of prices and times."""
    with used.client() as artist:
        answer = artist.get("/v1/usage/focus.csv")
        charged = [row for row in artist.get("/v1/usage").json()["usage"] if row["state"] == "charged"]
    assert answer.text.splitlines()[0].split(",") == list(focus.COLUMNS)
    rows = rows_of(answer)
    assert [row["ResourceId"] for row in rows] == [row["request_id"] for row in charged]
    for row in rows:
        for name, rule in COLUMNS.items():
            fits(row[name], **rule)
        assert row["ChargePeriodStart"] < row["ChargePeriodEnd"]
        assert row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["BillingPeriodEnd"]
        assert len({row[name] for name in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")}) == 1
        product = Decimal(row["ListUnitPrice"]) * Decimal(row["PricingQuantity"])
        assert math.isclose(product, Decimal(row["ListCost"]), abs_tol=5e-7)
    assert {row["ListUnitPrice"] for row in rows if row["SkuId"] == PRICED} == {"0.15"}
    assert {row["SubAccountName"] for row in rows} == {"first key", '\'=HYPERLINK("x")'}


def fits(value: str, *, type: str, nulls: bool, values: list[str]) -> None:
    """Raises AssertionError unless a cell may hold this."""
    if value == "":
        assert nulls
        return
    assert not values or value in values
    match type:
        case "Decimal":
            assert re.fullmatch(r"-?\d+(\.\d+)?", value)
        case "Date/Time":
            assert INSTANT.fullmatch(value)
        case "JSON":
            assert isinstance(json.loads(value), dict)
        case _:
            assert type == "String"


def test_the_columns_are_those_of_the_specification() -> None:
    """All 57, in the order of its chapters."""
    assert list(focus.COLUMNS) == list(COLUMNS)
    assert len(COLUMNS) == 57


@pytest.mark.parametrize(
    ("cost", "quantity", "price"),
    [
        ("0.75625", "5.041666666666667", "0.15"),
        ("0", "3", "0"),
        ("0.000001", "3", "0.0000003"),
        ("1", "3", "0.3333333"),
    ],
)
def test_a_unit_price_is_the_shortest_that_makes_the_cost(cost: str, quantity: str, price: str) -> None:
    """0.15 and not 0.14999999."""
    assert focus.unit_price(Decimal(cost), Decimal(quantity)) == Decimal(price)


def test_numbers_have_no_exponent() -> None:
    """Spreadsheets and the specification's number format agree on few things; this is one."""
    payer = focus.Payer("a", "b", {})
    row = focus.row(Usage("r", "m", "k", 0, "charged", 1e-05, "second", 1), payer)
    assert row[focus.COLUMNS.index("PricingQuantity")] == "0.00001"
    assert row[focus.COLUMNS.index("BilledCost")] == "0.000001"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/v1/usage/summary", "/v1/usage/export.csv", "/v1/usage/focus.csv"])
def test_times_that_make_no_sense_are_refused(studio: LiveServer, path: str) -> None:
    """With the parameter's name; a summary is at most of 400 days."""
    with studio.client() as artist:
        assert_error(artist.get(path, params={"from": "tomorrow"}), 422, 422003)
        empty = artist.get(path, params={"from": "2026-02-01", "to": "2026-01-01"})
        long = artist.get(path, params={"from": "2020-01-01", "to": "2026-01-01"})
    assert (empty.json()["days"] == []) if path.endswith("summary") else (len(empty.text.splitlines()) == 1)
    assert long.status_code == (422 if path.endswith("summary") else 200)
