"""The ways requests write times, read and written; no clock in here."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz

# The stamps of this second come with every request.
known_stamps: dict[str, float | None] = {}
_MOST_STAMPS = 64


def read_basic(stamp: str) -> float | None:
    """`20130524T000000Z` as seconds since the epoch; None when it is anything else."""
    if stamp in known_stamps:
        return known_stamps[stamp]
    if len(stamp) != 16:
        return None
    if len(known_stamps) >= _MOST_STAMPS:
        known_stamps.clear()
    known_stamps[stamp] = seconds = _parse_basic(stamp)
    return seconds


def _parse_basic(stamp: str) -> float | None:
    if not stamp[:8].isdecimal() or not stamp[9:15].isdecimal() or stamp[8::7] != "TZ":
        return None
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return None


def read_http(text: str) -> float | None:
    """A `Date` header as seconds since the epoch, in RFC 1123 or in the basic format."""
    seconds = read_basic(text)
    if seconds is not None or not text.isascii() or len(text) > 100:
        return seconds
    try:
        parts = parsedate_tz(text)
        return float(mktime_tz(parts)) if parts else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def write_basic(seconds: float) -> str:
    return _moment(seconds).strftime("%Y%m%dT%H%M%SZ")


def write_extended(seconds: float) -> str:
    return _moment(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
