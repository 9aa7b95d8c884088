"""What `mutoscope worker` and `mutoscope fleet` have in common."""

from __future__ import annotations

import click

from mutoscope.catalog.manifest import LABEL, LABEL_ACCEPTED


def labels(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """A callback of --label. Raises BadParameter for what is no label."""
    for label in value:
        if not LABEL.fullmatch(label):
            raise click.BadParameter(f"{label!r}: {LABEL_ACCEPTED}")
    return value


def required_token(value: str | None) -> str:
    """What MUTOSCOPE_WORKER_TOKEN holds. Raises UsageError where it is not set."""
    if not value:
        raise click.UsageError(
            "MUTOSCOPE_WORKER_TOKEN is not set; the server's operator makes one: mutoscope keys create --scope worker"
        )
    return value
