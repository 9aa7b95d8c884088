"""The browser that tests, pictures and figures of the pages are made with."""

from __future__ import annotations

import os
import shutil
import sys

from playwright.sync_api import Browser, Playwright
from playwright.sync_api import TimeoutError as TooLate

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is the same browser without windows, toolbars and pages of its own: half the work."""
START_MS = 30_000
STARTS = 3
QUIET = ("--disable-gpu", "--disable-quic", "--disable-dev-shm-usage")
"""Nothing here is drawn by a graphics card, nothing travels by QUIC, and a container's /dev/shm is small."""
AS_ROOT = ("--no-sandbox", "--no-zygote")
"""Chromium's own sandbox refuses to run as root, as continuous integration does; without it no zygote is needed
either, which was seen to spin at its start on a machine with more to do than it could."""


def find() -> str | None:
    """The path of the Chromium of this machine, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright, path: str, *more: str) -> Browser:
    """Start it, with more arguments of its command line. One that has not started in half a minute is ended and
    started anew, twice at most.

    Raises playwright's Error when it does not start.
    """
    arguments = [*QUIET, *(AS_ROOT if os.geteuid() == 0 else ()), *more]
    for _ in range(STARTS - 1):
        try:
            return playwright.chromium.launch(executable_path=path, args=arguments, timeout=START_MS)
        except TooLate:
            print(f"{path} did not start in {START_MS // 1000} s: once more", file=sys.stderr)
    return playwright.chromium.launch(executable_path=path, args=arguments, timeout=START_MS)
