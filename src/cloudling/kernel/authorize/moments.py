"""Dates in policies: ISO 8601 in the forms AWS accepts, or seconds since the epoch.

What is a date was learnt from policies that IAM took or refused: one to nine digits of a second's
fraction, offsets of two or four digits, any of the later parts missing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_DATE = re.compile(
    r"(?P<year>[+-]?\d{1,9})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?"
    r"(?:[Tt](?:(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})"
    r"(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"(?P<zone>[Zz]|[+-]\d{2}(?::?\d{2})?)?)?)?"
)
_EPOCH = re.compile(r"[+-]?\d{1,19}")
_YEAR = 31_556_952.0


@lru_cache(maxsize=1024)
def parse_date(text: str) -> float | None:
    """Seconds since the epoch; None when the text is no date."""
    if len(text) != 4 and _EPOCH.fullmatch(text):
        return float(text) if -(2**63) <= int(text) < 2**63 else None
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    number = {
        name: int(found[name] or least)
        for name, least in (("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))
    }
    year = int(found["year"])
    try:
        # Years that Python's calendar lacks are checked in a leap year and counted roughly.
        known = year if 1 <= year <= 9999 else 2000
        moment = datetime(known, **number, tzinfo=UTC) - _offset(found["zone"] or "Z")
        return (
            moment.timestamp() + float("0." + (found["fraction"] or "0")) + (year - known) * _YEAR
        )
    except (ValueError, OverflowError):
        return None


def format_date(moment: float) -> str:
    """A moment as `aws:CurrentTime` tells it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _offset(zone: str) -> timedelta:
    if zone in "Zz":
        return timedelta()
    digits = zone[1:].replace(":", "")
    if int(digits[:2]) > 23 or int(digits[2:] or 0) > 59:
        raise ValueError(zone)
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return -size if zone[0] == "-" else size
