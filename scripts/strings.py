"""The words of the pages in every language: `python scripts/strings.py [--check | --missing [LANGUAGE]]`.

Without an option it collects what stands inside `_()`, `ngettext()`, `{% trans %}`, `t()` and `tn()` and writes it into
the catalogues, src/mutoscope/web/locales/*.po: new texts come without a translation, texts that nobody says any more
go. `--missing` lists what waits for a translation; `--check` changes nothing and fails when a catalogue lacks one, or
does not know which script says a text.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from mutoscope.web.texts import LANGUAGES, SOURCE_LANGUAGE

WEB = Path(__file__).resolve().parents[1] / "src" / "mutoscope" / "web"
LOCALES = WEB / "locales"
JINJA = {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "silent": "false"}
PLURALS = {
    **dict.fromkeys(("ja", "zh-CN", "zh-TW", "ko"), "nplurals=1; plural=0;"),
    **dict.fromkeys(("de", "es", "it"), "nplurals=2; plural=(n != 1);"),
    **dict.fromkeys(("fr", "pt"), "nplurals=2; plural=(n > 1);"),
    "ru": ("nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"),
}
"""The forms by number. The scripts of the pages choose them by the browser's own rules, which are the same."""
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""


def main() -> int:
    """Update, list or check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a catalogue is out of date")
    parser.add_argument("--missing", nargs="?", const="", metavar="LANGUAGE", help="list what is not translated")
    options = parser.parse_args()
    template = collected()
    wrong: list[str] = []
    for tag in LANGUAGES:
        if tag == SOURCE_LANGUAGE:
            continue
        catalog = updated(tag, template)
        gaps = list(missing(catalog))
        if options.missing is not None:
            if options.missing in ("", tag):
                print(f"{tag}: {len(gaps)} of {len(template)} are missing")
                print("".join(f"  {message.id!r}\n" for message in gaps), end="")
            continue
        wrong += [f"{tag}.po: not translated: {message.id!r}" for message in gaps]
        if options.check:
            wrong += [f"{tag}.po: {message!r} is said by {place}; run `make strings`" for message, place in strays(tag)]
        else:
            (LOCALES / f"{tag}.po").write_bytes(written(tag, catalog))
    print("".join(f"{line}\n" for line in wrong), end="")
    return 1 if options.check and wrong else 0


def collected() -> Catalog:
    """Every text that the code says, with the files that say it."""
    catalog = Catalog()
    in_python = {"_": None, "gettext": None, "ngettext": (1, 2)}
    in_scripts = {"t": None, "tn": (1, 2)}
    for methods, keywords in (
        ([("**.py", "python"), ("templates/**.html", "jinja2")], in_python),
        ([("static/*.js", "javascript")], in_scripts),
    ):
        for name, line, message, _comments, _context in extract_from_dir(
            WEB, methods, {"templates/**.html": JINJA}, keywords=keywords
        ):
            catalog.add(message, locations=[(name, line)])
    return catalog


def updated(tag: str, template: Catalog) -> Catalog:
    """The catalogue of a language with today's texts; what was translated stays."""
    path = LOCALES / f"{tag}.po"
    old = path.read_bytes() if path.exists() else header(tag)
    catalog = read_po(BytesIO(old), locale=tag.replace("-", "_"))
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def strays(tag: str) -> Iterator[tuple[object, str]]:
    """Texts that a script says and the catalogue does not know it of: the script would say them in English."""
    known = read_po(BytesIO((LOCALES / f"{tag}.po").read_bytes()), locale=tag.replace("-", "_"))
    for message in collected():
        found = known.get(message.id if isinstance(message.id, str) else message.id[0]) if message.id else None
        places = {place for place, _line in found.locations} if found else set()
        for place in sorted({place for place, _line in message.locations if place.endswith(".js")} - places):
            yield message.id, place


def missing(catalog: Catalog) -> Iterator[Message]:
    """Texts without a translation, or without one of its forms."""
    for message in catalog:
        forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
        if message.id and (message.fuzzy or not forms or not all(forms)):
            yield message


def header(tag: str) -> bytes:
    """How a catalogue begins. No dates: the history is git's."""
    return HEADER.format(language=tag, plurals=PLURALS[tag]).encode()


def written(tag: str, catalog: Catalog) -> bytes:
    """The file of a catalogue: in the order of the code, files without line numbers."""
    text = BytesIO()
    write_po(text, catalog, width=0, omit_header=True, sort_by_file=True, include_lineno=False)
    return header(tag) + text.getvalue().lstrip(b"\n")


if __name__ == "__main__":
    sys.exit(main())
