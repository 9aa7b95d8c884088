"""One table of cases, and the two who must agree on it: the server's rules in Python, the pages' in JavaScript."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import playwright
import pytest

from mutoscope import intake
from mutoscope.errors import InvalidInput
from mutoscope.media.probe import MediaInfo
from mutoscope.schema import MediaField, Validator

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "web" / "cases.json"
RULES = ROOT / "src" / "mutoscope" / "web" / "static" / "rules.js"
NODE = Path(playwright.__file__).parent / "driver" / "node"
"""The JavaScript engine that Playwright brings along."""

TABLE: dict[str, Any] = json.loads(CASES.read_text("utf-8"))
SCRIPT = """
import { readFileSync } from "node:fs";
const { problemsOf, brokenRules } = await import(process.argv[2]);
const { schema, media } = JSON.parse(readFileSync(process.argv[3], "utf8"));
const told = {
  schema: schema.map((item) => problemsOf(item.value, item.schema)),
  media: media.map((item) => brokenRules(item.info, item)),
};
console.log(JSON.stringify(told));
"""


def by_place(problems: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    """In an order that does not depend on who found them."""
    return sorted((problem.get("path", ""), problem["rule"], problem["message"]) for problem in problems)


@pytest.fixture(scope="module")
def from_script(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[dict[str, str]]]]:
    """What the pages' rules say of every case."""
    script = tmp_path_factory.mktemp("rules") / "run.mjs"
    script.write_text(SCRIPT, "utf-8")
    ran = subprocess.run([NODE, script, RULES.as_uri(), CASES], capture_output=True, text=True, check=True)
    told: dict[str, list[list[dict[str, str]]]] = json.loads(ran.stdout)
    return told


@pytest.mark.parametrize("case", TABLE["schema"], ids=lambda case: case["name"])
def test_the_server_finds_these_problems_in_a_value(case: dict[str, Any]) -> None:
    """By the compiled schema."""
    found: list[dict[str, str]] = []
    try:
        Validator(case["schema"]).check(case["value"])
    except InvalidInput as exc:
        found = exc.detail
    assert by_place(found) == by_place(case["problems"])


@pytest.mark.parametrize("case", TABLE["media"], ids=lambda case: case["name"])
def test_the_server_finds_these_rules_broken_by_a_file(case: dict[str, Any]) -> None:
    """By its measures."""
    info = MediaInfo(media_type="", **{"duration_s": 0.0, "fps": 0.0} | case["info"])
    field = MediaField("file", case["kind"], False, tuple(case["validations"]), tuple(case["accept"]))
    found = [{"message": problem.message, "rule": problem.rule} for problem in intake.measure("file", field, info)]
    assert found == case["problems"]


@pytest.mark.parametrize("number", range(len(TABLE["schema"])), ids=lambda number: TABLE["schema"][number]["name"])
def test_the_page_finds_the_same_problems_in_a_value(
    number: int, from_script: dict[str, list[list[dict[str, str]]]]
) -> None:
    """With the same words, so that nobody reads two sentences about one mistake."""
    assert by_place(from_script["schema"][number]) == by_place(TABLE["schema"][number]["problems"])


@pytest.mark.parametrize("number", range(len(TABLE["media"])), ids=lambda number: TABLE["media"][number]["name"])
def test_the_page_finds_the_same_rules_broken(number: int, from_script: dict[str, list[list[dict[str, str]]]]) -> None:
    """Before anything is sent."""
    assert from_script["media"][number] == TABLE["media"][number]["problems"]
