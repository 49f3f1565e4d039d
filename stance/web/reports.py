"""Reports that a browser opens from us without our rights.

A report, and all the more one that somebody sends, is a page that others may have written. It is
shown under a policy of its own: an origin that is nobody's (sandbox), no network, only the styles
that stand in it, and scripts only in reports that we have just made.
"""

import base64
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from html.parser import HTMLParser
from secrets import token_urlsafe
from threading import Lock

MOST_REPORTS = 20
MOST_BYTES = 100_000_000  # of all that are kept
MOST_HASHES = 50  # a browser reads no header without end; a report of ours has one style


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report, and the headers that it is sent with."""

    html: bytes
    headers: Mapping[str, str]


class Reports:
    """The latest reports, in memory: the oldest go first, all when the server stops."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Report] = OrderedDict()
        self._lock = Lock()

    def keep(self, html: str, *, ours: bool) -> str:
        """Keep a report; return the name under which it is found."""
        name = token_urlsafe(12)
        headers = report_headers(html, ours=ours)  # long for a long page
        with self._lock:
            self._kept[name] = Report(html=html.encode("utf-8", "replace"), headers=headers)
            while len(self._kept) > MOST_REPORTS or (
                len(self._kept) > 1 and sum(len(r.html) for r in self._kept.values()) > MOST_BYTES
            ):
                self._kept.popitem(last=False)
        return name

    def get(self, name: str) -> Report | None:
        """Return a report, or None if it is not kept (any more)."""
        return self._kept.get(name)


def report_headers(html: str, *, ours: bool) -> dict[str, str]:
    """Return the headers of a report; `ours` is one that we made just now."""
    found = _Inline()
    found.feed(html.replace("\r\n", "\n").replace("\r", "\n"))
    found.close()
    policy = ["default-src 'none'", "base-uri 'none'", "form-action 'none'"]
    policy.append("frame-ancestors 'none'")
    if found.texts["style"]:
        policy.append(f"style-src {_hashes(found.texts['style'])}")
    scripts = ours and found.texts["script"]
    if scripts:
        policy.append(f"script-src {_hashes(found.texts['script'])}")
    # A script of ours saves tables and charts as files.
    policy.append("sandbox allow-scripts allow-downloads" if scripts else "sandbox")
    return {
        "content-security-policy": "; ".join(policy),
        # A sandboxed page with an opener policy of its own is a network error (HTML standard).
        "cross-origin-opener-policy": "unsafe-none",
    }


class _Inline(HTMLParser):
    """Collects what stands in style and script elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.texts: dict[str, list[str]] = {"style": [], "script": []}
        self._inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.texts:
            self._inside = tag
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside][-1] += data


def _hashes(texts: list[str]) -> str:
    digests = (
        base64.b64encode(sha256(text.encode("utf-8", "replace")).digest())
        for text in texts[:MOST_HASHES]
    )
    return " ".join(f"'sha256-{digest.decode()}'" for digest in digests)
