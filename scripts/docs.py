"""Writes the generated parts of the docs; `--check` only says which are out of date.

A page asks for a part with `<!-- generated: NAME -->` and closes it with `<!-- end -->`; NAME is one of
PARTS. What stands between the two lines is replaced. Everything else in the docs is written by hand and held
to the code by tests/docs.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from mutoscope.settings import SETTINGS, Setting

ROOT = Path(__file__).resolve().parent.parent
PART = re.compile(r"(<!-- generated: (?P<name>[a-z_]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    parser = argparse.ArgumentParser(description="Rewrite the generated parts of the docs.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a page is out of date")
    check = parser.parse_args().check
    stale = []
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]):
        old = page.read_text(encoding="utf-8")
        new = render(old)
        if new == old:
            continue
        stale.append(page.relative_to(ROOT))
        if not check:
            page.write_text(new, encoding="utf-8")
    for path in stale:
        print(f"{path}: {'out of date; run `make docs`' if check else 'written'}")
    return 1 if check and stale else 0


def render(text: str) -> str:
    """The page with every generated part made anew. Raises KeyError for a part nobody makes."""
    return PART.sub(lambda match: match[1] + PARTS[match["name"]]() + match[3], text)


def settings_table() -> str:
    """One row per setting."""
    rows = [f"| `{s.env}` | {_option(s)} | {_default(s)} | {s.text} |" for s in SETTINGS]
    return "\n".join(["| variable | option | default | meaning |", "|---|---|---|---|", *rows, ""])


def _option(setting: Setting) -> str:
    # A secret on a command line can be read by every user of the machine, so there is no option for it.
    return "–" if setting.secret else f"`--{setting.name.replace('_', '-')}`"


def _default(setting: Setting) -> str:
    if setting.default in (None, ""):
        return "–"
    if setting.name.endswith("_bytes") and setting.default % 2**20 == 0:
        return f"`{setting.default}` ({setting.default // 2**20} MiB)"
    return f"`{setting.default}`"


PARTS: Mapping[str, Callable[[], str]] = {"settings": settings_table}


if __name__ == "__main__":
    sys.exit(main())
