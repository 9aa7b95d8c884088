"""Writes the generated parts of the docs; `--check` only says which are out of date.

A page asks for a part with `<!-- generated: NAME -->` and closes it with `<!-- end -->`; NAME is one of
PARTS. What stands between the two lines is replaced. Everything else in the docs is written by hand and held
to the code by tests/docs.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import inspect
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from mutoscope import protocol
from mutoscope.cli import program
from mutoscope.engines.diffusers.families import FAMILIES
from mutoscope.engines.registry import ENGINES, capabilities
from mutoscope.equipment import GUESTS
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


def commands_table() -> str:
    """One row per command with all its options."""
    rows = [f"| `{words}` | {_words_of(command)} |" for words, command in _commands(program, "mutoscope")]
    return "\n".join(["| command | options |", "|---|---|", *rows, ""])


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            child = command.get_command(context, word)
            if child is not None and not child.hidden:
                yield from _commands(child, f"{name} {word}")


def _words_of(command: click.Command) -> str:
    shown = [f"`{p.make_metavar(click.Context(command))}`" for p in command.params if isinstance(p, click.Argument)]
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            shown.append(f"`{max(parameter.opts, key=len)}`")
    return ", ".join(shown) or "–"


def engines_table() -> str:
    """One row per engine that ships with Mutoscope: what a manifest may bind and set."""
    rows = []
    for name in sorted({*ENGINES, *GUESTS}):
        can = GUESTS[name]() if name in GUESTS else capabilities(name)
        cells = (can.produces, can.required, (can.parameters | can.files) - can.required, can.settings)
        rows.append(f"| `{name}` | " + " | ".join(_listed(cell) for cell in cells) + " |")
    head = "| engine | makes | needs | understands besides | settings |"
    return "\n".join([head, "|---|---|---|---|---|", *rows, ""])


def families_table() -> str:
    """One row per family of the diffusers engine: what it was trained for."""
    rows = []
    for name, family in FAMILIES.items():
        takes = " or ".join(word for word, given in (("words", family.text), ("a picture", family.image)) if given)
        frames = "–" if not family.frames_step else "any" if family.frames_step == 1 else f"{family.frames_step} k + 1"
        length = f"{family.max_frames} at {'any rate' if family.is_paced else f'{family.fps:g} fps'}"
        size = "one size" if family.is_fixed else f"{family.max_area_px / 1e6:.2f}, sides by {family.multiple_px}"
        cells = (f"`{name}`", takes, frames, length if family.frames_step else "–", size)
        rows.append(f"| {' | '.join(cells)} |")
    head = "| family | from | frames | at most | megapixels at most |"
    return "\n".join([head, "|---|---|---|---|---|", *rows, ""])


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words)) or "–"


def attacks_table() -> str:
    """One row per test in tests/attacks, in the words of its mark, by file."""
    rows = ["| what is tried | what holds | test |", "|---|---|---|"]
    for ident, tried, held in collected_attacks():
        cells = (cell.replace("|", "\\|").replace("<", "&lt;") for cell in (tried, held))
        rows.append(f"| {' | '.join(cells)} | `{ident.removeprefix('tests/attacks/').replace('|', '')}` |")
    return f"{len(rows) - 2} rows.\n\n" + "\n".join([*rows, ""])


def collected_attacks() -> list[tuple[str, str, str]]:
    """Test, what it tries, what holds: as pytest collects them."""
    found: list[tuple[str, str, str]] = []

    class Collector:
        def pytest_collection_finish(self, session: pytest.Session) -> None:
            for item in session.items:
                mark = item.get_closest_marker("attack")
                found.append((item.nodeid, *(mark.args if mark else ("", ""))))

    options = ["--collect-only", "-qq", "-p", "no:randomly", "-p", "no:xdist"]
    options += ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]  # we import anyio ourselves
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main([*options, "--rootdir", str(ROOT), str(ROOT / "tests" / "attacks")], plugins=[Collector()])
    if code or not found:
        raise SystemExit(f"tests/attacks could not be collected ({code})")
    return found


def protocol_version() -> str:
    """The number, and those that are served besides."""
    others = " and ".join(str(number) for number in sorted(protocol.SPOKEN - {protocol.VERSION}))
    return f"This is version {protocol.VERSION}; workers of version {others} are served as well.\n"


def messages() -> str:
    """Every message of the worker protocol: what its docstring says, and its fields."""
    kinds = [kind for kind in vars(protocol).values() if dataclasses.is_dataclass(kind) and isinstance(kind, type)]
    return "\n".join(_message(kind) for kind in kinds)


def _message(kind: type) -> str:
    rows = [f"| `{f.name}` | `{str(f.type).replace('|', '&#124;')}` | {_usual(f)} |" for f in dataclasses.fields(kind)]
    words = f"### `{kind.__name__}`\n\n```text\n{inspect.getdoc(kind)}\n```\n"
    return "\n".join([words, "| field | type | may be left out |", "|---|---|---|", *rows, ""])


def _usual(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return "yes: `{}`"
    return "no" if field.default is dataclasses.MISSING else f"yes: `{json.dumps(field.default)}`"


PARTS: Mapping[str, Callable[[], str]] = {
    "attacks": attacks_table,
    "commands": commands_table,
    "engines": engines_table,
    "families": families_table,
    "messages": messages,
    "protocol_version": protocol_version,
    "settings": settings_table,
}


if __name__ == "__main__":
    sys.exit(main())
