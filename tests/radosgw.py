"""A real S3 server for the tests: Ceph's object gateway from the system's packages, its disk in memory.

One monitor, one storage daemon and one gateway, on loopback, in a folder of their own. They end with this process.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from mutoscope.storage.presign import Credentials, presigned
from tests.ports import reserved_port

BUCKET, REGION = "mutoscope-tests", "us-east-1"
PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
CONFIG = """
[global]
fsid = {fsid}
mon_host = v2:127.0.0.1:{mon}
keyring = {folder}/keyring
auth_allow_insecure_global_id_reclaim = false
run_dir = {folder}
admin_socket =
pid_file =
log_to_file = false
log_to_stderr = true
err_to_stderr = true
mon_cluster_log_to_file = false
mon_data = {folder}/mon
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 2000
mon_data_avail_warn = 1
mon_data_avail_crit = 1
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 2147483648
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_crush_initial_weight = 1
osd_op_num_shards = 1
rgw_enable_usage_log = false
rgw_num_rados_handles = 1
rgw_thread_pool_size = 64
rgw_override_bucket_index_max_shards = 1
rgw_rados_pool_pg_num_min = 1

[client]
rgw_frontends = beast endpoint={address}:{port} tcp_nodelay=1
"""

KEYS = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
    "osd.0": {"mon": "allow profile osd", "osd": "allow *", "mgr": "allow profile osd"},
}
"""Who takes part, and what each may do where."""


def missing() -> str:
    """Which of its programs are not installed; "" when all are."""
    return ", ".join(name for name in PROGRAMS if not shutil.which(name))


@dataclass
class Gateway:
    """A running S3 server with one user.

    address   of this machine, at which it listens.
    """

    folder: Path
    address: str = "127.0.0.1"
    key_id: str = field(default_factory=lambda: "AK" + secrets.token_hex(8).upper())
    secret: str = field(default_factory=lambda: secrets.token_hex(20))
    port: int = 0
    _cluster: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _gateway: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://{self.address}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to use it."""
        return {
            "AWS_ACCESS_KEY_ID": self.key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
        }

    def create(self) -> None:
        """Make the cluster and the user."""
        self.port, mon, fsid, osd = reserved_port(), reserved_port(), str(uuid.uuid4()), str(uuid.uuid4())
        (self.folder / "ceph.conf").write_text(
            CONFIG.format(folder=self.folder, fsid=fsid, mon=mon, address=self.address, port=self.port), "utf-8"
        )
        for name in ("mon", "osd"):
            (self.folder / name).mkdir()
        for number, (who, may) in enumerate(KEYS.items()):
            create = [] if number else ["--create-keyring"]
            caps = [word for service, what in may.items() for word in ("--cap", service, what)]
            self._run("ceph-authtool", str(self.folder / "keyring"), *create, "--gen-key", "-n", who, *caps)
        where = f"[v2:127.0.0.1:{mon}/0]"
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", where, str(self.folder / "map"))
        self._run(
            "ceph-mon",
            "--mkfs",
            "-i",
            "a",
            "--monmap",
            str(self.folder / "map"),
            "--keyring",
            str(self.folder / "keyring"),
        )
        self._cluster.append(self._begin("ceph-mon", "-i", "a", "-f"))
        self._run("ceph", "osd", "new", osd, "0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._cluster.append(self._begin("ceph-osd", "-i", "0", "-f"))
        user = ("--uid=tests", "--display-name=tests", f"--access-key={self.key_id}", f"--secret={self.secret}")
        self._run("radosgw-admin", "user", "create", *user)

    def start(self) -> None:
        """Start the gateway, and wait until it answers."""
        self._gateway = self._begin("radosgw", "-n", "client.admin", "-f")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                httpx.get(self.endpoint, trust_env=False)
            except httpx.TransportError:
                assert self._gateway.poll() is None, "the gateway ended"
                time.sleep(0.05)
            else:
                return
        raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])

    def stop(self) -> None:
        """The gateway is gone at once; what it stored stays in the cluster."""
        _end(self._gateway)
        self._gateway = None

    def pause(self) -> None:
        """From now on it takes connections and answers nothing."""
        assert self._gateway is not None
        self._gateway.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        assert self._gateway is not None
        self._gateway.send_signal(signal.SIGCONT)

    @contextmanager
    def slow(self) -> Iterator[None]:
        """It sleeps most of the time while the block lasts: what took 10 ms takes a second."""
        over = threading.Event()

        def drag() -> None:
            while not over.is_set():
                self.pause()
                over.wait(0.6)
                self.resume()
                over.wait(0.05)

        thread = threading.Thread(target=drag, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def log(self) -> str:
        """What all of it wrote so far."""
        return (self.folder / "log").read_text(errors="replace")

    def close(self) -> None:
        """End everything."""
        self.stop()
        for process in reversed(self._cluster):
            _end(process)

    def make_bucket(self) -> None:
        """The bucket of all tests; each keeps to a prefix of its own."""
        url = presigned(
            "PUT",
            f"{self.endpoint}/{BUCKET}",
            credentials=self.credentials,
            region=REGION,
            at=datetime.now(UTC),
            expires_s=60,
        )
        httpx.put(url, trust_env=False, timeout=60).raise_for_status()

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.key_id, self.secret)

    def place(self) -> str:
        """Where a test may keep files: nobody else does."""
        return f"s3://{BUCKET}/{uuid.uuid4().hex}"

    def _run(self, program: str, *arguments: str) -> None:
        command = self._command(program, arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{program}: {done.stderr[-2000:]}"

    def _begin(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._command(program, arguments)], stdout=log, stderr=log
            )

    def _command(self, program: str, arguments: tuple[str, ...]) -> list[str]:
        return [program, "-c", str(self.folder / "ceph.conf"), *arguments]


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        process.send_signal(signal.SIGKILL)
        process.wait(60)


@contextmanager
def launched(address: str = "127.0.0.1") -> Iterator[Gateway]:
    """A running gateway in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="mutoscope-s3-") as folder:
        gateway = Gateway(Path(folder), address)
        try:
            gateway.create()
            gateway.start()
            gateway.make_bucket()
            yield gateway
        finally:
            gateway.close()
