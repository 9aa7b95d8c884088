"""Categories of models in the language in force."""

from __future__ import annotations

from mutoscope.web.texts import _


def name_of(category: str) -> str:
    """A category in the language in force; one that a manifest made up is shown as it is."""
    names = {
        "image-to-image": _("Image to image"),
        "image-to-video": _("Image to video"),
        "text-to-image": _("Text to image"),
        "text-to-video": _("Text to video"),
        "video-to-video": _("Video to video"),
    }
    return names.get(category, category)
