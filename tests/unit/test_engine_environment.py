"""What an engine's process sees of its worker's environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutoscope.engines.environment import KEYS, SECRETS, environment_of, parse_keys
from mutoscope.engines.process import EngineProcess
from mutoscope.errors import ConfigError
from mutoscope.testing import Notes

USUAL = {"PATH": "/bin", "HOME": "/root", "CUDA_VISIBLE_DEVICES": "0", "MUTOSCOPE_CACHE": "/c", "KEYBOARD": "de"}
KEYS_OF_OTHERS = dict.fromkeys(
    ("FAL_KEY", "RUNCOMFY_TOKEN", "REPLICATE_API_TOKEN", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD"), "secret"
)


def test_an_engine_sees_no_key_of_others() -> None:
    """What is the server's nobody; a vendor's key the engine that calls vendors; others what they are given."""
    environ = {**USUAL, **KEYS_OF_OTHERS, **dict.fromkeys(SECRETS, "secret"), KEYS: "comfyui:HF_TOKEN,mine:DB_PASSWORD"}
    assert environment_of("parallax", environ) == USUAL
    assert environment_of("comfyui", environ) == {**USUAL, "HF_TOKEN": "secret"}
    assert environment_of("mine", environ) == {**USUAL, "DB_PASSWORD": "secret"}
    upstream = environment_of("upstream", environ)
    assert upstream.keys() >= KEYS_OF_OTHERS.keys()
    assert not upstream.keys() & SECRETS


@pytest.mark.parametrize("text", ["HF_TOKEN", "comfyui:", "comfyui:a-b", "comfyui:MUTOSCOPE_API_KEY"])
def test_what_cannot_be_given_is_said(text: str) -> None:
    """The setting, what was found, what is accepted."""
    with pytest.raises(ConfigError, match=f"{KEYS}: found '{text}'; accepted is an engine and a variable"):
        parse_keys(text)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to look into a process")
def test_the_process_is_started_with_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child's own environment, as the system has it."""
    monkeypatch.setenv("FAL_KEY", "a-vendors-secret")
    engine = EngineProcess("testcard", trace=print)
    try:
        engine.warm(Notes())
        assert engine._child is not None
        seen = Path(f"/proc/{engine._child._process.pid}/environ").read_bytes()
    finally:
        engine.close()
    assert b"PATH=" in seen
    assert b"a-vendors-secret" not in seen
