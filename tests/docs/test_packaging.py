"""The files that make a package and an image agree with the tree, with each other and with the README.

A container engine is not everywhere, so what can be known of the Dockerfile without one is checked here.
"""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from mutoscope import __version__

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continuation lines joined, comments left out."""
    lines = (line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    words = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(word.upper(), rest.strip()) for word, _, rest in words]


def copied() -> list[str]:
    """What the Dockerfile copies out of the tree."""
    sources: list[str] = []
    for word, rest in instructions():
        if word == "COPY" and "--from=" not in rest:
            sources += rest.split()[:-1]
    return sources


def test_the_dockerfile_copies_only_what_exists() -> None:
    """A moved file is noticed here, not on the first machine with a container engine."""
    assert copied()
    assert not [source for source in copied() if not (ROOT / source).exists()]


def test_the_builder_is_sent_what_the_dockerfile_copies() -> None:
    """.dockerignore refuses everything that it does not name."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    assert not [s for s in copied() if not any(fnmatch(s, a) or s.startswith(f"{a}/") for a in allowed)]


def test_the_dockerfile_uses_instructions_that_exist_and_stages_that_it_made() -> None:
    """A misspelt word or stage would only be found by building."""
    known = {"FROM", "RUN", "CMD", "LABEL", "EXPOSE", "ENV", "COPY", "ENTRYPOINT", "VOLUME", "USER"}
    known |= {"WORKDIR", "ARG", "STOPSIGNAL", "HEALTHCHECK", "SHELL"}
    assert {word for word, _ in instructions()} <= known
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE))
    assert set(re.findall(r"--from=(\w+)", DOCKERFILE)) == stages


def test_the_image_does_not_run_as_root_and_stops_politely() -> None:
    """The last USER is what the program runs as; SIGTERM is what drains it."""
    said = instructions()
    assert [rest for word, rest in said if word == "USER"][-1] not in ("root", "0")
    assert ("STOPSIGNAL", "SIGTERM") in said


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_and_hashed_and_names_no_registry(path: Path) -> None:
    """Names, versions, conditions and hashes; no option and no address."""
    entries = re.sub(r"\s*\\\n\s*", " ", path.read_text(encoding="utf-8")).splitlines()
    pinned = re.compile(r"^[a-z0-9-]+==[\w.+!]+( ; [^#]+?)?( --hash=sha256:[0-9a-f]{64})+$")
    assert entries
    assert not [entry[:80] for entry in entries if not pinned.match(entry.strip())]


def test_every_declared_dependency_is_pinned() -> None:
    """A line added to pyproject.toml without `make requirements` would not be installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    declared = {
        "base.txt": project["project"]["dependencies"],
        "build.txt": project["build-system"]["requires"],
        "dev.txt": project["dependency-groups"]["dev"],
        "scale.txt": [*extras["postgres"], *extras["s3"], *extras["ray"]],
    }
    missing = []
    for name, lines in declared.items():
        pins = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / name).read_text("utf-8"), re.MULTILINE))
        wanted = {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower().replace("_", "-") for line in lines}
        missing += [f"{name}: {package}" for package in sorted(wanted - pins)]
    assert not missing


def test_one_package_has_one_version_in_all_requirement_files() -> None:
    """`make demo` and `make test` share one environment; neither may take back what the other installed."""
    seen: dict[str, set[str]] = {}
    for path in REQUIREMENTS:
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := re.match(r"^([a-z0-9-]+)==([^\s;]+)", line):
                seen.setdefault(f"{path.name} {match[1]}", set()).add(match[2])
    packages = {key.split()[1] for key in seen}
    apart = [p for p in packages if len({frozenset(v) for k, v in seen.items() if k.split()[1] == p}) > 1]
    assert not apart


def test_the_readme_names_targets_that_exist() -> None:
    """Every `make word` in any page is a target."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    used = {
        target
        for page in pages
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"demo", "test"} <= used
    assert used <= targets


def test_the_changelog_knows_this_version() -> None:
    """The newest entry is this version's or the unreleased one."""
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] in ("Unreleased", __version__)
