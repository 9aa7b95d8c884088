"""What went wrong, in the reader's language: a sentence for each error code that people on the pages may meet.

The server says more, in English; pages show its words behind the sentence. On English pages they stand alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mutoscope.web import texts
from mutoscope.web.texts import _

SENTENCES: Mapping[int, Callable[[], str]] = {
    400002: lambda: _("The spending limit of this key is reached."),
    401001: lambda: _("A key is needed."),
    401002: lambda: _("This key is unknown, revoked or expired."),
    403001: lambda: _("This key may not do that."),
    403002: lambda: _("This key may not be used from here."),
    403003: lambda: _("This key may not ask for that priority."),
    403004: lambda: _("That is only possible on a page of this site."),
    403005: lambda: _("This model is switched off on this server."),
    404001: lambda: _("That is not here, or not yours."),
    404002: lambda: _("This address of a file has expired."),
    408001: lambda: _("The file came too slowly, or stopped."),
    409001: lambda: _("That is not possible as things stand."),
    410001: lambda: _("The result is no longer kept."),
    413001: lambda: _("That is too large for this server."),
    422001: lambda: _("Something in the input does not fit."),
    422003: lambda: _("Something in the address does not fit."),
    429001: lambda: _("Too much in a short time. Try again soon."),
    429002: lambda: _("Too many uploads or streams are under way at once."),
    429003: lambda: _("As many requests are waiting as this key may have."),
    429004: lambda: _("Too many addresses were checked in a short time. Try again soon."),
    500001: lambda: _("Something went wrong in the server."),
    503001: lambda: _("What this model needs is not set up on this server."),
    503002: lambda: _("The server is stopping. Try again in a moment."),
    503003: lambda: _("The database cannot be reached at the moment."),
    503004: lambda: _("The queue of this server is full. Try again later."),
    503005: lambda: _("The database cannot be reached at the moment."),
    503006: lambda: _("No worker is connected that could do that."),
    503007: lambda: _("The file storage cannot be reached at the moment."),
    504001: lambda: _("Nobody answered in time. Try again."),
    507001: lambda: _("The server's disk is full."),
}


def sentence(code: int) -> str:
    """What an error code means; "" on English pages, and for a code that has no sentence."""
    if texts.language() == texts.SOURCE_LANGUAGE or code not in SENTENCES:
        return ""
    return SENTENCES[code]()


def of_scripts() -> dict[str, str]:
    """All of them as words of the scripts, by `#` and the code."""
    return {f"#{code}": said for code in SENTENCES if (said := sentence(code))}
