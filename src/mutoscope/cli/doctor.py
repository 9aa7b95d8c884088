"""`mutoscope doctor`: what this machine has and lacks, and what to do about it. Changes nothing, needs no server."""

from __future__ import annotations

import asyncio
import ctypes
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from mutoscope import logs, settings
from mutoscope.cli import exits, output
from mutoscope.cli.checks import LOW_DISK_BYTES, Check
from mutoscope.cli.connect import answers
from mutoscope.client import ClientError
from mutoscope.client import credentials as client_credentials
from mutoscope.errors import MutoscopeError
from mutoscope.storage.base import Storage
from mutoscope.storage.opening import open_storage
from mutoscope.store.address import check_address, shown

MOST_SKEW_S = 300.0


@click.command("doctor", epilog="Example: mutoscope doctor --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--live", metavar="URL", help="Check a running server instead; runs one test card there.")
def command(as_json: bool, live: str | None) -> None:
    """Check what this machine has and lacks, or whether a running server does its work.

    Ends with 1 when something is missing that the server cannot do without.
    """
    if live is not None:
        from mutoscope.cli.live import look as look_at  # noqa: PLC0415 - only when asked for

        checks = list(look_at(live))
    else:
        checks = [check for look in LOOKS for check in look()]
    if as_json:
        output.emit_json([{**asdict(check), "verdict": check.verdict} for check in checks])
    else:
        rows = [(c.name, c.verdict, c.found, "" if c.is_ok else c.remedy) for c in checks]
        output.emit_table(("check", "", "found", "what to do"), rows)
    if any(not check.is_ok and check.is_required for check in checks):
        raise click.exceptions.Exit(exits.FAILED)


def _python() -> Iterator[Check]:
    version = platform.python_version()
    yield Check("Python", version, sys.version_info >= (3, 11), remedy="install Python 3.11 or newer")
    known = sys.platform in ("linux", "darwin")
    yield Check("platform", platform.platform(), known, remedy="use Linux, macOS, WSL2 or the container image")


def _folders() -> Iterator[Check]:
    found = settings.load()
    free = shutil.disk_usage(_existing(found.data)).free
    yield Check(
        "free disk",
        f"{free / 1e9:.1f} GB at {found.data}",
        free >= LOW_DISK_BYTES,
        is_required=False,
        remedy="make room, or set MUTOSCOPE_DATA to another disk",
    )
    for name, folder in (("data folder", found.data), ("cache folder", found.cache)):
        remedy = f"make it writable, or set MUTOSCOPE_{name.split()[0].upper()}"
        yield Check(name, str(folder), _is_writable(folder), remedy=remedy)


def _database() -> Iterator[Check]:
    address = settings.load().database
    try:
        if address:
            check_address(address)
    except MutoscopeError as exc:
        yield Check("database", shown(address), False, remedy=exc.message)
    else:
        yield Check("database", shown(address), True)


def _storage() -> Iterator[Check]:
    """A bucket: whether it does what it is for, and whether its clock is ours. A folder is looked at with the data."""
    found = settings.load()
    if found.files is not None:
        return
    remedy = "set MUTOSCOPE_STORAGE… and AWS_…; docs/how-to/store-files-in-s3.md has the steps"
    try:
        storage = open_storage(
            found.storage,
            endpoint=found.storage_endpoint,
            region=found.storage_region,
            style=found.storage_style,
            environ=os.environ,
        )
    except MutoscopeError as exc:
        yield Check("bucket", exc.message, False, remedy=remedy)
        return
    yield from asyncio.run(_bucket(storage, found.storage, remedy))


async def _bucket(storage: Storage, address: str, remedy: str) -> list[Check]:
    logs.configure("auto", "error")  # what is wrong is told in the table
    where = f"{address} at {storage.origin}"
    try:
        await storage.check()
        skew_s = await storage.clock_skew_s()
    except MutoscopeError as exc:
        return [Check("bucket", f"{where}: {storage.trouble or exc.message}", False, remedy=remedy)]
    finally:
        await storage.close()
    return [
        Check("bucket", f"{where}: written, read, removed", True),
        Check(
            "bucket's clock",
            f"{skew_s:+.0f} s from ours",
            abs(skew_s) < MOST_SKEW_S,
            remedy="set this machine's clock (NTP); S3 refuses what was signed a quarter of an hour ago",
        ),
    ]


def _engines() -> Iterator[Check]:
    from mutoscope.engines import registry  # noqa: PLC0415 - a broken engine is to be reported, not to stop us

    for name in registry.names():
        try:
            found, is_ok = f"version {registry.load(name).version}", True
        except (MutoscopeError, ImportError, OSError) as exc:
            found, is_ok = str(exc), False
        yield Check(
            f"engine {name}",
            found,
            is_ok,
            is_required=name in registry.ENGINES,
            remedy="install mutoscope again, or the package this engine names",
        )


def _models() -> Iterator[Check]:
    """Models that cannot run for want of something, such as the key of an account."""
    from mutoscope import equipment  # noqa: PLC0415 - brings the engines along
    from mutoscope.catalog import fitted  # noqa: PLC0415 - as above

    try:
        catalog, (capabilities, _) = equipment.load_catalog(settings.load()), equipment.engines()
    except MutoscopeError as exc:
        yield Check("manifests", exc.message, False, remedy="repair them; the server does not start with them")
        return
    for model in catalog.models:
        if needs := fitted(model, capabilities).needs:
            remedy = "set it for the server and its workers; until then the model is not offered"
            yield Check(f"model {model.id}", f"needs {needs}", False, is_required=False, remedy=remedy)


def _encoders() -> Iterator[Check]:
    if importlib.util.find_spec("av") is None:
        yield Check("video encoders", "PyAV is not installed", is_ok=False, remedy="pip install av")
        return
    import av  # noqa: PLC0415 - a large library that only this needs

    for name, is_required in (("libx264", True), ("libsvtav1", False), ("libx265", False)):
        remedy = "install PyAV's own wheel (pip install av), or an FFmpeg with this encoder"
        yield Check(f"encoder {name}", f"PyAV {av.__version__}", name in av.codecs_available, is_required, remedy)


def _sandbox() -> Iterator[Check]:
    limits = importlib.util.find_spec("resource") is not None
    yield Check("process limits", "resource", limits, remedy="use Linux, macOS, WSL2 or the container image")
    if sys.platform == "linux":
        has_prctl = hasattr(ctypes.CDLL(None), "prctl")
        found = f"pidfd {'yes' if hasattr(os, 'pidfd_open') else 'no'}, prctl {'yes' if has_prctl else 'no'}"
        yield Check("process control", found, has_prctl, is_required=False, remedy="use a kernel of 5.3 or newer")


def _decoding() -> Iterator[Check]:
    if importlib.util.find_spec("av") is None or importlib.util.find_spec("resource") is None:
        return  # told above
    from mutoscope.media.sandbox import Prober  # noqa: PLC0415 - brings codecs along

    with Prober() as prober:
        try:
            found = prober.protections()
        except MutoscopeError as exc:
            yield Check(
                "decoding apart", exc.message, is_ok=False, remedy="use Linux, macOS, WSL2 or the container image"
            )
            return
    yield Check("decoding apart", "limits: " + ", ".join(found), is_ok=bool(found))
    if sys.platform == "linux":
        has_filter = "system call filter" in found
        remedy = "use x86-64 or arm64 and a kernel with seccomp; files are still decoded under the limits above"
        yield Check("call filter", "seccomp" if has_filter else "not in force", has_filter, False, remedy)


def _server() -> Iterator[Check]:
    try:
        found = client_credentials.find(None, None)
    except ClientError as exc:
        yield Check("server", str(exc), is_ok=False, is_required=False, remedy="correct the setting or the file")
        return
    remedy = "start one with `mutoscope serve`, or set MUTOSCOPE_URL"
    yield Check("server", found.url, answers(found.url), is_required=False, remedy=remedy)
    where = f"looked in MUTOSCOPE_API_KEY and {client_credentials.path()}"
    remedy = "the first `mutoscope serve` makes one"
    yield Check("API key", "found" if found.api_key else where, found.api_key is not None, False, remedy)


LOOKS: tuple[Callable[[], Iterator[Check]], ...] = (
    _python,
    _folders,
    _database,
    _storage,
    _engines,
    _models,
    _encoders,
    _sandbox,
    _decoding,
    _server,
)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _is_writable(folder: Path) -> bool:
    """Whether files can be made there; the folder itself is not."""
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return True
    except OSError:
        return False
