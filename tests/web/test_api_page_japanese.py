"""The Japanese API page of the reference model beside the hosted service's: chapters, fields, rules, codes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.conftest import REFERENCE_MODEL
from tests.web.harm import SCHEMA
from tests.web.pages import opened

BASE = "http://127.0.0.1"
POST, GET = "curl --request POST", "curl --request GET"
KEY = "Authorization: Bearer $MUTOSCOPE_API_KEY"
# What the hosted page is divided into, in its order, and what each part holds: names, numbers, words of one or two.
CHAPTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "start": ("1. はじめに", (REFERENCE_MODEL, POST, f"--url {BASE}/v1/models/{REFERENCE_MODEL}", KEY, '"image_urls"')),
    "authentication": ("2. 認証", ("MUTOSCOPE_API_KEY", "環境変数", KEY, "Bearer")),
    "reference": ("3. API リファレンス", ("status", "result", "cancel")),
    "submit": (
        "リクエストの送信",
        (POST, KEY, "非同期", "すぐに", '"request_id"', '"status_url"', '"result_url"', '"cancel_url"'),
    ),
    "status": (
        "ステータスの確認",
        (GET, "/v1/requests/{request_id}/status", KEY, '"in_queue"', '"in_progress"', '"completed"', '"cancelled"'),
    ),
    "result": ("結果の取得", (GET, "/v1/requests/{request_id}/result", KEY, "メタデータ", "未完了", "ポーリング")),
    "cancel": ("リクエストのキャンセル", (POST, "/v1/requests/{request_id}/cancel", KEY, "キュー", "実行中")),
    "files": ("4. ファイル入力", ("image_urls",)),
    "hosted-files": (
        "ホスト済みファイル(URL)",
        (
            "HTTPS",
            "ログイン",
            "レート制限",
            "ボット",
            "≤ 50 MB",
            "4K",
            "≤ 100 MB",
            "720p",
            "2~5分",
            "非公開",
            "署名付き",
        ),
    ),
    "schemas": ("5. スキーマ", ("OpenAPI",)),
    "input-schema": ("入力スキーマ", ("prompt", "image_urls", "seed", "frames", "-1", "121", "241", "800")),
    "output-schema": ("出力スキーマ", ("image", "video", "images", "videos", "単一動画 URL", "複数画像 URL")),
}


class Chapters(HTMLParser):
    """The text below each heading that has an id, without the headings inside it; examples by themselves."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.examples: dict[str, list[str]] = {}
        self.here, self.in_title, self.in_example = "", False, False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        ident = dict(attrs).get("id")
        if tag in ("h2", "h3") and ident:
            self.here, self.in_title = ident, True
            self.texts[ident] = self.titles[ident] = ""
            self.examples[ident] = []
        elif tag == "pre" and self.here:
            self.in_example = True
            self.examples[self.here].append("")

    def handle_endtag(self, tag: str) -> None:
        self.in_title = self.in_title and tag not in ("h2", "h3")
        self.in_example = self.in_example and tag != "pre"
        if self.here and tag in ("td", "th"):
            self.texts[self.here] += " "

    def handle_data(self, data: str) -> None:
        if not self.here:
            return
        if self.in_title:
            self.titles[self.here] += data
        self.texts[self.here] += data
        if self.in_example:
            self.examples[self.here][-1] += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chapters]:
    with opened(tmp_path_factory.mktemp("japanese")) as pages:
        answer = pages.get(f"/ja/models/{REFERENCE_MODEL}/api")
        assert answer.status_code == 200
        assert '<html lang="ja"' in answer.text
        yield Chapters(answer.text)


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(SCHEMA.read_text("utf-8"))["input_schema"]


def test_the_chapters_are_those_of_the_hosted_page_in_its_order(page: Chapters) -> None:
    """What is ours comes between them and moves none."""
    found = [(anchor, " ".join(page.titles[anchor].split())) for anchor in page.titles if anchor in CHAPTERS]
    assert found == [(anchor, title) for anchor, (title, _) in CHAPTERS.items()]


@pytest.mark.parametrize("anchor", CHAPTERS)
def test_each_chapter_holds_what_the_hosted_page_says_there(page: Chapters, anchor: str) -> None:
    """Every fact in its chapter, in Japanese where it is a word."""
    assert [fact for fact in CHAPTERS[anchor][1] if fact not in page.texts[anchor]] == []


def test_every_field_and_limit_of_the_schema_is_there(page: Chapters, schema: Any) -> None:
    """As a table and as the very object, whose title is Japanese, as on the hosted page."""
    told = [json.loads(text) for text in page.examples["input-schema"]]
    assert told == [schema | {"title": "入力スキーマ"}]
    (output,) = [json.loads(text) for text in page.examples["output-schema"]]
    assert output["output"]["properties"].keys() == {"image", "video", "images", "videos"}
    table = page.texts["input-schema"]
    for name, node in schema["properties"].items():
        words = [name, node["title"], node["description"], *map(str, node.get("enum", ()))]
        assert [word for word in words if word not in table] == [], name


def test_every_rule_is_there_with_its_value_and_message(page: Chapters, schema: Any) -> None:
    """In the words of the manifest, which are the hosted page's for callers to match."""
    told = re.sub(r"\s+", " ", page.texts["rules-image_urls"])
    for rule in schema["properties"]["image_urls"]["validations"]:
        row = f"{rule['validation_rule']} {rule['validation_value']:g} {rule['validation_error']}"
        assert row in told


def test_every_code_of_an_error_is_there(page: Chapters) -> None:
    """The same as on the English page, with what each means in Japanese."""
    codes = re.findall(r"\b[45]\d{5}\b", page.texts["errors"])
    assert {"401001", "403001", "404001", "422001", "429001"} <= set(codes)
    assert len(re.findall(r"[ぁ-ん]{2,}", page.texts["errors"])) >= len(set(codes))
