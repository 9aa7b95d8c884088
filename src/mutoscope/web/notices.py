"""Support, terms, privacy and cookies: the operator's Markdown, or what can be said of the software itself.

A file `terms.md` in the folder of `MUTOSCOPE_PAGES` takes the place of ours; `terms.ja.md` does so in Japanese. What is
written here are facts of this program; what an operator promises, only an operator can write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from mutoscope.server.sessions import cookie_name
from mutoscope.server.wire import site_of
from mutoscope.web import texts
from mutoscope.web.render import Endpoint, page, render
from mutoscope.web.texts import _

MOST_BYTES = 256 * 1024

# HTML in it is shown as text; addresses of scripts are no links.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True, slots=True)
class Notice:
    """One page. markdown: what we can vouch for; it and the title are made in the language in force."""

    name: str
    title: Callable[[], str]
    markdown: Callable[[Request], str]


def own_text(folder: Path | None, name: str) -> str | None:
    """The operator's file in the language in force, or the one without a language; None without either."""
    for file in (f"{name}.{texts.language()}.md", f"{name}.md"):
        path = folder / file if folder else None
        if path is not None and path.is_file():
            with path.open("rb") as opened:
                return opened.read(MOST_BYTES).decode("utf-8", "replace")
    return None


def _page_of(notice: Notice) -> Endpoint:
    @page
    async def show(request: Request) -> Response:
        own = own_text(site_of(request).pages, notice.name)
        text = Markup(_MARKDOWN.render(own or notice.markdown(request)))  # noqa: S704 - the renderer escapes HTML
        return await render(request, "notice.html", title=notice.title(), text=text, is_own=own is not None)

    return show


# -- what the software can say ------------------------------------------------------------------------------------


def _joined(*parts: str) -> str:
    return "\n\n".join(parts)


def _listed(*lines: str) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(*rows: tuple[str, ...]) -> str:
    head, *rest = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rest))


def _support(request: Request) -> str:
    del request
    return _joined(
        _("Whoever runs this server gave you its address or a key: ask them first."),
        "## " + _("Before you ask"),
        _listed(
            _("See the [system status]({address}): is something down?").format(address=texts.address("/status")),
            _(
                "An error says where, what was found and what is accepted; the documentation explains its {code}."
            ).format(code="`error_code`"),
            _("How to call a model is on the page “API” of each of the [models]({address}).").format(
                address=texts.address("/models")
            ),
        ),
        "## " + _("What helps to help you"),
        _listed(
            _("the {id} of the request, which each run and each answer has").format(id="`request_id`"),
            _("what you did, what happened, and what you expected"),
            _("from whoever runs the server: what {command} prints").format(command="`mutoscope doctor`"),
        ),
        _("Leave out prompts, pictures, keys and signed addresses; nobody needs them to help."),
    )


def _terms(request: Request) -> str:
    del request
    return _joined(
        _("Whoever runs this server has not written terms of use. These are facts about the software:"),
        _listed(
            _("Mutoscope is free software under the Apache License 2.0, and comes without warranty."),
            _("The software claims no rights in what you upload or in what you make with it."),
            _("Models may have terms of their own; their pages say who makes them."),
            _("Prices on these pages are those that the operator set. The software counts them and collects no money."),
            _("You are responsible for what you upload, and for having the right to use it."),
        ),
    )


def _privacy(request: Request) -> str:
    del request
    return _joined(
        _("Whoever runs this server is responsible for your data and can say more. This is what the software does:"),
        "## " + _("What is stored on this server"),
        _listed(
            _("Your requests: prompts, settings, uploaded files, what was made of them, and how long it took."),
            _("Of API keys and sessions a hash only, with the key's name and the time of its last use."),
            _("For administrative acts, such as making a key: which key did it, when, and from which address."),
        ),
        "## " + _("For how long"),
        _listed(
            _("Until you delete it, or as long as the operator has set. Deleting a run deletes its files with it."),
            _("Progress and log lines of a run, and the log of webhooks: 30 days, unless set otherwise."),
        ),
        "## " + _("Who gets it"),
        _listed(
            _("Nobody, by the software itself: it reports to no one, and these pages load nothing from elsewhere."),
            _("The addresses that you name: files are fetched from them, and webhooks are sent to them."),
            _("Whoever has a signed link to a file, until the link expires."),
            _("The operator can see everything on the server's disk."),
        ),
        _("The server's own log holds no prompts, keys or signed addresses."),
        _("Which cookies there are is told under [cookies]({address}).").format(address=texts.address("/cookies")),
    )


def _cookies(request: Request) -> str:
    return _joined(
        _("These pages set three cookies, all their own. None of them follows you, and there are none of others."),
        _table(
            (_("Cookie"), _("What for"), _("How long")),
            (
                f"`{cookie_name(request)}`",
                _("You stay signed in. Scripts cannot read it."),
                _("30 days, or until you sign out"),
            ),
            ("`mutoscope_theme`", _("Light or dark, once you have chosen"), _("one year")),
            ("`mutoscope_language`", _("The language, once you have chosen"), _("one year")),
        ),
        _(
            "Your browser also keeps drafts of forms and unsent runs until you close the tab, and in which programming "
            "language you read examples last. These never leave it."
        ),
        _("Because nothing else is set, no consent is asked for."),
    )


NOTICES = (
    Notice("support", lambda: _("Support"), _support),
    Notice("terms", lambda: _("Terms of use"), _terms),
    Notice("privacy", lambda: _("Privacy"), _privacy),
    Notice("cookies", lambda: _("Cookies"), _cookies),
)
support, terms, privacy, cookies = map(_page_of, NOTICES)
