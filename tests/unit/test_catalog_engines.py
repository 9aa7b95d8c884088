"""Models are held to what their engines can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mutoscope.catalog import check_engines, fitted
from mutoscope.errors import ConfigError
from tests.unit.manifests import changed, the_model


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an engine says of itself."""

    parameters: frozenset[str] = frozenset({"words", "speed"})
    files: frozenset[str] = frozenset({"photo"})
    required: frozenset[str] = frozenset({"words"})
    produces: frozenset[str] = frozenset({"video"})
    settings: frozenset[str] = frozenset({"crf"})
    starts: frozenset[str] = frozenset()
    is_open: bool = False
    keeps_models: bool = False

    def lacks(self, settings: Mapping[str, Any], /) -> str:
        """A key, when its settings name one."""
        return f"the environment variable {settings['key']}" if "key" in settings else ""

    def under(self, settings: Mapping[str, Any], /) -> Abilities:
        """The same whatever the settings are, unless there is something wrong with them."""
        if settings.get("crf") == "much":
            raise ConfigError("crf: found 'much'; a number is accepted")
        return self


CHAIN = changed(
    (
        "engine:\n  name: lathe\n  inputs: {words: prompt, photo: picture}\n",
        "engine:\n  - {name: lathe, inputs: {words: prompt}, settings: {key: A_KEY}}\n"
        "  - {name: drill, inputs: {words: prompt, photo: picture}, note: Drilled.}\n  - saw\n",
    )
)


def test_a_manifest_that_fits_its_engine_has_no_problems(tmp_path: Path) -> None:
    """Words are bound to a value, the photo to a file."""
    assert check_engines([the_model(tmp_path)], {"lathe": Abilities()}) == ()


def test_a_model_without_its_engine_is_passed_over(tmp_path: Path) -> None:
    """It is shown as needing set-up; that is no reason not to start."""
    assert check_engines([the_model(tmp_path)], {}) == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("words: prompt", "words: prompt, sped: angle", "$.engine.inputs.sped: engine lathe has no such parameter"),
        ("words: prompt", "speed: angle", "$.engine.inputs.words: engine lathe needs this parameter"),
        ("words: prompt", "words: picture", "$.engine.inputs.words: engine lathe takes a value here"),
        ("photo: picture", "photo: angle", "$.engine.inputs.photo: engine lathe takes a media file here"),
        ("name: lathe", "name: lathe\n  settings: {crv: 2}", "$.engine.settings.crv: engine lathe has no such"),
        ("name: lathe", "name: lathe\n  settings: {crf: much}", "$.engine.settings: crf: found 'much'; a number is"),
        ("produces: video", "produces: image", "$.output.produces: engine lathe makes video, not image"),
    ],
)
def test_what_an_engine_cannot_do_is_found_before_the_first_request(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    """The file and the path are named, as for any other mistake."""
    model = the_model(tmp_path, changed((old, new)))

    problems = check_engines([model], {"lathe": Abilities()})

    assert len(problems) == 1
    assert problems[0].startswith(f"{tmp_path / 'model.yaml'}: {problem}")


def test_a_chain_is_what_can_run_here_in_its_order(tmp_path: Path) -> None:
    """Who is not installed or lacks something is left out; when nobody is left, it says what is missing."""
    model = the_model(tmp_path, CHAIN)
    assert [use.name for use in model.uses] == ["lathe", "drill", "saw"]
    drill = Abilities()
    assert [use.name for use in fitted(model, {"lathe": drill, "drill": drill}).uses] == ["drill"]
    assert fitted(model, {"lathe": drill, "drill": drill}).engine_notes == {"en": "Drilled."}
    closed = fitted(model, {"lathe": drill})
    assert (closed.engine, closed.needs) == ("lathe", "the environment variable A_KEY")


def test_every_engine_of_a_chain_is_checked(tmp_path: Path) -> None:
    """By its place in the list."""
    problems = check_engines(
        [the_model(tmp_path, CHAIN)], {"lathe": Abilities(), "drill": Abilities(), "saw": Abilities()}
    )
    assert [text.partition(": ")[2] for text in problems] == [
        "$.engine[0].settings.key: engine lathe has no such setting; known are crf",
        "$.engine[2].inputs.words: engine saw needs this parameter; bind it to an input",
    ]
