"""What an engine sees of a worker's environment: nothing that is the server's, and no key that is another engine's.

`upstream` sees every key, because a manifest may name any of them. Others see those that `MUTOSCOPE_ENGINE_KEYS` gives
them: `comfyui:HF_TOKEN,my_engine:OPENAI_API_KEY`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mutoscope.errors import ConfigError

SECRETS = frozenset({"MUTOSCOPE_API_KEY", "MUTOSCOPE_DATABASE", "MUTOSCOPE_STORAGE", "MUTOSCOPE_WORKER_TOKEN"})
"""Names that no engine's environment holds."""
KEYS = "MUTOSCOPE_ENGINE_KEYS"
KEEPS_ALL = frozenset({"upstream"})
_IS_KEY = re.compile(
    r"(?:^|_)(?:APIKEY|KEYS?|TOKENS?|SECRETS?|PASSWORDS?|PASSWD|CREDENTIALS?|PAT|DSN|DATABASE_URL|AUTH_SOCK)(?:_|$)",
    re.IGNORECASE,
)
_GIVEN = re.compile(r"([A-Za-z0-9_.-]+):([A-Za-z_][A-Za-z0-9_]*)")


def parse_keys(text: str) -> Mapping[str, frozenset[str]]:
    """Names of variables by engine out of `engine:NAME,…`. Raises ConfigError."""
    given: dict[str, set[str]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        if not (found := _GIVEN.fullmatch(part)) or found[2] in SECRETS:
            raise ConfigError(
                f"{KEYS}: found {part!r}; accepted is an engine and a variable, such as comfyui:HF_TOKEN, but none of "
                f"{', '.join(sorted(SECRETS))}"
            )
        given.setdefault(found[1], set()).add(found[2])
    return {engine: frozenset(names) for engine, names in given.items()}


def environment_of(engine: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that the process of an engine is started with. Raises ConfigError for `KEYS`."""
    own = parse_keys(environ.get(KEYS, "")).get(engine, frozenset())
    return {
        name: value
        for name, value in environ.items()
        if name not in SECRETS and (engine in KEEPS_ALL or name in own or not _IS_KEY.search(name))
    }
