"""The YAML block at the top of a text or Markdown file."""

import re

import yaml

from stance.corpus.metadata import COLUMNS, column_name
from stance.errors import DataError

_MAX_BLOCK = 64_000  # characters
_MAX_DEPTH = 8  # PyYAML's time grows with the square of the depth: 97 s for 60 kB of "["
# A rule of Markdown is followed by an empty line, front matter is not.
_BLOCK = re.compile(
    r"(?:[\ufeff \t]*\r?\n)*+\ufeff*---[ \t]*\r?\n(?=[ \t]*\S)"
    r"(.*?^)(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
# Between two rules, "UPDATE: The deal was signed." is valid YAML too, and text of the article: one
# key must be of those that name our columns or that sites and note-takers commonly write.
_KEY = re.compile(r"^([^:\n]{1,40}):(?=\s)", re.MULTILINE)
_KEYS = {
    *(name for field, names in COLUMNS.items() if field != "text" for name in names),
    *("author", "authors", "byline", "tags", "category", "categories", "keywords", "description"),
    *("section", "layout", "slug", "permalink", "draft", "aliases", "created", "modified"),
}
_NULLS = ("null", "~")


def front_matter(text: str) -> tuple[dict[str, object], int]:
    """Return the fields of a text's front matter and where the text after it starts.

    Without front matter these are no fields, and 0. Names are spelled as by `column_name`; the
    values are strings, lists and mappings, since only the plain ones are of use to us.

    Raises
    ------
    DataError
        If the block is broken YAML, too large, too deep, or refers to itself.
    """
    found = _BLOCK.match(text)
    if not found:
        return {}, 0
    block = found[1]
    if _KEYS.isdisjoint(column_name(key.strip(" \t\"'")) for key in _KEY.findall(block)):
        return {}, 0
    if len(block) > _MAX_BLOCK:
        raise DataError(f"its front matter has over {_MAX_BLOCK:,} characters. Shorten it.")
    try:
        _refuse_bombs(block)
        # The base loader builds strings only: no tags, and `language: no` stays Norwegian.
        fields = yaml.load(block, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        above = text.count("\n", 0, found.start(1))
        line = f" in line {above + mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "a character that YAML does not allow"
        raise DataError(
            f"its front matter is not valid YAML{line}: {problem}. Mend the lines between the two "
            "---, or put an empty line after the first if they are text."
        ) from None
    if not isinstance(fields, dict):
        return {}, 0
    named = {column_name(name): value for name, value in fields.items() if value not in _NULLS}
    return named, found.end()


def _refuse_bombs(block: str) -> None:
    depth = 0
    for event in yaml.parse(block, Loader=yaml.BaseLoader):
        if getattr(event, "anchor", None):
            raise DataError("its front matter uses anchors (&) or aliases (*). Write values out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise DataError(
                "its front matter is nested too deeply. Write plain `name: value` lines."
            )
