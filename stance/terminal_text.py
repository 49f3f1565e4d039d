"""Makes text from outside safe to show in a terminal or a spreadsheet."""

import re

_HIDDEN = (
    "\x00-\x1f\x7f-\x9f"  # C0 (escape, newline and tab too), delete, C1
    "\u2028\u2029\ufff9-\ufffb"  # line and paragraph separators, annotations
    "\ud800-\udfff"  # lone surrogates, which no terminal's encoding can write
    # What Unicode calls default-ignorable, since it shows nothing (direction marks, fillers, tags,
    # variation selectors), but for those that change what is seen: joiners, the Mongolian
    # selectors, and the two that choose between an emoji and a plain sign.
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# A zero-width (non-)joiner belongs inside emoji and in scripts such as Persian and Hindi, and in
# other places only hides a difference between two words that look alike.
_JOINED = f"(?![{_HIDDEN}])[\u0600-\u1dff\u2600-\U0010ffff]"
# A spreadsheet takes a cell that begins so for a formula (OWASP ASVS 1.2.10, full-width forms too).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
_ESCAPED = re.compile(f"[{_HIDDEN}]|(?<!{_JOINED})[\u200c\u200d]|[\u200c\u200d](?!{_JOINED})")


def printable(text: str) -> str:
    r"""Return a text on one line with whatever could drive or deceive a terminal escaped.

    An escape character becomes the four characters `\x1b`, a right-to-left override `\u202e`. A
    backslash stays as it is, since Windows paths are full of them: an article that spells out those
    four characters looks the same, and drives nothing.
    """
    return _ESCAPED.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe goes before.

    One goes also before apostrophes that would look like ours, so that `text_of_cell` finds back
    every text.
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def text_of_cell(cell: str) -> str:
    """Return the text that `cell` made safe."""
    if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS):
        return cell[1:]
    return cell
