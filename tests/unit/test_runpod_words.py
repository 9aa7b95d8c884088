"""What handlers of others return and say: files found in it, errors and progress in our words."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from PIL import Image

from mutoscope.errors import MediaError
from mutoscope.media import found
from mutoscope.media.found import Found
from mutoscope.runpod.words import progress_of, said


def png() -> bytes:
    """A picture whose base64 is long."""
    written = io.BytesIO()
    Image.radial_gradient("L").save(written, "PNG")
    return written.getvalue()


BARE = base64.b64encode(png()).decode()
ADDRESS = "https://example.com/a.mp4?sig=1"


@pytest.mark.parametrize(
    ("output", "files"),
    [
        (ADDRESS, [Found("output", address=ADDRESS)]),
        (BARE, [Found("output", content=png())]),
        ({"video": f"data:video/mp4;base64,{BARE}"}, [Found("output.video", content=png())]),
        (
            {"images": [{"data": BARE[:76] + "\n" + BARE[76:]}, {"data": ADDRESS}], "n": 2},
            [Found("output.images[0].data", content=png()), Found("output.images[1].data", address=ADDRESS)],
        ),
        ("see https://example.com for more", []),
        ("a" * 4000, []),
        ("x", []),
        (None, []),
        ({"seed": 3, "ok": True}, []),
    ],
)
def test_files_are_found_wherever_they_stand(output: Any, files: list[Found]) -> None:
    """Addresses, data URIs and base64 whose first bytes are those of a picture, film or sound; nothing else."""
    assert found.find(output) == tuple(files)


def test_what_is_told_holds_no_file() -> None:
    """Nor a nest without end; and more files than anybody makes are refused."""
    assert found.without({"image": BARE, "url": ADDRESS, "n": [1, "a"]}) == {"image": "…", "url": "…", "n": [1, "a"]}
    nest: Any = ADDRESS
    for _ in range(100):
        nest = [nest]
    assert found.find(nest) == ()
    json.dumps(found.without(nest))
    with pytest.raises(MediaError, match="more than 64 files"):
        found.find([ADDRESS] * 65)
    with pytest.raises(MediaError, match=r"output: base64 that cannot be decoded"):
        found.find("data:image/png;base64,a%b")


@pytest.mark.parametrize(
    ("where", "value"),
    [("", {"a": [{"b": 1}]}), ("a.0.b", 1), ("a.1.b", None), ("a.b", None), ("b", None)],
)
def test_a_place_is_dotted(where: str, value: Any) -> None:
    """Nothing stands where nothing is."""
    assert found.at({"a": [{"b": 1}]}, where) == value


@pytest.mark.parametrize(
    ("news", "fraction", "words"),
    [
        (0.25, 0.25, ""),
        (40, 0.4, ""),
        ("35% done", 0.35, "35% done"),
        ("step 3/10\nmore", 0.3, "step 3/10 more"),
        ({"progress": 0.5, "stage": "drawing"}, 0.5, "drawing"),
        ({"percent": "80%"}, 0.8, ""),
        (True, 0.0, ""),
        ([1, 2], 0.0, ""),
        (float("nan"), 0.0, ""),
        ("7/0", 1.0, "7/0"),
    ],
)
def test_progress_is_a_fraction_and_words(news: Any, fraction: float, words: str) -> None:
    """However a handler puts it; what tells nothing is no progress."""
    assert progress_of(news) == (fraction, words)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("too dark", "too dark"),
        (json.dumps({"error_message": "tube burst", "error_traceback": "…", "error_type": "E"}), "tube burst"),
        (json.dumps({"error_message": "", "error_type": "<class 'KeyError'>"}), "<class 'KeyError'>"),
        ("handler: burst \ntraceback: File x", "handler: burst"),
        ({"message": "no\x00 way"}, "no way"),
        ({}, "the handler failed without saying why"),
        ("x" * 1000, "x" * 400),
    ],
)
def test_an_error_is_one_line_without_a_traceback(error: Any, words: str) -> None:
    """Also where the SDK has packed it into JSON."""
    assert said(error) == words
