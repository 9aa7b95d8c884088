"""The address of a PostgreSQL: is it one, and what of it may be shown."""

from __future__ import annotations

from mutoscope.errors import ConfigError

_SCHEMES = ("postgresql://", "postgres://")


def check_address(address: str) -> None:
    """Raises ConfigError unless this names a PostgreSQL, and what talks to it is installed."""
    if not address.startswith(_SCHEMES):
        raise ConfigError(
            "MUTOSCOPE_DATABASE: accepted is postgresql://user:password@host:5432/name, or nothing for SQLite"
        )
    try:
        import greenlet  # noqa: F401, PLC0415 - an extra
        import psycopg  # noqa: F401, PLC0415 - an extra
    except ImportError as exc:
        raise ConfigError(
            "MUTOSCOPE_DATABASE: PostgreSQL needs two more packages: pip install 'mutoscope[postgres]'"
        ) from exc


def shown(address: str) -> str:
    """The address as it may be shown: without the password."""
    if not address:
        return "SQLite in the data folder"
    if not address.startswith(_SCHEMES):
        return "an address that is not accepted"
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
