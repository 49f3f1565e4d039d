"""Where our pages are laid out: every text escaped, style and script known by their hash."""

import base64
import shlex
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stance.report.charts_svg import inline, shown
from stance.report.readings import (
    number_words,
    p_words,
    percent,
    points,
    same_mix_words,
    share_words,
    signed,
    two,
)

HERE = Path(__file__).parent


@cache
def environment() -> Environment:
    """Return an environment in which every text is escaped and nothing undefined passed over."""
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FileSystemLoader(HERE),
    )
    made.filters |= {
        "percent": percent,
        "two": two,
        "signed": signed,
        "points": points,
        "p": p_words,
        "share": share_words,
        "number": number_words,
        "same_mix": same_mix_words,
        "inline": inline,
        "prose": prose,
    }
    # Control and direction marks of an article could make a page read otherwise than it says.
    # Line breaks inside a unit are layout of the file that it came from.
    made.finalize = lambda value: shown(value) if type(value) is str else value
    return made


def without_folders(command: str) -> str:
    """Return a command with names for absolute paths: a page is passed on."""
    with suppress(ValueError):  # of what is no command line
        words = shlex.split(command)
        names = [_name(word) for word in words]
        return command if names == words else shlex.join(names)
    return command


def _name(word: str) -> str:
    option, mark, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return option + mark + (Path(value).name if Path(value).is_absolute() else value)


def read_part(name: str) -> str:
    """Return a style sheet or a script of ours."""
    return (HERE / name).read_text(encoding="utf-8")


def pinned(text: str) -> tuple[Markup, str]:
    """Return a style sheet or a script for a page, and the source that its policy allows it by."""
    digest = base64.b64encode(sha256(text.encode()).digest()).decode()
    return Markup(text), f"'sha256-{digest}'"


def prose(text: str) -> Markup:
    """Return words for the inside of an element, where quotation marks may stand as they are.

    News is full of them, and five characters for each would be a thirtieth of a page.
    """
    plain = shown(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(plain)


def css_string(text: str) -> str:
    """Return a text as a string of a style sheet: whatever is no letter or digit is escaped."""
    signs = (s if s.isascii() and s.isalnum() else f"\\{ord(s):x} " for s in shown(text))
    return f'"{"".join(signs)}"'
