"""What a failed command says, and the exit code it ends with."""

from __future__ import annotations

from typing import Any

from mutoscope.cli import exits, output
from mutoscope.client import (
    APIError,
    BadArgument,
    ClientError,
    ConnectionFailed,
    Forbidden,
    RateLimited,
    ServerError,
    Unauthorized,
    UnexpectedAnswer,
    WaitTimedOut,
)
from mutoscope.errors import ConfigError, MutoscopeError


def report(exc: Exception) -> int:
    """Print one error and give its exit code. What is not ours is a defect and is raised again."""
    if isinstance(exc, OSError) and exc.strerror:  # a folder that cannot be made, a full disk: no defect
        output.say(f"Error: {exc.filename}: {exc.strerror}" if exc.filename else f"Error: {exc.strerror}")
        return exits.FAILED
    if not isinstance(exc, ClientError | MutoscopeError):
        raise exc
    output.say(f"Error: {exc}")
    for note in getattr(exc, "__notes__", ()):
        output.say(note)
    return exit_code(exc)


def exit_code(exc: ClientError | MutoscopeError) -> int:
    """The exit code of an error; see `exits.MEANINGS`."""
    match exc:
        case BadArgument() | ConfigError():
            return exits.USAGE
        case Unauthorized() | Forbidden():
            return exits.NO_PERMISSION
        case RateLimited() | WaitTimedOut() | APIError(status=408):
            return exits.TRY_LATER
        case ConnectionFailed(timed_out=True, refused=False):
            return exits.TRY_LATER
        case ServerError() | ConnectionFailed() | UnexpectedAnswer():
            return exits.UNAVAILABLE
        case APIError():
            return exits.BAD_INPUT
    return exits.FAILED


def as_json(exc: ClientError | MutoscopeError) -> dict[str, Any]:
    """An error for a program to read."""
    error: dict[str, Any] = {"type": type(exc).__name__, "message": str(exc)}
    if isinstance(exc, APIError):
        error |= {
            "message": exc.message,
            "status": exc.status,
            "error_code": exc.error_code,
            "detail": list(exc.detail),
        }
    return error
