"""The one door outwards: download a file from an address that a stranger chose, or post to one.

Only https, only public addresses, checked on the address that is really connected to; every redirect is
checked anew; bytes, time and redirects are capped. No proxies, cookies or credentials, nothing from the
environment. `Policy.allow` names the only exceptions. Read next: `door.py`, `rules.py`, `wire.py`.
"""

from __future__ import annotations

from mutoscope.net.door import Answer, Content, Downloaded, FileContent, Posted, ask, download, post
from mutoscope.net.rules import Policy, check_url, is_public, origin_of, parse_allow
from mutoscope.net.threads import fetch, in_thread

__all__ = [
    "Answer",
    "Content",
    "Downloaded",
    "FileContent",
    "Policy",
    "Posted",
    "ask",
    "check_url",
    "download",
    "fetch",
    "in_thread",
    "is_public",
    "origin_of",
    "parse_allow",
    "post",
]
