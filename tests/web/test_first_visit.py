"""One story, from the address that `serve` prints to a program of one's own, with the real renderer."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import PHOTOGRAPH, REFERENCE_MODEL, LiveServer
from tests.web.conftest import Arrive
from tests.web.test_api_page_browser import copied
from tests.web.test_run import drop

pytestmark = [pytest.mark.slow, pytest.mark.render, pytest.mark.timeout(600)]
PROMPT = "The camera pushes in along the path, then it snows."
RENDER_MS = 240_000
DIFFERENCE = """async (video) => {
  await video.play();
  const look = () => {
    const canvas = document.createElement("canvas");
    canvas.width = 64; canvas.height = 64;
    const pen = canvas.getContext("2d");
    pen.drawImage(video, 0, 0, 64, 64);
    return pen.getImageData(0, 0, 64, 64).data;
  };
  const frame = () => new Promise((done) => video.requestVideoFrameCallback(done));
  await frame();
  const first = look();
  let most = 0;
  for (let i = 0; i < 12; i++) {
    await frame();
    const now = look();
    most = Math.max(most, now.reduce((sum, value, at) => sum + Math.abs(value - first[at]), 0) / now.length);
  }
  return { most, width: video.videoWidth, seconds: video.duration };
}"""
"""Plays the video and tells how much its decoded frames differ, as levels of 256 per sample."""


def test_a_first_visit_becomes_a_video_and_a_program(render_server: LiveServer, arrive: Arrive, tmp_path: Path) -> None:
    """Let in, a photograph dropped, the video watched and found again; then a copied example makes another one."""
    person = arrive(render_server, permissions=["clipboard-read", "clipboard-write"])
    page = person.page
    page.goto(render_server.welcome_url)
    expect(page).to_have_url(render_server.url + "/")
    page.locator(f'.card a[href$="/models/{REFERENCE_MODEL}"]').first.click()
    request_id = _watched(page)
    page.locator(".bar-nav").get_by_role("link", name="Generations").click()
    line = page.locator(f'[data-run="{request_id}"]')
    expect(line).to_contain_text(PROMPT)
    expect(line).to_contain_text("Done")
    expect(line.locator("img")).not_to_have_js_property("naturalWidth", 0)
    page.goto(f"{render_server.url}/models/{REFERENCE_MODEL}")
    page.get_by_role("link", name="API", exact=True).first.click()
    assert _made_by_a_program(page, render_server, tmp_path)[4:8] == b"ftyp"


def _watched(page: Page) -> str:
    """Drop a photograph, run, and watch what comes: the size and length that are promised, moving. The request's id."""
    page.wait_for_selector("[data-form][data-ready]")
    drop(page, PHOTOGRAPH.read_bytes(), "a photograph.jpg")
    expect(page.locator(".media-facts")).to_contain_text("2048 × 1152")
    page.fill('[data-name="prompt"] textarea', PROMPT)
    with page.expect_response(lambda answer: answer.url.endswith(f"/v1/models/{REFERENCE_MODEL}")) as told:
        page.click("[data-run]")
    request_id = told.value.json()["request_id"]
    card = page.locator(f'.run[data-run="{request_id}"]')
    expect(card).to_have_attribute("data-state", "completed", timeout=RENDER_MS)
    found = card.locator("video").evaluate(DIFFERENCE)
    assert found["width"] >= 1280
    assert found["seconds"] == pytest.approx(121 / 24, abs=0.1)
    assert found["most"] > 1
    expect(card.locator(".plan")).to_contain_text("snow")
    return str(request_id)


def _made_by_a_program(page: Page, server: LiveServer, folder: Path) -> bytes:
    """Key and picture into the page, its examples into a shell: the bytes of the video that they lead to."""
    assert "$MUTOSCOPE_API_KEY" in copied(page, "start")
    page.get_by_text("Fill in the examples").click()
    page.get_by_label("Your API key").fill(server.api_key)
    page.get_by_label("Your picture").set_input_files(PHOTOGRAPH)
    expect(page.locator(".toast").last).to_contain_text("The picture is stored")
    sent = _typed(copied(page, "start"), folder)
    (request_id,) = set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", sent))
    with server.client() as client:  # which ends with the request
        client.get(f"/v1/requests/{request_id}/events", timeout=RENDER_MS / 1000)
    told = json.loads(_typed(copied(page, "result").replace("{request_id}", request_id), folder))
    assert told["status"] == "succeeded"
    return httpx.get(told["output"]["video"], trust_env=False).content


def _typed(text: str, folder: Path) -> str:
    """What a shell prints for it."""
    command = ["bash", "-euo", "pipefail", "-c", text]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True).stdout
