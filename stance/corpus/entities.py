"""Find HTML's character references that stand as plain text: "&#8217;" for an apostrophe."""

import html
import re
from collections.abc import Iterator
from html.entities import html5

from stance.corpus.offsets import Edit
from stance.terminal_text import printable

_REFERENCE = re.compile(r"&(?:#[0-9]{1,8};|#[xX][0-9A-Fa-f]{1,8};|([A-Za-z][A-Za-z0-9]{1,31};))")


def entity_edits(text: str) -> Iterator[Edit]:
    """Yield an edit for each reference with its semicolon to a character that can be read.

    Each is decoded once, as browsers do (so "&#146;" is an apostrophe, as in Windows-1252). Names
    that HTML does not know stay, and so does what stands for a control, a mark of direction or
    anything else that is not seen, for no character at all, or for one that was lost.
    """
    if "&" not in text:
        return
    for match in _REFERENCE.finditer(text):
        # html.unescape also takes a name for a longer one's start: "&notit;" has "&not" in it.
        if match[1] and match[1] not in html5:
            continue
        after = html.unescape(match[0])
        if after not in ("", "\ufffd") and printable(after) == after:
            yield Edit(kind="HTML entity", start=match.start(), end=match.end(), after=after)
