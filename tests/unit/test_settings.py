"""Settings: options before environment before defaults, and a clear word about a wrong one."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from mutoscope.errors import ConfigError
from mutoscope.settings import SETTINGS, Settings, load


def test_defaults_are_a_server_for_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback, SQLite, one worker, nothing private may be fetched."""
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere/data")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    values = load(environ={})
    assert (values.host, values.port, values.workers, values.fetch_allow) == ("127.0.0.1", 8000, 1, "")
    assert values.data == Path("/somewhere/data/mutoscope")
    assert values.cache == Path("/somewhere/cache/mutoscope")


def test_without_a_desktop_the_folders_are_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG specification says."""
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/alice")
    values = load(environ={})
    assert values.data == Path("/home/alice/.local/share/mutoscope")
    assert values.cache == Path("/home/alice/.cache/mutoscope")


def test_an_option_wins_over_the_environment() -> None:
    """And an option that was not given does not."""
    environ = {"MUTOSCOPE_PORT": "9000", "MUTOSCOPE_WORKERS": "3", "MUTOSCOPE_LEASE_S": "20.5"}
    values = load({"port": 9100, "workers": None, "data": Path("/d")}, environ)
    assert (values.port, values.workers, values.lease_s, values.data) == (9100, 3, 20.5, Path("/d"))


def test_an_empty_variable_is_not_set() -> None:
    """As compose files and unit files leave them."""
    assert load(environ={"MUTOSCOPE_PORT": ""}).port == 8000


def test_an_option_of_zero_is_given() -> None:
    """Port 0 is a free one; 0 workers is none."""
    values = load({"port": 0, "workers": 0}, {"MUTOSCOPE_PORT": "9000", "MUTOSCOPE_WORKERS": "3"})
    assert (values.port, values.workers) == (0, 0)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"MUTOSCOPE_PORT": "http"}, r"MUTOSCOPE_PORT: 'http' is not a whole number"),
        ({"MUTOSCOPE_PORT": "65536"}, r"MUTOSCOPE_PORT: found 65536; accepted is 0 to 65535"),
        ({"MUTOSCOPE_PORT": "-1"}, r"MUTOSCOPE_PORT: found -1"),
        ({"MUTOSCOPE_LEASE_S": "ten"}, r"MUTOSCOPE_LEASE_S: 'ten' is not a number"),
        ({"MUTOSCOPE_LEASE_S": "nan"}, r"MUTOSCOPE_LEASE_S: found nan"),
        ({"MUTOSCOPE_DRAIN_S": "inf"}, r"MUTOSCOPE_DRAIN_S: found inf"),
        ({"MUTOSCOPE_BEAT_S": "6"}, r"MUTOSCOPE_BEAT_S: must be at most half of MUTOSCOPE_LEASE_S"),
        (
            {"MUTOSCOPE_PUBLIC_URL": "video.example"},
            r"MUTOSCOPE_PUBLIC_URL: found 'video.example'; accepted is an address",
        ),
        ({"MUTOSCOPE_PUBLIC_URL": "https://a.example/?b"}, r"MUTOSCOPE_PUBLIC_URL: found"),
        ({"MUTOSCOPE_WORKERS": "1000"}, r"MUTOSCOPE_WORKERS: found 1000; accepted is 0 to 256"),
        ({"MUTOSCOPE_LOG_LEVEL": "loud"}, r"MUTOSCOPE_LOG_LEVEL: found 'loud'; accepted are debug"),
        ({"MUTOSCOPE_LOG_FORMAT": "xml"}, r"MUTOSCOPE_LOG_FORMAT: found 'xml'; accepted are auto, json, text"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_accepted(environ: dict[str, str], message: str) -> None:
    """Where, what was found, what is accepted."""
    with pytest.raises(ConfigError, match=message):
        load(environ=environ)


def test_the_table_and_the_values_have_the_same_names_in_the_same_order() -> None:
    """One row, one field."""
    assert [setting.name for setting in SETTINGS] == [field.name for field in fields(Settings)]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_says_what_it_is_for(setting: object) -> None:
    """One sentence, with a unit where there is one."""
    text = str(getattr(setting, "text", ""))
    name = str(getattr(setting, "name", ""))
    assert text[0].isupper()
    assert text.endswith(".")
    assert not name.endswith("_s") or "second" in text


def test_secrets_are_no_options() -> None:
    """A key on a command line is seen by everybody on the machine."""
    assert {setting.name for setting in SETTINGS if setting.secret} == {"api_key"}
