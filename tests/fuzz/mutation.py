"""Random damage, by a seed: to JSON values, to bytes. The same seed does the same damage."""

from __future__ import annotations

import copy
import json
import os
import random
from typing import Any

BODIES = int(os.environ.get("MUTOSCOPE_TEST_FUZZ_BODIES") or 12_000)
"""How many bodies all fuzzers together send; each takes its share."""
SEED = int(os.environ.get("MUTOSCOPE_TEST_FUZZ_SEED") or 20_261_122)

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63, -(2**63), 10**30, 0.5, -0.0, 1e308, 5e-324),
    *("", " ", "\0", "\n", "x" * 5000, "\u202e", "\ufeff", "é" * 300, "ａ", "\U0001f600", "%s%n", "{0}", "${x}", "../../x"),
    *("' or 1=1 --", "<script>", "NaN", "1e999", "-0", "0x10", "2026-13-45T99:99:99Z", "9" * 400),
    *("https://xn--/", "http://[::1/", "https://u:p@h/", "file:///etc/passwd", "https://10.0.0.1/", "//", "https://" + "a" * 300),
    *("data:", "data:image/png;base64,", "data:image/png;base64,AAAA", "data:image/gif;base64,R0lGODlh", "data:,x", "mutoscope-file:x"),
    *([], {}, [[]], [None] * 50, {"": ""}, {"a": {"b": {"c": []}}}, ["https://pictures.invalid/a.png"] * 3),
)  # fmt: skip


def damaged_json(dice: random.Random, value: Any) -> bytes:
    """A JSON text near this value; now and then no JSON at all."""
    changed = copy.deepcopy(value)
    for _ in range(dice.randint(1, 4)):
        changed = _change(dice, changed)
    text = json.dumps(changed, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
    return damaged_bytes(dice, text) if dice.random() < 0.25 else text


def _change(dice: random.Random, value: Any) -> Any:
    """The value with one place in it replaced, removed, added, doubled or wrapped."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key = dice.choice(sorted(value))
        match dice.randrange(6):
            case 0:
                del value[key]
            case 1:
                value[dice.choice(["", "x", key + " ", key.upper(), "__proto__", "a" * 300, "\0"])] = value[key]
            case _:
                value[key] = _change(dice, value[key])
        return value
    if isinstance(value, list) and value and dice.random() < 0.7:
        at = dice.randrange(len(value))
        value[at : at + 1] = [_change(dice, value[at])] * dice.choice([0, 1, 1, 2, 40])
        return value
    if dice.random() < 0.1:
        return [value] if dice.random() < 0.5 else {"value": value}
    return copy.deepcopy(dice.choice(NASTY))


def damaged_bytes(dice: random.Random, data: bytes) -> bytes:
    """These bytes with some flipped, cut out, doubled, inserted or zeroed."""
    changed = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 4, 16])):
        at = dice.randrange(len(changed) + 1)
        end = min(len(changed), at + dice.choice([1, 2, 4, 8, 64, 1024]))
        match dice.randrange(6):
            case 0:
                changed[at:end] = b""
            case 1:
                changed[at:at] = changed[at:end]
            case 2:
                changed[at:at] = dice.randbytes(dice.choice([1, 2, 4, 8]))
            case 3:
                changed[at:end] = bytes(end - at)
            case 4:
                changed[at:end] = b"\xff" * (end - at)
            case _:
                if at < len(changed):
                    changed[at] ^= 1 << dice.randrange(8)
    return bytes(changed)
