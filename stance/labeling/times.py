"""The times of judgements: ISO 8601, UTC, each as exact as somebody said it.

A tool that shows a time to the minute has dropped the rest, so two times are compared at the
coarser precision of the two.
"""

import re
from datetime import UTC, datetime

from stance.errors import LabelError

_SECONDS = re.compile(r"\D\d\d:?\d\d:?\d\d")
_ZONE = "+00:00"


def utc_time(text: str, where: str) -> str:
    """Return a tool's time as events carry it: ISO 8601, UTC; without a zone, it is UTC.

    Seconds and milliseconds are there where the tool says them.

    Raises
    ------
    LabelError
        If it is no time in ISO 8601.
    """
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise LabelError(
            f"{where}: {text!r} is no time; write it as 2026-02-14T10:00:00+00:00"
        ) from None
    if time.microsecond:
        return time.isoformat(timespec="milliseconds")
    return time.isoformat(timespec="seconds" if _SECONDS.search(text) else "minutes")


def moment(at: str) -> str:
    """Return the time of an event as it sorts; "" where a log says none that can be read."""
    try:
        return utc_time(at, "").removesuffix(_ZONE)
    except LabelError:
        return ""


def is_before(at: str, other: str) -> bool:
    """Return whether a time is earlier than another, as far as both say it."""
    one, two = _as_coarse(at, other)
    return one < two


def is_same(at: str, other: str) -> bool:
    """Return whether two times are the same, as far as both say it."""
    one, two = _as_coarse(at, other)
    return one == two != ""


def _as_coarse(at: str, other: str) -> tuple[str, str]:
    one, two = moment(at), moment(other)
    n = min(len(one), len(two))
    return one[:n], two[:n]
