"""The vendors by name. Adding one is a module beside this file, and a line here and in `setup.USUAL`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mutoscope.engines.upstream.line import Breaker, Line
from mutoscope.engines.upstream.setup import Setup
from mutoscope.engines.upstream.vendors.ark import Ark
from mutoscope.engines.upstream.vendors.base import Vendor
from mutoscope.engines.upstream.vendors.fal import Fal
from mutoscope.engines.upstream.vendors.mutoscope import Mutoscope
from mutoscope.engines.upstream.vendors.openai_videos import OpenAIVideos
from mutoscope.engines.upstream.vendors.replicate import Replicate
from mutoscope.engines.upstream.vendors.runcomfy import RunComfy

VENDORS: Mapping[str, Callable[[Setup, Line], Vendor]] = {
    "mutoscope": Mutoscope,
    "runcomfy": RunComfy,
    "fal": Fal,
    "replicate": Replicate,
    "openai-videos": OpenAIVideos,
    "ark": Ark,
}
SCHEMES: Mapping[str, str] = {"fal": "Key"}
"""The word before the key, where it is not `Bearer`."""


def connect(setup: Setup, breaker: Breaker, *, traceparent: str = "") -> tuple[Line, Vendor]:
    """A line to the upstream and its vendor's words. Raises ConfigError when the key is missing."""
    scheme = SCHEMES.get(setup.vendor, "Bearer")
    traceparent = traceparent if setup.vendor == "mutoscope" else ""
    line = Line(setup, breaker, scheme=scheme, traceparent=traceparent)
    return line, VENDORS[setup.vendor](setup, line)
