"""A document as Markdown, and a line of Markdown as HTML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from markdown_it import MarkdownIt
from markupsafe import Markup

from mutoscope.web.api_page.document import Block, Bullets, Code, Document, Json, Note, Section, Snippet, Table, Text

# CommonMark without HTML: what looks like a tag stays text, and addresses of scripts are no links.
_LINES = MarkdownIt("commonmark", {"html": False})


def line_as_html(markdown: str) -> Markup:
    """A line of Markdown as HTML, in which nothing but our own markup is markup."""
    return Markup(_LINES.renderInline(markdown))  # noqa: S704 - the renderer escapes whatever is no Markdown


def page(document: Document) -> str:
    """The whole document."""
    parts = [f"# {document.title}", document.lead, *_numbered(document.sections)]
    return "\n\n".join(filter(None, parts)) + "\n"


def sections(chosen: Iterable[Section], *, level: int = 2) -> str:
    """Some of its sections, for a collection of documents."""
    return "\n\n".join(part for section in chosen for part in _section(section, section.title, level))


def _numbered(found: Sequence[Section]) -> list[str]:
    return [part for n, section in enumerate(found, 1) for part in _section(section, f"{n}. {section.title}", 2)]


def _section(section: Section, title: str, level: int) -> list[str]:
    told = [f"{'#' * level} {title}", *(_block(block) for block in section.blocks)]
    for part in section.parts:
        told += _section(part, part.title, level + 1)
    return told


def _block(block: Block) -> str:
    match block:
        case Text(text):
            return text
        case Note(text):
            return f"> {text}"
        case Bullets(items):
            return "\n".join(f"- {item}" for item in items)
        case Table(head, rows):
            lines = [head, ["---"] * len(head), *rows]
            return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)
        case Code(snippets):
            return "\n\n".join(_snippet(snippet, alone=len(snippets) == 1) for snippet in snippets)
        case Json(title, value):
            return f"{title}\n\n{_fenced('json', json.dumps(value, ensure_ascii=False, indent=2))}"


def _snippet(snippet: Snippet, *, alone: bool) -> str:
    fenced = _fenced(snippet.language, snippet.text)
    return fenced if alone else f"{snippet.name}\n\n{fenced}"


def _fenced(language: str, text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")  # in a table a bar ends the cell, in code too
