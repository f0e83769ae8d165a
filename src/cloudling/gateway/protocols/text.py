"""Scalars as text, both ways: what generated codecs call for every string, number and time."""

from __future__ import annotations

import base64
import binascii
import math
import re
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Written as references: what XML cannot hold (S3's keys may), and CR, which readers would drop.
UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
DECIMAL = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?", re.ASCII)
ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?"
    r"([Zz]|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
TRUTH = {"true": True, "false": False}


class Fragment(str):
    """List items that are XML already: written as they are."""

    __slots__ = ()


def escape(text: str) -> str:
    """Text as XML's character data or attribute value."""
    if text.isprintable():
        if "&" in text or "<" in text or ">" in text:
            return _escape_markup(text)
        return text.replace('"', "&quot;") if '"' in text else text
    if UNWRITABLE.search(text):
        return UNWRITABLE.sub(_reference, _escape_markup(text))
    return _escape_markup(text)


def _escape_markup(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;")


def _reference(found: re.Match[str]) -> str:
    return f"&#x{ord(found[0]):x};"


def header_value(text: str) -> str:
    """Text as a header's value: no line can be smuggled in, and what is not Latin-1 is encoded."""
    if text.isascii() and text.isprintable():
        return text
    text = CONTROLS.sub(" ", text)
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return encoded_word(text)
    return text


def encoded_word(text: str) -> str:
    """Text in RFC 2047's form."""
    return f"=?UTF-8?B?{encode_blob(text.encode('utf-8', 'replace'))}?="


def metadata_value(text: str) -> str:
    """User metadata as a header's value: in RFC 2047's form where it is not US-ASCII.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html#UserMetadata
    """
    return header_value(text) if text.isascii() else encoded_word(text)


def header_list_item(text: str) -> str:
    """One value in a header that lists several."""
    if "," in text or '"' in text:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return text


def boolean(value: object) -> str:
    return "true" if value else "false"


def number(value: float) -> str:
    if value != value:  # noqa: PLR0124 - only NaN differs from itself
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def encode_blob(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


@lru_cache(maxsize=16384)
def iso(moment: float) -> str:
    """2015-01-25T08:00:00Z, with milliseconds where there are some."""
    whole, part = divmod(round(moment * 1000), 1000)
    fraction = f".{part:03d}" if part else ""
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


@lru_cache(maxsize=16384)
def iso_seconds(moment: float) -> str:
    return f"{datetime.fromtimestamp(math.floor(moment), UTC):%Y-%m-%dT%H:%M:%S}Z"


@lru_cache(maxsize=16384)
def iso_milliseconds(moment: float) -> str:
    """As S3 writes it, which knows whole seconds only."""
    return f"{datetime.fromtimestamp(math.floor(moment), UTC):%Y-%m-%dT%H:%M:%S}.000Z"


@lru_cache(maxsize=16384)
def http_date(moment: float) -> str:
    return formatdate(math.floor(moment), usegmt=True)


def unix(moment: float) -> str:
    return repr(int(moment)) if moment == int(moment) else repr(moment)


def read_boolean(text: str) -> bool:
    truth = TRUTH.get(text.strip().lower())
    if truth is None:
        raise ValueError(f"{text} is no boolean")
    return truth


def read_integer(text: str) -> int:
    return _bounded(text, 1 << 31)


def read_long(text: str) -> int:
    return _bounded(text, 1 << 63)


def _bounded(text: str, limit: int) -> int:
    if len(text) < 10 and text.isascii() and text.isdecimal():
        return int(text)
    text = text.strip()
    if not DECIMAL.fullmatch(text) or not -limit <= int(text) < limit:
        raise ValueError(f"{text} is no integer, or out of range")
    return int(text)


def read_number(text: str) -> float:
    text = text.strip()
    if text in SPECIAL:
        return SPECIAL[text]
    if not NUMBER.fullmatch(text):
        raise ValueError(f"{text} is no number")
    return float(text)


def read_blob(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as problem:
        raise ValueError("not base64") from problem


def read_time(text: str) -> float:
    """A moment in any of AWS's notations: ISO 8601, RFC 1123, seconds since the epoch."""
    text = text.strip()
    if found := ISO.fullmatch(text):
        return _iso_moment(found)
    if NUMBER.fullmatch(text):
        return _plain(float(text))
    return _http_moment(text)


def _iso_moment(found: re.Match[str]) -> float:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    moment = datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0),
        min(int(second or 0), 59), tzinfo=UTC,
    )  # fmt: skip
    seconds = (moment - EPOCH).total_seconds() + float(f"0.{fraction or 0}")
    if zone and zone not in "Zz":
        away = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
        seconds += -away if zone[0] == "+" else away
    return _plain(seconds)


def _http_moment(text: str) -> float:
    try:
        moment = parsedate_to_datetime(text)
        return _plain((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (TypeError, IndexError, OverflowError) as problem:
        raise ValueError(f"{text} is no time") from problem


def _plain(seconds: float) -> float:
    """Whole seconds as an integer: they compare and print better."""
    if not -62135596800 <= seconds <= 253402300799:
        raise ValueError("beyond the years 1 to 9999")
    return int(seconds) if seconds == int(seconds) else seconds
