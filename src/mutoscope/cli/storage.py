"""`mutoscope storage`: where a site's files are kept, a folder or a bucket of S3."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path

import click

from mutoscope import logs, settings
from mutoscope.cli import exits, output
from mutoscope.errors import ConfigError
from mutoscope.storage import copying
from mutoscope.storage.address import is_bucket
from mutoscope.storage.base import Storage
from mutoscope.storage.opening import open_storage


@click.group("storage")
def command() -> None:
    """Look after the files.

    Example: mutoscope storage copy /srv/mutoscope/files s3://my-videos/mutoscope
    """


@command.command("copy")
@click.argument("source")
@click.argument("target")
def copy(source: str, target: str) -> None:
    """Copy all files from one place to another, and read each back; the server may go on meanwhile.

    SOURCE and TARGET are folders of files, or s3://bucket/prefix as MUTOSCOPE_STORAGE_… and AWS_… say. What is there
    already is not copied again, and nothing is removed.

    Example: mutoscope storage copy /srv/mutoscope/files s3://my-videos/mutoscope
    """
    found = settings.load()
    logs.configure(found.log_format, found.log_level)
    if not is_bucket(source) and not (Path(source) / "00").is_dir():
        raise ConfigError(f"{source}: no files of a site; they are in `files` in its data folder")
    places = [_opened(found, where) for where in (source, target)]
    told = asyncio.run(_copy(*places))
    click.echo(f"{told['copied']} file(s) copied, {told['there']} were there already")
    if told["failed"]:
        output.say(f"{told['failed']} file(s) could not be copied; run it again")
        raise click.exceptions.Exit(exits.FAILED)


async def _copy(source: Storage, target: Storage) -> Counter[str]:
    try:
        await target.check()
        return await copying.copy(source, target, say=lambda line: click.echo(line, err=True))
    finally:
        await source.close()
        await target.close()


def _opened(found: settings.Settings, where: str) -> Storage:
    return open_storage(
        where,
        endpoint=found.storage_endpoint,
        region=found.storage_region,
        style=found.storage_style,
        environ=os.environ,
    )
