"""The pages hang together: every link leads somewhere, every page can be found, no machine is named.

What the pages must contain is the business of test_complete.py; whether their examples run, that of
test_examples.py.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(\s*([^)\s]+)\s*\)")
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
# Each in two pieces, so that this file does not find itself.
PLACES = (
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/tmp/", "bash_jobs"),
    ("/opt/", r"(?:pypi|wheels)"),
    ("py", r"pi\.org"),
    ("python", r"hosted\.org"),
    ("registry.", r"npmjs"),
    ("deb.", r"debian\.org"),
)
MACHINE = re.compile("|".join(re.escape(start) + end for start, end in PLACES))
UNFINISHED = re.compile(r"\b(?:TO" + "DO|FIX" + r"ME|XX" + r"X)\b")


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every text file of the project: git's list where there is git, else what lies in the tree."""
    asked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if asked.returncode == 0 and asked.stdout:
        paths = [ROOT / name for name in asked.stdout.decode().split("\0") if name]
    else:
        hidden = {".venv", "build", "dist", "demo", "__pycache__"}
        paths = [path for path in ROOT.rglob("*") if not hidden & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in paths if path.is_file() and _is_text(path)))


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        return b"\0" not in file.read(8192)


def pages() -> tuple[Path, ...]:
    return tuple(path for path in tracked_files() if path.suffix == ".md")


def links(page: Path) -> Iterator[str]:
    """Targets of the page's links, code blocks left out."""
    for match in LINK.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))):
        yield match[1]


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to, as GitHub makes them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")) for heading in headings)
    return {name.replace(" ", "-") for name in plain}


def is_outside(target: str) -> bool:
    return target.startswith(("http://", "https://", "mailto:"))


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """Files exist and so do the headings that links name."""
    dead = []
    for target in links(page):
        if is_outside(target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            dead.append(target)
        elif anchor and anchor not in anchors(file):
            dead.append(f"{target} (no such heading)")
    assert not dead, f"{page.relative_to(ROOT)} links to {dead}"


def test_every_page_of_the_docs_can_be_reached_from_the_index() -> None:
    """A page that nobody links to is not read."""
    start = ROOT / "docs" / "README.md"
    seen, waiting = {start}, [start]
    while waiting:
        page = waiting.pop()
        for target in links(page):
            file = (page.parent / target.partition("#")[0]).resolve()
            if not is_outside(target) and file.suffix == ".md" and file.exists() and file not in seen:
                seen.add(file)
                waiting.append(file)
    lost = [str(page.relative_to(ROOT)) for page in pages() if ROOT / "docs" in page.parents and page not in seen]
    assert not lost


def test_no_file_names_a_machine_or_a_registry() -> None:
    """What one machine has, another has not; where packages come from, whoever installs decides."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in tracked_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert not found, "\n".join(found)


def test_no_source_file_says_that_it_is_unfinished() -> None:
    """What is missing stands in an issue or in the README, where it is seen."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        if path.relative_to(ROOT).parts[0] == "src"
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not found


@pytest.mark.slow
def test_the_generated_parts_of_the_docs_are_up_to_date() -> None:
    """Somebody changed a setting and forgot `make docs`."""
    answer = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
