"""Names of workers on a cluster."""

from __future__ import annotations

from mutoscope.fleet.names import is_ours, new_name


def test_a_name_tells_its_model_and_is_no_other_one() -> None:
    """It fits the worker protocol's names, whatever the model is called."""
    for model_id in ("studio/large", "Ä ö/ü", "x" * 200, "a/b/c-"):
        name = new_name("farm", model_id)
        assert len(name) <= 80
        assert name.isascii()
        assert is_ours("farm", name)
        assert not is_ours("far", name)
        assert new_name("farm", model_id) != name
    assert not is_ours("farm", "farm.gpu-1")
    assert not is_ours("farm", "farm.studio-0123abcd")
