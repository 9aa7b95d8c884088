"""Every knob of the server, declared once: name, type, default and one sentence.

`mutoscope serve --help`, the environment (`MUTOSCOPE_*`) and docs/reference/settings.md are all made from this
table. Settings are read at the top (`app`, `cli`) and passed down as plain arguments.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mutoscope.errors import ConfigError

_BUCKET = "s3://"
_ADDRESS = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")


@dataclass(frozen=True, slots=True)
class Setting:
    """One knob. `env` is the environment variable; the command-line option is the name with dashes."""

    name: str
    type: type
    default: Any
    text: str
    secret: bool = False

    @property
    def env(self) -> str:
        return f"MUTOSCOPE_{self.name.upper()}"


def _user_folder(variable: str, fallback: str) -> Path:
    base = os.environ.get(variable)
    return (Path(base) if base else Path.home() / fallback) / "mutoscope"


SETTINGS: tuple[Setting, ...] = (
    Setting("host", str, "127.0.0.1", "Address the server listens on."),
    Setting("port", int, 8000, "Port the server listens on; 0 picks a free one."),
    Setting("data", Path, None, "Folder for database and files; the user's data folder, `mutoscope`, when not given."),
    Setting("cache", Path, None, "Folder for compiled kernels and weights; the user's cache folder when not given."),
    Setting("database", str, "", "Database address, `postgresql://…`; empty means SQLite in the data folder."),
    Setting(
        "storage",
        str,
        "",
        "Where files are kept: a folder, or `s3://bucket/prefix`; empty means `files` in the data folder.",
    ),
    Setting(
        "storage_endpoint",
        str,
        "",
        "Address of the S3 server, such as `https://s3.example:9000`; else `AWS_ENDPOINT_URL_S3`, else AWS itself.",
    ),
    Setting("storage_region", str, "", "Region of the bucket; else `AWS_REGION`, else `us-east-1`."),
    Setting(
        "storage_style",
        str,
        "",
        "Addresses in the bucket: `path` (server/bucket/key) or `virtual` (bucket.server/key); empty: as is usual.",
    ),
    Setting(
        "storage_direct",
        str,
        "all",
        "Who may go straight to the bucket: `all`, `workers`, or `none`; others get the bytes through the server.",
    ),
    Setting("public_url", str, "", "Address clients reach the server at; empty means the host each request names."),
    Setting("workers", int, 1, "Worker processes started with the server; 0 for none."),
    Setting("engines", str, "", "Engines the server's own workers run, separated by commas; empty means all."),
    Setting("engine_files", str, "", "Python files with engines of your own, separated by colons; read at the start."),
    Setting(
        "comfyui_servers",
        str,
        "",
        "Addresses of ComfyUI servers, separated by commas, for workflows whose manifest names none.",
    ),
    Setting("comfyui_folder", str, "", "Folder of a ComfyUI that is started for them when no server is named."),
    Setting(
        "gpu_memory_gb",
        float,
        0.0,
        "Memory that all models of the engine `diffusers` may take together on a GPU, in GiB; 0: nine tenths of it.",
    ),
    Setting("render_processes", int, 1, "Processes that render one video of the engine `parallax`, on many cores."),
    Setting(
        "hardware_prices",
        str,
        "",
        "What an hour of a deployment's work costs, in USD by its hardware, such as `AMPERE_48=2.5`; nothing.",
    ),
    Setting(
        "engine_keys",
        str,
        "",
        "Variables with keys that an engine is given, such as `comfyui:HF_TOKEN`, separated by commas; none.",
    ),
    Setting(
        "vendors",
        str,
        "",
        "Whose models are offered, by commas: `runcomfy` by your account there, `open` for all open weights; none.",
    ),
    Setting("manifests", Path, None, "Folder with your own model manifests, read after the built-in ones."),
    Setting(
        "pages",
        Path,
        None,
        "Folder with your own support.md, terms.md, privacy.md, cookies.md; `pages` in the data folder when not given.",
    ),
    Setting("api_key", str, "", "First API key of an empty data folder; made and printed when not given.", True),
    Setting(
        "fetch_allow",
        str,
        "",
        "Private networks that input addresses and webhooks may point to, such as `10.0.0.0/8`; none.",
    ),
    Setting(
        "trusted_proxies",
        str,
        "",
        "Networks of reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; none.",
    ),
    Setting(
        "checks_per_minute", int, 60, "Addresses that one key may have checked per minute by POST /v1/inputs/check."
    ),
    Setting("max_body_bytes", int, 64 * 2**20, "Largest JSON body accepted, data URIs included."),
    Setting("max_upload_bytes", int, 200 * 2**20, "Largest file accepted by POST /v1/files."),
    Setting("min_free_bytes", int, 256 * 2**20, "Free disk space below which new work is refused with 507."),
    Setting("max_queued", int, 0, "Requests that may wait, of everybody; more are refused with 503. 0: no limit."),
    Setting(
        "cache_price_share",
        float,
        0.0,
        "Share of its price, 0 to 1, that a request costs which gets an earlier output (`Mutoscope-Cache: use`).",
    ),
    Setting("file_url_ttl_s", int, 7 * 86400, "How long a signed file address stays valid, in seconds."),
    Setting(
        "keep_requests_s",
        int,
        0,
        "How many seconds finished requests with all that belongs to them are kept; 0: until deleted.",
    ),
    Setting(
        "keep_outputs_s",
        int,
        0,
        "How many seconds what finished requests made is kept; 0: until deleted.",
    ),
    Setting(
        "keep_inputs_s",
        int,
        0,
        "How many seconds the bodies of finished requests and the files inside them are kept; 0: until deleted.",
    ),
    Setting(
        "keep_uploads_s",
        int,
        0,
        "How many seconds uploaded files are kept, while no unfinished request needs them; 0: until deleted.",
    ),
    Setting(
        "keep_events_s",
        int,
        30 * 86400,
        "How many seconds progress and log lines of finished requests are kept; 0: until deleted.",
    ),
    Setting(
        "keep_deliveries_s",
        int,
        30 * 86400,
        "How many seconds webhooks that were delivered or failed are kept in the log; 0: until deleted.",
    ),
    Setting("lease_s", float, 10.0, "How long a worker may be silent before its request is handed on, in seconds."),
    Setting(
        "runpod_lease_s",
        float,
        30.0,
        "How long a RunPod worker may be silent before its job is handed on, in seconds; it pings every 10 by itself.",
    ),
    Setting("beat_s", float, 3.0, "How often a worker tells that it is alive, in seconds."),
    Setting(
        "warm_wait_s",
        float,
        2.0,
        "How long a request is left to a free worker that has its model loaded before another loads it, in seconds.",
    ),
    Setting("drain_s", float, 30.0, "How long a stopping server lets running requests finish, in seconds."),
    Setting("webhook_timeout_s", float, 10.0, "How long the receiver of a webhook may take to answer, in seconds."),
    Setting("webhook_concurrency", int, 32, "How many webhooks are on their way at once."),
    Setting(
        "webhook_backoff_s",
        str,
        "5,30,120,600,3600,10800,21600,43200",
        "Pauses between the tries to send a webhook, in seconds; after the last one it has failed.",
    ),
    Setting(
        "traces",
        str,
        "",
        "OTLP/HTTP address that traces are sent to, such as `http://127.0.0.1:4318`; none when empty.",
    ),
    Setting("log_format", str, "auto", "Log lines as `json` or `text`; `auto` is text on a terminal."),
    Setting("log_level", str, "info", "Smallest severity that is logged: debug, info, warning or error."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force; field for field the table above."""

    host: str
    port: int
    data: Path
    cache: Path
    database: str
    storage: str
    storage_endpoint: str
    storage_region: str
    storage_style: str
    storage_direct: str
    public_url: str
    workers: int
    engines: str
    engine_files: str
    comfyui_servers: str
    comfyui_folder: str
    gpu_memory_gb: float
    render_processes: int
    hardware_prices: str
    engine_keys: str
    vendors: str
    manifests: Path | None
    pages: Path | None
    api_key: str
    fetch_allow: str
    trusted_proxies: str
    checks_per_minute: int
    max_body_bytes: int
    max_upload_bytes: int
    min_free_bytes: int
    max_queued: int
    cache_price_share: float
    file_url_ttl_s: int
    keep_requests_s: int
    keep_outputs_s: int
    keep_inputs_s: int
    keep_uploads_s: int
    keep_events_s: int
    keep_deliveries_s: int
    lease_s: float
    runpod_lease_s: float
    beat_s: float
    warm_wait_s: float
    drain_s: float
    webhook_timeout_s: float
    webhook_concurrency: int
    webhook_backoff_s: str
    traces: str
    log_format: str
    log_level: str

    @property
    def files(self) -> Path | None:
        """The folder where files are kept; None when that is a bucket."""
        if self.storage.startswith(_BUCKET):
            return None
        return Path(self.storage) if self.storage else self.data / "files"


def load(options: Mapping[str, Any] | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings from options (which win), the environment and the defaults.

    options   by name; None means not given.
    Raises ConfigError that names the setting, what was found and what is accepted.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    values = {s.name: given[s.name] if s.name in given else _from_environment(s, environ.get(s.env)) for s in SETTINGS}
    values["data"] = values["data"] or _user_folder("XDG_DATA_HOME", ".local/share")
    values["cache"] = values["cache"] or _user_folder("XDG_CACHE_HOME", ".cache")
    assert set(values) == {f.name for f in fields(Settings)}
    _check(values)
    return Settings(**values)


def _from_environment(setting: Setting, text: str | None) -> Any:
    if text is None or text == "":
        return setting.default
    try:
        return setting.type(text)
    except ValueError as exc:
        kind = {"int": "a whole number", "float": "a number"}.get(setting.type.__name__, setting.type.__name__)
        raise ConfigError(f"{setting.env}: {text!r} is not {kind}") from exc


def _check(values: Mapping[str, Any]) -> None:
    limits = {
        "port": (0, 65535),
        "workers": (0, 256),
        "checks_per_minute": (1, 100_000),
        "max_body_bytes": (1024, 2**31),
        "max_upload_bytes": (1024, 2**40),
        "max_queued": (0, 10**9),
        "cache_price_share": (0.0, 1.0),
        "file_url_ttl_s": (1, 10 * 365 * 86400),
        **{s.name: (0, 100 * 365 * 86400) for s in SETTINGS if s.name.startswith("keep_")},
        "gpu_memory_gb": (0.0, 100_000.0),
        "render_processes": (1, 64),
        "lease_s": (1.0, 3600.0),
        "runpod_lease_s": (1.0, 3600.0),
        "beat_s": (0.1, 600.0),
        "warm_wait_s": (0.0, 600.0),
        "drain_s": (0.0, 86400.0),
        "webhook_timeout_s": (0.1, 60.0),
        "webhook_concurrency": (1, 1000),
    }
    for name, (low, high) in limits.items():
        if not low <= values[name] <= high:
            raise ConfigError(f"MUTOSCOPE_{name.upper()}: found {values[name]}; accepted is {low} to {high}")
    if values["public_url"] and not _ADDRESS.fullmatch(values["public_url"]):
        raise ConfigError(
            f"MUTOSCOPE_PUBLIC_URL: found {values['public_url']!r}; accepted is an address such as https://video.example"
        )
    if values["storage"] and not (values["storage"].startswith(_BUCKET) or Path(values["storage"]).is_absolute()):
        raise ConfigError(
            f"MUTOSCOPE_STORAGE: found {values['storage']!r}; accepted is a folder such as /srv/files, "
            "or s3://bucket/prefix"
        )
    if values["beat_s"] * 2 > values["lease_s"]:
        raise ConfigError("MUTOSCOPE_BEAT_S: must be at most half of MUTOSCOPE_LEASE_S")
    for name, words in (
        ("storage_style", ("", "path", "virtual")),
        ("storage_direct", ("all", "workers", "none")),
        ("log_format", ("auto", "json", "text")),
        ("log_level", ("debug", "info", "warning", "error")),
    ):
        if values[name] not in words:
            raise ConfigError(
                f"MUTOSCOPE_{name.upper()}: found {values[name]!r}; accepted are {', '.join(filter(None, words))}"
            )
