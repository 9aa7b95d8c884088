"""The command line against a small real server: what it prints, where, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner, Result
from starlette.responses import JSONResponse, Response, StreamingResponse

import mutoscope
from mutoscope.app import add_owner_key
from mutoscope.cli import COMMANDS, Program, arguments, connect, exits, program
from mutoscope.cli.output import plain
from mutoscope.client import credentials
from mutoscope.store.opening import open_database
from mutoscope.store.sqlite import Sqlite
from mutoscope.store.store import Store

if TYPE_CHECKING:
    from tests.unit.conftest import Scripted, Seen

MODEL = "acme/film/image-to-video"
SUBMITTED = {"request_id": "r1", "status_url": "u", "result_url": "u", "cancel_url": "u"}
SCHEMA = {
    "type": "object",
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": "string", "maxLength": 800},
        "image_urls": {"type": "array", "items": {"type": "string", "format": "image_uri"}},
        "frames": {"type": "integer", "enum": [121, 241], "default": 121},
        "strength": {"type": "float"},
    },
}
METADATA = {
    "engine": "testcard",
    "seed": 7,
    "plan": {"applied": ["push-in"], "ignored": ["a classic car"]},
    "ignored_inputs": ["colour"],
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No server and key of the person who runs the tests; an empty folder to work in."""
    for name in [name for name in os.environ if name.startswith("MUTOSCOPE_")]:
        monkeypatch.delenv(name)
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def make(scripted: Scripted) -> Any:
    """The helpers of conftest, which `importlib` mode does not let us import."""
    return sys.modules[type(scripted).__module__]


@pytest.fixture
def film(scripted: Scripted, make: Any, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """A server with one model and one request that succeeds."""
    monkeypatch.setenv("MUTOSCOPE_URL", scripted.url)
    monkeypatch.setenv("MUTOSCOPE_API_KEY", "mk_test")
    entry = {"model_id": MODEL, "display_name": "Film", "categories": ["image-to-video"], "base_price_usd": 0.1}
    scripted.on("GET", "/v1/models", {"models": [entry], "total": 1})
    scripted.on("GET", f"/v1/models/{MODEL}", {**entry, "input_schema": SCHEMA})
    scripted.on("POST", f"/v1/models/{MODEL}", SUBMITTED)
    stream = make.events(
        (None, "position", {"queue_position": 2}),
        (1, "state", {"state": "in_progress"}),
        (2, "progress", {"progress": 0.5, "stage": "rendering"}),
        (3, "state", {"state": "completed"}),
    )
    scripted.on("GET", "/v1/requests/r1/events", stream)
    result = {"request_id": "r1", "status": "succeeded", "output": {"video": "/v1/files/f/x.mp4"}, "metadata": METADATA}
    scripted.on("GET", "/v1/requests/r1/result", result)
    scripted.on("GET", "/v1/files/f/x.mp4", Response(b"mp4 bytes"))
    return scripted


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(program, args, input=stdin)


def test_every_command_has_help_with_an_example() -> None:
    """Also those below a group; `serve` and `db` are described where they are written."""

    def walk(command: click.Command, path: tuple[str, ...]) -> None:
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                if not (isinstance(command, Program) and name in ("serve", "db")):
                    found = command.get_command(click.Context(command), name)
                    assert found is not None
                    walk(found, (*path, name))
        shown = run(*path, "--help")
        assert shown.exit_code == exits.OK, path
        assert "Example: " in shown.stdout, path

    walk(program, ())


def test_the_page_names_every_command_option_and_exit_code() -> None:
    """docs/reference/cli.md does not drift; `serve` and `db` have their own descriptions."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text("utf-8")
    for name in COMMANDS:
        assert f"`mutoscope {name}" in page
        command = program.get_command(click.Context(program), name) if name not in ("serve", "db") else None
        for part in command.commands.values() if isinstance(command, click.Group) else [command] if command else []:
            for option in (option for option in part.params if isinstance(option, click.Option)):
                assert option.opts[0] in page, (name, option.opts)
    for code, meaning in exits.MEANINGS.items():
        assert f"| {code} | {meaning} |" in page


def test_help_imports_no_command() -> None:
    """It answers at once, even where a command's own packages are broken."""
    code = "import sys, mutoscope.cli as c; c.program(['--help'], standalone_mode=False)\n"
    code += "assert not {'httpx', 'numpy', 'av', 'rich', 'mutoscope.settings'} & set(sys.modules), sys.modules.keys()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    for name in COMMANDS:
        assert f"  {name} " in done.stdout


def test_a_run_prints_the_path_alone_and_tells_the_rest_on_stderr(film: Scripted) -> None:
    """`open $(mutoscope run …)` works; the person reads stage, place, plan and seed."""
    Path("photo.png").write_bytes(b"png")
    film.on("POST", "/v1/files", {"file_id": "p", "url": "https://files/p.png"})
    done = run("run", MODEL, "--set", "prompt=121", "--set", "image_urls=photo.png", "--set", "frames=241")
    assert (done.exit_code, done.stdout) == (exits.OK, "r1_1.mp4\n")
    assert Path("r1_1.mp4").read_bytes() == b"mp4 bytes"
    sent = film.calls("POST", f"/v1/models/{MODEL}")[0].json
    assert sent == {"prompt": "121", "image_urls": ["https://files/p.png"], "frames": 241}
    said = ("in the queue, 2 ahead", "rendering", "engine: testcard", "seed: 7", "applied: push-in")
    for text in (*said, "ignored: a classic car", "unknown inputs: colour"):
        assert text in done.stderr
    assert "\x1b" not in done.stderr


def test_json_is_one_object_on_standard_output(film: Scripted) -> None:
    """The input comes from standard input here; outputs go into a new folder."""
    done = run("run", MODEL, "--json", "--input", "-", "--output-dir", "out", stdin='{"prompt": "p"}')
    answer = json.loads(done.stdout)
    assert (answer["state"], answer["files"]) == ("completed", ["out/r1_1.mp4"])
    assert film.calls("POST", f"/v1/models/{MODEL}")[0].json == {"prompt": "p"}


def test_a_refusal_in_json_is_one_object_too(film: Scripted, make: Any) -> None:
    """With the server's own code."""
    film.on("POST", f"/v1/models/{MODEL}", make.error(422, 422001, "prompt: is missing"))
    done = run("run", MODEL, "--json")
    assert done.exit_code == exits.BAD_INPUT
    assert json.loads(done.stdout)["error"]["error_code"] == 422001
    assert "prompt: is missing" in done.stderr


def test_a_quote_runs_nothing(film: Scripted) -> None:
    """Price and times as a table, or the server's answer as it is."""
    told = {
        "model_id": MODEL,
        "price": {"cost_usd": 0.5, "quantity": 5, "unit": "second", "explanation": "5 seconds x 0.1 USD = 0.5 USD"},
        "run": {"expected_s": 21.04, "p90_s": 30, "reason": None},
        "wait": {"expected_s": None, "queue_ahead": 3, "workers": 0, "reason": "no worker"},
        "ignored_inputs": ["colour"],
    }
    film.on("POST", f"/v1/quote/{MODEL}", told, told)
    done = run("run", MODEL, "--quote", "--set", "prompt=p")
    assert done.exit_code == exits.OK
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows == [
        ["price", "5 seconds x 0.1 USD = 0.5 USD"],
        ["wait", "unknown: no worker"],
        ["run", "about 21 s"],
        ["ahead", "3"],
        ["ignored", "colour"],
    ]
    assert json.loads(run("run", MODEL, "--quote", "--json", "--set", "prompt=p").stdout) == told
    assert film.calls("POST", f"/v1/models/{MODEL}") == []


def test_no_wait_prints_the_request_id(film: Scripted) -> None:
    """And asks nothing more."""
    done = run("run", MODEL, "--no-wait", "--input", '{"prompt": "p"}')
    assert (done.exit_code, done.stdout) == (exits.OK, "r1\n")
    assert film.calls("GET", "/v1/requests/r1/events") == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, exits.BAD_INPUT),
        (401, exits.NO_PERMISSION),
        (402, exits.BAD_INPUT),
        (403, exits.NO_PERMISSION),
        (404, exits.BAD_INPUT),
        (408, exits.TRY_LATER),
        (422, exits.BAD_INPUT),
        (429, exits.TRY_LATER),
        (500, exits.UNAVAILABLE),
        (503, exits.UNAVAILABLE),
    ],
)
def test_exit_codes_are_those_of_runcomfys_command_line(film: Scripted, make: Any, status: int, code: int) -> None:
    """One short message, no traceback."""
    film.on("POST", f"/v1/models/{MODEL}", make.error(status, status * 1000 + 1, "because"))
    done = run("run", MODEL, "--input", "{}")
    assert done.exit_code == code
    assert done.stderr.splitlines()[0] == f"Error: because [{status}001]"


@pytest.mark.parametrize(
    "args",
    [
        ("nosuch",),
        ("run",),
        ("run", MODEL, "--nosuch"),
        ("run", MODEL, "--input", "[1]"),
        ("run", MODEL, "--input", "{"),
        ("run", MODEL, "--input", "@nosuch.json"),
        ("run", MODEL, "--set", "prompt"),
        ("run", MODEL, "--set", "frames=many"),
        ("run", "a//b", "--input", "{}"),
        ("models", "list", "--url", "ftp://x"),
        ("models", "check", "/no/such/folder"),
        ("worker", "--server", "http://127.0.0.1:1"),
        ("keys", "create"),
    ],
)
def test_wrong_arguments_end_with_64(film: Scripted, args: tuple[str, ...]) -> None:
    """Short and clear."""
    done = run(*args)
    assert done.exit_code == exits.USAGE
    assert "Error: " in done.stderr
    assert len(done.stderr.splitlines()) <= 4
    assert film.calls("POST", f"/v1/models/{MODEL}") == []


def test_a_failed_request_ends_with_1(film: Scripted, make: Any) -> None:
    """With the server's message."""
    film.on("GET", "/v1/requests/r1/events", make.events((1, "state", {"state": "failed", "error": "bad photo"})))
    film.on("GET", "/v1/requests/r1/result", {"status": "failed", "error": "bad photo"})
    done = run("run", MODEL, "--input", "{}")
    assert done.exit_code == exits.FAILED
    assert "Error: bad photo" in done.stderr


def test_a_time_limit_ends_with_75_and_cancels(film: Scripted) -> None:
    """Nobody pays for what nobody waits for."""
    film.on("GET", "/v1/requests/r1/events", 404)
    film.on("GET", "/v1/requests/r1/status", {"status": "in_progress"})
    film.on("POST", "/v1/requests/r1/cancel", {"status": "cancelled", "outcome": "cancelled"})
    assert run("run", MODEL, "--input", "{}", "--timeout", "0.1").exit_code == exits.TRY_LATER
    assert len(film.calls("POST", "/v1/requests/r1/cancel")) == 1


def test_an_unreachable_server_ends_with_69(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said with its address and what to do."""
    monkeypatch.setenv("MUTOSCOPE_URL", "http://127.0.0.1:9")
    done = run("models", "list")
    assert done.exit_code == exits.UNAVAILABLE
    assert "http://127.0.0.1:9" in done.stderr
    assert "mutoscope serve" in done.stderr


def test_lists_are_tab_separated_away_from_a_terminal(film: Scripted) -> None:
    """One line each, no heading, nothing cut off."""
    film.on("GET", "/v1/keys", {"keys": [{"key_id": "k1", "name": "ci\x1b[31m", "scopes": ["run", "read"]}]})
    row = {"request_id": "r1", "model_id": MODEL, "state": "failed", "error": "no\nphoto", "created_at": "2026-01-02"}
    film.on("GET", "/v1/requests", {"requests": [row], "next_cursor": None})
    film.on("GET", "/v1/usage", {"usage": [{"request_id": "r1", "cost_usd": 0.5}], "total_usd": 0.5})
    assert run("models", "list").stdout == f"{MODEL}\tFilm\timage-to-video\t0.1/\n"
    assert run("keys", "list").stdout == "k1\tci[31m\t\trun read\t\t\t\t\n"
    assert run("requests", "list", "--state", "failed").stdout == f"r1\tfailed\t2026-01-02\t{MODEL}\tno photo\n"
    assert run("usage").stdout == "\tr1\t\t\t\t0.5\t\n"
    assert "prompt\tstring\trequired\tmaxLength 800" in run("models", "show", MODEL).stdout
    for args in (("models", "list"), ("models", "show", MODEL), ("keys", "list"), ("requests", "list"), ("usage",)):
        json.loads(run(*args, "--json").stdout)


def test_a_new_key_is_alone_on_standard_output(film: Scripted) -> None:
    """So that it can be stored without being shown."""
    film.on("POST", "/v1/keys", {"key_id": "k2", "name": "ci", "scopes": ["run"], "key": "mk_new"})
    film.on("DELETE", "/v1/keys/k2", 204)
    done = run("keys", "create", "--name", "ci", "--scope", "run", "--expires-in-days", "0.5")
    assert done.stdout == "mk_new\n"
    assert "mk_new" not in done.stderr
    assert film.calls("POST", "/v1/keys")[0].json == {"name": "ci", "scopes": ["run"], "expires_in_s": 43200}
    assert run("keys", "revoke", "k2").exit_code == exits.OK


def test_requests_are_shown_followed_cancelled_saved_and_deleted(film: Scripted) -> None:
    """Each subcommand, once."""
    film.on("GET", "/v1/requests/r1", {"request_id": "r1", "state": "in_progress", "inputs": {"prompt": "p"}})
    film.on("POST", "/v1/requests/r1/cancel", {"status": "in_progress", "outcome": "not_cancellable"})
    film.on("DELETE", "/v1/requests/r1", 204)
    assert json.loads(run("requests", "show", "r1").stdout)["inputs"] == {"prompt": "p"}
    assert "2\tprogress\tprogress=0.5 stage=rendering" in run("requests", "events", "r1").stdout
    lines = run("requests", "events", "r1", "--json").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [None, 1, 2, 3]
    cancelled = run("requests", "cancel", "r1")
    assert cancelled.exit_code == exits.FAILED
    assert "--running stops it" in cancelled.stderr
    assert run("requests", "download", "r1", "--output-dir", "v").stdout == "v/r1_1.mp4\n"
    assert run("requests", "delete", "r1").exit_code == exits.OK


def test_manifests_are_checked_with_every_problem(tmp_path: Path) -> None:
    """Without a server; 65 when there is any."""
    assert run("models", "check").exit_code == exits.OK
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "one.yaml").write_text("manifest: 1\n", "utf-8")
    (folder / "two.yaml").write_text("[]", "utf-8")
    done = run("models", "check", str(folder))
    assert done.exit_code == exits.BAD_INPUT
    assert "one.yaml" in done.stdout
    assert "two.yaml" in done.stdout


def test_the_doctor_looks_at_everything_without_a_server() -> None:
    """What is optional does not make it fail."""
    done = run("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert done.exit_code == exits.OK, done.stdout
    assert {"Python", "free disk", "cache folder", "engine testcard", "encoder libx264", "server"} <= set(checks)
    assert checks["API key"]["verdict"] == "optional"
    assert checks["API key"]["remedy"]


def test_the_doctor_names_the_key_that_a_model_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is optional: the model is not offered, all others are."""
    monkeypatch.setenv("MUTOSCOPE_VENDORS", "runcomfy")
    monkeypatch.delenv("RUNCOMFY_TOKEN", raising=False)
    done = run("doctor", "--json")
    assert done.exit_code == exits.OK, done.stdout
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    found = checks["model google/nano-banana-2/edit"]
    assert (found["verdict"], found["found"]) == ("optional", "needs the environment variable RUNCOMFY_TOKEN")


def test_the_doctor_fails_when_something_needed_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder that cannot be written, and what to do about it."""
    Path("file").write_text("", "utf-8")
    monkeypatch.setenv("MUTOSCOPE_CACHE", "file")
    done = run("doctor")
    assert done.exit_code == exits.FAILED
    assert "cache folder\tmissing" in done.stdout
    assert "MUTOSCOPE_CACHE" in done.stdout


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (("prompt=[1]",), {"prompt": "[1]"}),
        (("prompt=a=b",), {"prompt": "a=b"}),
        (("image_urls=https://a/b.png", "image_urls=https://a/c"), {"image_urls": ["https://a/b.png", "https://a/c"]}),
        (('image_urls=["https://a/b.png"]',), {"image_urls": ["https://a/b.png"]}),
        (("strength=0.5", "frames=121"), {"strength": 0.5, "frames": 121}),
        (("other=true", "more=text"), {"other": True, "more": "text"}),
    ],
)
def test_settings_are_read_as_the_schema_says(settings: tuple[str, ...], expected: Mapping[str, Any]) -> None:
    """Text stays text where text is asked for."""
    assert arguments.apply_settings({}, settings, SCHEMA) == expected


def test_a_setting_takes_the_place_of_the_input() -> None:
    """A list begins anew instead of growing the one from --input."""
    new = "https://example.com/new.jpg"
    found = arguments.apply_settings({"image_urls": ["old"], "prompt": "p"}, (f"image_urls={new}",), SCHEMA)
    assert found == {"image_urls": [new], "prompt": "p"}


@pytest.mark.parametrize("name", ["nowhere.jpg", "/nowhere/a.jpg", ".", "x" * 5000])
def test_a_picture_that_is_not_there_is_named_before_anything_is_sent(film: Scripted, name: str) -> None:
    """A mistyped path is no address; the server could not say so."""
    done = run("run", MODEL, "--set", "prompt=x", "--set", f"image_urls={name}")
    assert done.exit_code == exits.USAGE
    assert f"image_urls: {name!r} is no file here" in done.stderr
    assert not film.calls("POST", f"/v1/models/{MODEL}")


def test_an_output_folder_that_cannot_be_made_is_told_before_the_work(film: Scripted) -> None:
    """In one line, and not after minutes of rendering."""
    Path("taken").write_text("a file")
    done = run("run", MODEL, "--input", "{}", "--output-dir", "taken/out")
    assert done.exit_code == exits.FAILED
    assert done.stderr == "Error: taken/out: Not a directory\n"
    assert not film.calls("POST", f"/v1/models/{MODEL}")


def test_a_damaged_database_is_what_the_check_is_for(tmp_path: Path) -> None:
    """It says which file and what to do; no traceback."""
    (tmp_path / "mutoscope.db").write_bytes(b"not SQLite at all, " * 100)
    done = run("db", "check", "--data", str(tmp_path))
    assert done.exit_code == exits.USAGE
    assert f"{tmp_path / 'mutoscope.db'}: file is not a database; restore a backup" in done.stderr


def test_a_reset_key_takes_the_place_of_the_one_that_was_kept(tmp_path: Path) -> None:
    """Else the next command would show the revoked one; a key of another server stays where it is."""

    async def first() -> str:
        site = Store(open_database(tmp_path / "studio"))
        key = await add_owner_key(site, await site.open_account("owner"))
        await site.db.close()
        return key

    kept = credentials.keep("http://127.0.0.1:8000", asyncio.run(first()))
    new = run("db", "reset-key", "--data", str(tmp_path / "studio")).stdout.strip()
    assert json.loads(kept.read_text("utf-8")) == {"url": "http://127.0.0.1:8000", "api_key": new}

    credentials.keep("https://elsewhere.example", "mk_elsewhere")
    assert json.loads(kept.with_suffix(".previous.json").read_text("utf-8"))["api_key"] == new
    run("db", "reset-key", "--data", str(tmp_path / "studio"))
    assert json.loads(kept.read_text("utf-8"))["api_key"] == "mk_elsewhere"


@pytest.mark.parametrize("folder", ["backup", "what?", "100%#1"])
def test_a_backup_is_for_its_owner_only_and_sound(tmp_path: Path, folder: str) -> None:
    """Whatever its folder is called."""
    target = tmp_path / folder
    made = Sqlite(tmp_path / "data?" / "mutoscope.db")
    made.migrate()
    asyncio.run(made.close())
    done = run("db", "backup", str(target), "--data", str(tmp_path / "data?"))
    assert done.exit_code == exits.OK, done.stderr
    assert target.stat().st_mode & 0o077 == 0
    assert "sound" in run("db", "check", "--data", str(target)).stdout


def test_a_backup_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    """One line, no traceback."""
    (tmp_path / "mutoscope.db").touch()
    done = run("db", "backup", str(tmp_path / "mutoscope.db" / "copy"), "--data", str(tmp_path))
    assert done.exit_code == exits.FAILED
    assert done.stderr.endswith("copy: Not a directory\n")


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    """With what to do instead."""
    (tmp_path / "data").touch()
    done = run("serve", "--data", str(tmp_path / "data"), "--port", "0")
    assert done.exit_code == exits.USAGE
    assert done.stderr.startswith(f"Error: {tmp_path / 'data'}: is no folder; choose one with --data")


@pytest.mark.parametrize(
    ("name", "value"),
    [("FETCH_ALLOW", "everything"), ("ENGINES", "magic"), ("PUBLIC_URL", "video.example"), ("VENDORS", "somebody")],
)
def test_a_start_that_fails_makes_no_key_that_nobody_saw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The next start, with the setting mended, is the first one."""
    monkeypatch.setenv(f"MUTOSCOPE_{name}", value)
    done = run("serve", "--data", str(tmp_path / "new"), "--port", "0")
    assert done.exit_code == exits.USAGE
    assert f"MUTOSCOPE_{name}: " in done.stderr
    assert not (tmp_path / "new").exists()


def test_control_characters_of_a_server_do_not_reach_the_terminal() -> None:
    """Tabs and line ends stay."""
    assert plain("a\x1b]0;title\x07b\x9b1m\tc\n") == "a]0;titleb1m\tc\n"


FAKE_SERVER = """
import json, os, signal, sys
args = sys.argv[1:]
open("args.json", "w").write(json.dumps(args))
signal.signal(signal.SIGTERM, lambda *_: (open("stopped", "w").close(), sys.exit(0)))
os.write(int(args[args.index("--ready-fd") + 1]), json.dumps({"url": URL, "api_key": KEY}).encode() + b"\\n")
sys.stdin.read()
"""


def test_with_no_server_a_private_one_is_started_and_stopped(
    film: Scripted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On loopback, in the user's data folder; its first key is kept for later."""
    fake = f"URL = {film.url!r}; KEY = 'mk_first'\n{FAKE_SERVER}"
    monkeypatch.setattr(connect, "SERVE", (sys.executable, "-c", fake))
    monkeypatch.setenv("MUTOSCOPE_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("MUTOSCOPE_API_KEY")
    done = run("run", MODEL, "--input", "{}")
    assert (done.exit_code, done.stdout) == (exits.OK, "r1_1.mp4\n"), done.stderr
    started = json.loads(Path("args.json").read_text("utf-8"))
    assert started[:6] == ["--host", "127.0.0.1", "--port", "0", "--data", str(tmp_path / "data" / "mutoscope")]
    assert Path("stopped").exists()
    assert film.calls("POST", f"/v1/models/{MODEL}")[0].headers["authorization"] == "Bearer mk_first"
    kept = tmp_path / "config" / "mutoscope" / "credentials.json"
    assert json.loads(kept.read_text("utf-8")) == {"url": "http://127.0.0.1:8000", "api_key": "mk_first"}
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_private_server_of_an_older_folder_is_shown_the_key_of_this_machine(
    film: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens on a port of its own, for us alone; the key that is kept for another machine stays at home."""
    fake = f"URL = {film.url!r}; KEY = None\n{FAKE_SERVER}"
    monkeypatch.setattr(connect, "SERVE", (sys.executable, "-c", fake))
    monkeypatch.setenv("MUTOSCOPE_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("MUTOSCOPE_API_KEY")
    credentials.keep("http://127.0.0.1:8000", "mk_here")
    assert run("run", MODEL, "--input", "{}").exit_code == exits.OK
    credentials.keep("https://elsewhere.example", "mk_elsewhere")
    run("run", MODEL, "--input", "{}")
    shown = [call.headers.get("authorization") for call in film.calls("POST", f"/v1/models/{MODEL}")]
    assert shown == ["Bearer mk_here", None]


def test_a_private_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of its log, and 69."""
    monkeypatch.setattr(connect, "SERVE", (sys.executable, "-c", "raise SystemExit('disk on fire')"))
    monkeypatch.setenv("MUTOSCOPE_URL", "http://127.0.0.1:9")
    done = run("run", MODEL, "--input", "{}")
    assert done.exit_code == exits.UNAVAILABLE
    assert "disk on fire" in done.stderr


@pytest.mark.parametrize("args", [("--url", "http://mutoscope.invalid"), ("--url", "http://127.0.0.1:9", "--no-wait")])
def test_no_private_server_stands_in_for_another_machine_or_for_no_wait(args: tuple[str, ...]) -> None:
    """What was meant for a studio's server does not silently run here."""
    done = run("run", MODEL, "--input", "{}", *args)
    assert done.exit_code == exits.UNAVAILABLE
    assert "starting" not in done.stderr


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(mutoscope.__file__).parents[1]), "TERM": "dumb"}


def _endless(_: Seen) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'id: 1\nevent: state\ndata: {"state": "in_progress"}\n\n'
        for _ in range(300):
            await asyncio.sleep(0.1)
            yield b": still here\n\n"

    return StreamingResponse(chunks(), media_type="text/event-stream")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_cancels_and_says_so(film: Scripted, number: signal.Signals) -> None:
    """A real process, interrupted while its request runs; SIGTERM is the same."""
    film.on("GET", "/v1/requests/r1/events", _endless)
    film.on("POST", "/v1/requests/r1/cancel", JSONResponse({"status": "cancelled", "outcome": "cancelled"}, 202))
    with _started("run", MODEL, "--input", "{}") as process:
        _wait_for(film, "GET", "/v1/requests/r1/events")
        process.send_signal(number)
        out, said = process.communicate(timeout=60)
    assert process.returncode == exits.INTERRUPTED
    assert out == ""
    assert "cancelling r1" in said
    assert said.endswith("cancelled\n")
    assert film.calls("POST", "/v1/requests/r1/cancel")[0].query == {"running": "true"}


@pytest.mark.slow
def test_a_second_ctrl_c_leaves_at_once(film: Scripted) -> None:
    """Even when the server does not answer the cancel."""
    film.on("GET", "/v1/requests/r1/events", _endless)
    film.on("POST", "/v1/requests/r1/cancel", _endless)
    with _started("run", MODEL, "--input", "{}") as process:
        _wait_for(film, "GET", "/v1/requests/r1/events")
        process.send_signal(signal.SIGINT)
        _wait_for(film, "POST", "/v1/requests/r1/cancel")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == exits.INTERRUPTED
    assert "r1 may go on" in said


def _started(*args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mutoscope", *args]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())


def _wait_for(server: Scripted, method: str, path: str) -> None:
    """Until the server was asked, and a moment for the answer to begin."""
    ends = time.monotonic() + 60
    while not server.calls(method, path):
        assert time.monotonic() < ends, f"{method} {path} was never asked for"
        time.sleep(0.02)
    time.sleep(0.2)
