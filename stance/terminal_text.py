"""Makes text from outside safe to show in a terminal."""

import re

# A zero-width (non-)joiner belongs inside emoji and in scripts such as Persian and Hindi, and in
# other places only hides a difference between two words that look alike.
_JOINED = "[\u0600-\u1dff\u2600-\U0010ffff]"
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 (escape, newline and tab too), delete, C1
    "\xad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, zero-width space, direction marks
    "\u2028-\u202e"  # line and paragraph separators, bidi embeddings and overrides
    "\u2060-\u206f\ufeff\ufff9-\ufffb"  # bidi isolates, invisible operators, annotations
    "\ud800-\udfff"  # lone surrogates, which no terminal's encoding can write
    "\U000e0000-\U000e007f]"  # tags
    f"|(?<!{_JOINED})[\u200c\u200d]|[\u200c\u200d](?!{_JOINED})"
)


def printable(text: str) -> str:
    r"""Return a text on one line with whatever could drive or deceive a terminal escaped.

    An escape character becomes the four characters `\x1b`, a right-to-left override `\u202e`.
    """
    return _HIDDEN.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)
