"""Exit codes: those of RunComfy's own command line, so that scripts need not change.

`failures` says which error gets which.
"""

from __future__ import annotations

from collections.abc import Mapping

OK = 0
FAILED = 1
USAGE = 64
BAD_INPUT = 65
UNAVAILABLE = 69
TRY_LATER = 75
NO_PERMISSION = 77
INTERRUPTED = 130

MEANINGS: Mapping[int, str] = {
    OK: "It worked.",
    FAILED: "The request failed or was cancelled, a check failed, or something else went wrong.",
    USAGE: "The arguments, an address or a setting are wrong; nothing was sent.",
    BAD_INPUT: "The server refused the input (any 4xx not named below), or a manifest is wrong.",
    UNAVAILABLE: "The server failed (5xx), cannot be reached, or answered something else.",
    TRY_LATER: "A time limit passed, or the server said to come back later (408, 429).",
    NO_PERMISSION: "The key is missing, unknown, revoked or lacks a scope (401, 403).",
    INTERRUPTED: "Ctrl-C.",
}
