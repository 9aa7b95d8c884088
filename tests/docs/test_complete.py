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
    """Every command below this one, by the words one types."""
    yield name, command
    if isinstance(command, click.Group):
        for word, child in sorted(command.commands.items()):
            if not child.hidden:
                yield from commands(child, f"{name} {word}")


def options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield max(parameter.opts, key=len)


MANIFEST_KEYS = [f"{part}.{key}".lstrip(".") for part, keys in catalog.KEYS.items() for key in keys]
ALL_COMMANDS = dict(commands(cli.main, "mutoscope"))


@pytest.mark.parametrize("setting", settings.SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_in_the_reference(setting: settings.Setting) -> None:
    """Name and sentence."""
    row = next((line for line in page("settings.md").splitlines() if f"`{setting.env}`" in line), "")
    assert setting.text in row


def test_every_variable_that_the_code_reads_is_in_the_reference() -> None:
    """Also those that are no settings of the server."""
    sources = (ROOT / "src" / "mutoscope").rglob("*.py")
    read = {
        name
        for path in sources
        for name in re.findall(r"\bMUTOSCOPE_[A-Z_]*[A-Z]\b", path.read_text("utf-8"))
    }
    assert read
    assert not sorted(name for name in read if f"`{name}`" not in page("settings.md"))


@pytest.mark.parametrize("kind", sorted(set(error_classes()), key=lambda kind: kind.__name__))
def test_every_error_is_in_the_reference(kind: type[errors.MutoscopeError]) -> None:
    """Those a caller can meet over HTTP with their code and status, in one row."""
    rows = [line for line in page("errors.md").splitlines() if kind.__name__ in line]
    assert rows, f"{kind.__name__} is not explained"
    if kind.status != errors.MutoscopeError.status or kind is errors.MutoscopeError:
        assert any(f"| {kind.code} | {kind.status} | {kind.__name__} |" in row for row in rows)


def test_every_code_that_the_code_names_is_in_the_reference() -> None:
    """Codes given where an error is raised count too."""
    sources = (ROOT / "src" / "mutoscope").rglob("*.py")
    named = {
        code for path in sources for code in re.findall(r"\bcode\s*=\s*(\d{6})\b", path.read_text("utf-8"))
    }
    assert named, "the pattern finds no code at all"
    text = page("errors.md")
    assert not sorted(code for code in named if f"| {code} |" not in text)


@pytest.mark.parametrize("words", sorted(ALL_COMMANDS))
def test_every_command_is_in_the_reference(words: str) -> None:
    """With all its options."""
    text = page("cli.md")
    assert words in text
    section = re.split(rf"^#+ .*`?{re.escape(words)}\b", text, maxsplit=1, flags=re.MULTILINE)[-1]
    missing = [
        option for option in options(ALL_COMMANDS[words]) if option not in section and option != "--help"
    ]
    assert not missing, f"{words}: {missing}"


@pytest.mark.parametrize(("method", "path"), routes.table())
def test_every_endpoint_is_in_the_reference(method: str, path: str) -> None:
    """Method and path, together."""
    shown = PARAMETER.sub(r"{\1}", path)
    assert re.search(rf"{method} {re.escape(shown)}(?![\w/{{])", page("http-api.md")), f"{method} {shown}"


@pytest.mark.parametrize("key", MANIFEST_KEYS)
def test_every_manifest_key_is_in_the_reference(key: str) -> None:
    """By its dotted name."""
    assert f"`{key}`" in page("manifest.md")


@pytest.mark.parametrize("name", registry.names())
def test_every_engine_is_in_the_reference(name: str) -> None:
    """A manifest names engines, so its page says which there are."""
    assert f"`{name}`" in page("manifest.md")


def test_every_package_that_is_installed_has_its_licence_named() -> None:
    """No dependency comes in without somebody having looked at its licence."""
    pinned = re.findall(
        r"^([a-z0-9-]+)==", (ROOT / "requirements" / "base.txt").read_text("utf-8"), re.MULTILINE
    )
    text = (ROOT / "docs" / "explanation" / "licences.md").read_text(encoding="utf-8")
    missing = sorted(
        {name for name in pinned if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)}
    )
    assert pinned
    assert not missing
