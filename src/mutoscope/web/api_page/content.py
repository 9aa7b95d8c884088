"""Every word of a model's API page, in the order of the reference page: five chapters, ours after theirs in each.

1 getting started · 2 authentication · 3 API reference · 4 file inputs · 5 schemas. What several models share is
marked `shared`, so that a collection of documents tells it once. Calls: `calls`.
"""

from __future__ import annotations

from mutoscope.catalog import Model
from mutoscope.media.datauri import DATA_URI_LIMITS, DOWNLOAD_LIMITS, MIB
from mutoscope.web import texts
from mutoscope.web.api_page import calls, tables
from mutoscope.web.api_page.document import (
    Block,
    Bullets,
    Code,
    Document,
    Json,
    Note,
    Section,
    Snippet,
    Table,
    Text,
    code,
    plain,
)
from mutoscope.web.api_page.snippets import KEY, Examples, example_body
from mutoscope.web.languages import Told
from mutoscope.web.texts import _


def document(model: Model, base: str, *, language: str, is_ready: bool) -> Document:
    """The API page of a model as this server offers it at `base`."""
    examples = Examples(base, model, example_body(model))
    return Document(
        title=plain(model.text("name", language)),
        lead=plain(model.text("description", language)),
        sections=(
            _start(model, examples, language, is_ready=is_ready),
            _authentication(),
            calls.reference(examples),
            _files(model, examples),
            _schemas(model, language),
        ),
        facts={"body": examples.body, "model_id": model.id, "picture": _picture(model, examples)},
    )


def _picture(model: Model, examples: Examples) -> str:
    """The address of a picture in the example, which a reader may put their own in place of; "" without one."""
    for field in model.validator.media_fields:
        value = examples.body.get(field.name)
        if field.kind == "image" and value:
            return str(value[0] if isinstance(value, list) else value)
    return ""


# -- 1 ------------------------------------------------------------------------------------------------------------


def _start(model: Model, examples: Examples, language: str, *, is_ready: bool) -> Section:
    blocks: list[Block] = [
        Text(
            _(
                "Run {model} over this server's API. What it takes and what it gives is told by its "
                "[schemas](#schemas)."
            ).format(model=code(model.id))
        )
    ]
    if not is_ready:
        blocks.append(
            Note(
                _(
                    "The engine {engine} of this model is not set up on this server; a request would be refused. "
                    "{command} says what to install."
                ).format(engine=code(model.engine), command=code("mutoscope doctor"))
            )
        )
    blocks.append(examples.start())
    if note := model.text("engine_note", language):
        blocks.append(Note(Told(plain(note), model.language_of("engine_note", language))))
    return Section("start", _("Getting started"), blocks)


# -- 2 ------------------------------------------------------------------------------------------------------------


def _authentication() -> Section:
    return Section(
        "authentication",
        _("Authentication"),
        (
            Text(
                _(
                    "Put an API key into the environment variable {variable}. Every call sends it as a Bearer token in "
                    "the header {header}."
                ).format(variable=code(KEY), header=code(f"Authorization: Bearer ${KEY}"))
            ),
            Code((Snippet("shell", "bash", f"export {KEY}=mk_…"),)),
            Text(
                _(
                    "The server prints a first key when it starts for the very first time. {command} makes more, each "
                    "with a name and with only the rights it needs: {run} to submit, {read} to look. A key is shown "
                    "once; keep it like a password, out of code and out of web pages."
                ).format(command=code("mutoscope keys create"), run=code("run"), read=code("read"))
            ),
        ),
        shared=True,
    )


# -- 4 ------------------------------------------------------------------------------------------------------------


def _files(model: Model, examples: Examples) -> Section:
    fields = model.validator.media_fields
    if not fields:
        return Section("files", _("File inputs"), (Text(_("This model takes no files.")),))
    names = ", ".join(code(field.name) for field in fields)
    parts = [_hosted(), _uploads(examples), _data_uris(), _check(fields[0].name, examples)]
    for field in fields:
        table = tables.rules_table(field)
        if table.rows:
            title = _("Rules for {field}").format(field=field.name)
            parts.append(
                Section(f"rules-{field.name}", title, (Text(_("Each file must keep to all of these.")), table))
            )
    return Section(
        "files",
        _("File inputs"),
        (Text(_("Files go into {names} as addresses, in one of three ways.").format(names=names)),),
        parts,
    )


def _hosted() -> Section:
    image, video, audio = (DOWNLOAD_LIMITS[kind] // MIB for kind in ("image", "video", "audio"))
    return Section(
        "hosted-files",
        _("Hosted files (URL)"),
        (
            Text(
                _(
                    "A public HTTPS address. The server fetches it itself, so it must be reachable without a login, "
                    "and no rate limit or bot protection may stand in the way. For private files use a stable or a "
                    "pre-signed URL."
                )
            ),
            Table(
                (_("Kind"), _("Size"), _("That is about")),
                (
                    (_("image"), _("≤ {size} MB").format(size=image), _("4K")),
                    (_("video"), _("≤ {size} MB").format(size=video), _("2 to 5 minutes of 720p")),
                    (_("audio"), _("≤ {size} MB").format(size=audio), "–"),
                ),
            ),
            Text(
                _(
                    "The file is fetched when the request runs. One that cannot be fetched, or breaks a rule, ends the "
                    "request as {failed}, with the field and the rule in {error}."
                ).format(failed=code("failed"), error=code("error"))
            ),
        ),
        shared=True,
    )


def _uploads(examples: Examples) -> Section:
    return Section(
        "uploads",
        _("Uploads"),
        (
            Text(
                _(
                    "A file that is not on the web: upload it once and use the {url} of the answer as often as you "
                    "like. It is measured at once, so a file that breaks a rule is refused before a request exists. "
                    "Our own client uploads files that the input names by their path."
                ).format(url=code("url"))
            ),
            examples.upload(),
        ),
        shared=True,
    )


def _data_uris() -> Section:
    image, video, audio = (DATA_URI_LIMITS[kind] // MIB for kind in ("image", "video", "audio"))
    return Section(
        "data-uris",
        _("Data URIs"),
        (
            Text(
                _(
                    "The file itself in place of an address: {example}. At most {image} MB for an image, {video} MB "
                    "for a video, {audio} MB for audio."
                ).format(example=code("data:image/png;base64,…"), image=image, video=video, audio=audio)
            ),
        ),
        shared=True,
    )


def _check(field: str, examples: Examples) -> Section:
    return Section(
        "check",
        _("Check a file first"),
        (
            Text(
                _(
                    "Asks whether a file would do before anything is submitted: it is fetched, measured, held "
                    "against the rules and thrown away. {ok} is true or false, {problems} lists every broken rule, "
                    "{media} says what was measured."
                ).format(ok=code("ok"), problems=code("problems"), media=code("media"))
            ),
            examples.check(field),
        ),
    )


# -- 5 ------------------------------------------------------------------------------------------------------------


def _schemas(model: Model, language: str) -> Section:
    inputs, outputs = model.schema_in(language), model.output_schema_in(language)
    return Section(
        "schemas",
        _("Schemas"),
        (
            Text(
                _(
                    "The same as one file: [OpenAPI document of this model](/models/{slug}/openapi.json), and this "
                    "page as [Markdown]({markdown})."
                ).format(slug=model.slug, markdown=texts.address(f"/models/{model.slug}/api.md"))
            ),
        ),
        (
            Section(
                "input-schema",
                _("Input schema"),
                (
                    tables.inputs_table(inputs, model.schema_language(language)),
                    Bullets(
                        (
                            _("The body of a submit is this object itself, without a wrapper."),
                            _("A default is filled in where an input that is not required is missing."),
                            _("Unknown keys are ignored and named in the result's {key}.").format(
                                key=code("metadata.ignored_inputs")
                            ),
                            _("A seed that is negative or missing is drawn by the server and told with the result."),
                        )
                    ),
                    Json(_("As JSON"), inputs),
                ),
            ),
            Section(
                "output-schema",
                _("Output schema"),
                (tables.outputs_table(model, outputs), Json(_("As JSON"), outputs)),
            ),
        ),
    )
