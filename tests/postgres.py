"""A PostgreSQL server for the tests: from the system's packages, in a folder of its own, as safe as in earnest."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.ports import reserved_port

USER = "mutoscope"


def binaries() -> Path | None:
    """The folder of the newest installed server that is new enough, if there is one."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    found += [Path(path).parent.resolve() for name in ("postgres",) if (path := shutil.which(name))]
    usable = [folder for folder in found if (folder / "initdb").exists() and _major(folder) >= 15]
    return max(usable, key=_major, default=None)


def _major(folder: Path) -> int:
    words = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout.split()
    return int(words[2].split(".")[0])


@dataclass
class Server:
    """One server; databases are made in it as they are needed."""

    folder: Path
    binaries: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def address(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}"

    def create(self) -> None:
        """Make the cluster. PostgreSQL refuses to run as root, so it runs as nobody then."""
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        (self.folder / "log").touch(mode=0o666)
        command: list[str | Path] = [
            self.binaries / "initdb",
            "-D",
            self.folder / "data",
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        command += ["--locale=C.UTF-8", "--no-sync"]
        subprocess.run(self.as_user(command), check=True, capture_output=True, cwd=self.folder)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.begin()
        self.wait()

    def begin(self) -> None:
        """Start it, from the main thread: it ends with the thread that started it."""
        if not self.port:
            self.port = reserved_port()
        command: list[str | Path] = [
            self.binaries / "postgres",
            "-D",
            self.folder / "data",
            "-p",
            str(self.port),
            "-h",
            "127.0.0.1",
        ]
        command += ["-k", self.folder, "-c", "max_connections=200", "-c", "shared_buffers=32MB"]
        command += ["-c", "deadlock_timeout=100ms", "-c", "log_min_messages=warning"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.as_user(command), stdout=log, stderr=log, cwd=self.folder)

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                psycopg.connect(f"{self.address}/postgres", connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """SIGQUIT: at once, as in a crash. SIGINT: in order, connections are cut."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"site_{next(self._numbers)}_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(f"{self.address}/postgres", autocommit=True) as connection:
            connection.execute(f'create database "{name}"')
        return f"{self.address}/{name}"

    def drop(self, address: str) -> None:
        """Remove a database, whoever is connected to it."""
        with psycopg.connect(f"{self.address}/postgres", autocommit=True) as connection:
            connection.execute(f'drop database if exists "{address.rpartition("/")[2]}" with (force)')

    def as_user(self, command: Sequence[str | Path]) -> list[str | Path]:
        """The command as somebody who may run it, and ended when we end."""
        user: list[str] = []
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            user = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        return ["setpriv", "--pdeathsig", "QUIT", *user, *command]


@contextmanager
def launched(binaries: Path) -> Iterator[Server]:
    """A running server in a folder of its own, outside of pytest's: its socket's path must be short."""
    with tempfile.TemporaryDirectory(prefix="mutoscope-pg-") as folder:
        server = Server(Path(folder), binaries)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
