"""The browser that tests, pictures and figures of the pages are made with."""

from __future__ import annotations

import shutil

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is the same browser without windows, toolbars and pages of its own: half the work."""


def find() -> str | None:
    """The path of the Chromium of this machine, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)
