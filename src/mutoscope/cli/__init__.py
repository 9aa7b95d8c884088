"""The command line, `mutoscope <command>`: it reads arguments, calls what is below and prints.

Commands are imported when they are asked for, so that `mutoscope --help` answers at once. To add one: a module here
with a click command called `command`, and one line in COMMANDS. Exit codes are in `exits`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from mutoscope import __version__
from mutoscope.cli.exits import INTERRUPTED, OK, USAGE

COMMANDS: Mapping[str, str] = {
    "serve": "Start the server and its workers.",
    "worker": "Start a worker for a server, here or on another machine.",
    "fleet": "Keep workers running on a Ray cluster.",
    "run": "Run a model and save what it makes.",
    "models": "List, show and change models, check manifests.",
    "comfy": "Make models of ComfyUI workflows.",
    "cog": "Make models of Cog containers.",
    "requests": "List, follow, cancel and download requests.",
    "keys": "Make, limit, list, replace and revoke API keys.",
    "workers": "See who works, and take workers out of service.",
    "accounts": "List and open accounts.",
    "limits": "Show and change limits of the whole site.",
    "audit": "See who made, changed and revoked what.",
    "usage": "Show what was used and what it cost.",
    "webhooks": "Have addresses told when requests end, and see what became of it.",
    "db": "Care for the server's database.",
    "storage": "Move the server's files to a bucket or back.",
    "bench": "Try how the server bears what machines do to it.",
    "doctor": "Check what this machine has and lacks.",
}


class Program(click.Group):
    """The group of all commands; every way to end has its exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = importlib.import_module(f"mutoscope.cli.{cmd_name}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(  # type: ignore[override]  # click's overloads only tell that standalone mode does not return
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run; in standalone mode exit with a code of `exits` and one clear line about what went wrong."""
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, standalone_mode=False, **extra)
        except Exception as exc:
            code = _ended_by(exc)
        except KeyboardInterrupt:
            code = INTERRUPTED
        sys.exit(code if isinstance(code, int) else OK)


def _ended_by(exc: Exception) -> int:
    """Say what went wrong and give the exit code; a defect of ours is raised again."""
    if isinstance(exc, click.Abort):
        return INTERRUPTED
    if isinstance(exc, click.ClickException):
        exc.show()
        return USAGE
    if isinstance(exc, BrokenPipeError):
        sys.stderr.close()  # whoever read our output has gone; there is nobody to tell
        return OK
    from mutoscope.cli import failures  # noqa: PLC0415 - the client takes time to import

    return failures.report(exc)


@click.group(cls=Program, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mutoscope", message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context) -> None:
    """Your own generative-media cloud, on your own machine.

    \b
    Example: mutoscope run bytedance/dreamina-3-0/pro/image-to-video \\
               --set prompt="slow push-in" --set image_urls=photo.jpg
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
