"""What exists is documented: a setting, error, command, endpoint or manifest key without a page fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mutoscope import catalog, cli, errors, settings
from mutoscope.engines import registry
from mutoscope.server import routes
from mutoscope.server.metrics import Metrics
from mutoscope.web import routes as pages

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def error_classes(
    root: type[errors.MutoscopeError] = errors.MutoscopeError,
) -> Iterator[type[errors.MutoscopeError]]:
    yield root
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from error_classes(kind)


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """This command and every one below it, by the words one types."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            child = command.get_command(context, word)
            assert child is not None
            if not child.hidden:
                yield from commands(child, f"{name} {word}")


def options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield max(parameter.opts, key=len)


MANIFEST_KEYS = [f"{part}.{key}".lstrip(".") for part, keys in catalog.KEYS.items() for key in keys]
ALL_COMMANDS = dict(commands(cli.program, "mutoscope"))


@pytest.mark.parametrize("setting", settings.SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_in_the_reference(setting: settings.Setting) -> None:
    """Name and sentence."""
    row = next((line for line in page("settings.md").splitlines() if f"`{setting.env}`" in line), "")
    assert setting.text in row


def test_every_variable_that_the_code_reads_is_in_the_reference() -> None:
    """Also those that are no settings of the server."""
    sources = (ROOT / "src" / "mutoscope").rglob("*.py")
    read = {name for path in sources for name in re.findall(r"\bMUTOSCOPE_[A-Z_]*[A-Z]\b", path.read_text("utf-8"))}
    assert read
    assert not sorted(name for name in read if f"`{name}`" not in page("settings.md"))


@pytest.mark.parametrize("kind", list(error_classes()), ids=lambda kind: str(kind.__name__))
def test_every_error_is_in_the_reference(kind: type[errors.MutoscopeError]) -> None:
    """Those a caller can meet over HTTP with their code and status, in one row."""
    rows = [line for line in page("errors.md").splitlines() if kind.__name__ in line]
    assert rows, f"{kind.__name__} is not explained"
    if kind.status != errors.MutoscopeError.status or kind is errors.MutoscopeError:
        assert any(f"| {kind.code} | {kind.status} | {kind.__name__} |" in row for row in rows)


def test_every_code_that_the_code_names_is_in_the_reference() -> None:
    """Codes given where an error is raised count too."""
    sources = (ROOT / "src" / "mutoscope").rglob("*.py")
    named = {code for path in sources for code in re.findall(r"\bcode\s*=\s*(\d{6})\b", path.read_text("utf-8"))}
    assert named, "the pattern finds no code at all"
    text = page("errors.md")
    assert not sorted(code for code in named if f"| {code} |" not in text)


@pytest.mark.parametrize("words", sorted(ALL_COMMANDS))
def test_every_command_is_in_the_reference(words: str) -> None:
    """With all its options, in the table at the end of the page."""
    rows = [line for line in page("cli.md").splitlines() if line.startswith(f"| `{words}` |")]
    assert rows
    missing = [option for option in options(ALL_COMMANDS[words]) if f"`{option}`" not in rows[-1]]
    assert not missing


@pytest.mark.parametrize(("method", "path"), routes.table())
def test_every_endpoint_is_in_the_reference(method: str, path: str) -> None:
    """Method and path, together."""
    shown = PARAMETER.sub(r"{\1}", path)
    assert re.search(rf"{method} {re.escape(shown)}(?![\w/{{])", page("http-api.md")), f"{method} {shown}"


def test_every_metric_is_in_the_runbook() -> None:
    """With the ending that Prometheus' text gives it; and the page names none that is not there."""
    kinds = {family.name: family.type for family in Metrics().registry.collect()}
    told = {f"{name}_total" if kind == "counter" else name for name, kind in kinds.items()}
    text = (ROOT / "docs" / "how-to" / "runbook.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(mutoscope_\w+)", text))
    assert told == named


@pytest.mark.parametrize(("method", "path"), pages.table())
def test_every_page_is_in_the_reference(method: str, path: str) -> None:
    """With those for people, or with those for programs."""
    shown = PARAMETER.sub(r"{\1}", path)
    assert f"`{method} {shown}`" in page("pages.md") + page("http-api.md")


@pytest.mark.parametrize("key", MANIFEST_KEYS)
def test_every_manifest_key_is_in_the_reference(key: str) -> None:
    """By its dotted name; `[]` may mark a list."""
    section, _, word = key.rpartition(".")
    names = {f"`{key}`", f"`{section}[].{word}`"}
    assert any(name in page("manifest.md") for name in names)


@pytest.mark.parametrize("name", sorted(registry.ENGINES))
def test_every_engine_is_in_the_reference(name: str) -> None:
    """In the table, and in a section of its own with its settings."""
    text = page("engines.md")
    assert f"| `{name}` |" in text
    section = text.partition(f"## `{name}`")[2].partition("\n## ")[0]
    assert section
    assert not [word for word in registry.capabilities(name).settings if f"`{word}`" not in section]


def test_every_package_that_is_installed_has_its_licence_named() -> None:
    """No dependency comes in without somebody having looked at its licence."""
    pinned = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "base.txt").read_text("utf-8"), re.MULTILINE)
    text = (ROOT / "docs" / "explanation" / "licences.md").read_text(encoding="utf-8")
    missing = sorted({name for name in pinned if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)})
    assert pinned
    assert not missing
