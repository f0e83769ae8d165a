"""Where the statements of a policy's text stand, as IAM's simulator counts lines and columns.

A position is where reading stands: just after the character that was read last, both counted from
1. The first statement of a list begins after the list's bracket, a later one after the statement
before it, and one that stands alone after its own brace; each ends after its own brace (learnt
from the examples of AWS's command line reference and from answers that users published).
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_BETWEEN = re.compile(r"[ \t\n\r,]*")


class Position(NamedTuple):
    """A line and a column."""

    line: int
    column: int


class Span(NamedTuple):
    """Where a statement begins and ends."""

    start: Position
    end: Position


def spans(text: str) -> tuple[Span, ...]:
    """The place of each statement of a valid policy, in their order."""
    return tuple(Span(_position(text, start), _position(text, end)) for start, end in _find(text))


def _find(text: str) -> list[tuple[int, int]]:
    start = _statements(text)
    if text[start] != "[":
        _, end = _DECODER.raw_decode(text, start)
        return [(start + 1, end)]
    found: list[tuple[int, int]] = []
    reached = start + 1
    while text[begin := _skip(_BETWEEN, text, reached)] != "]":
        _, end = _DECODER.raw_decode(text, begin)
        found.append((reached, end))
        reached = end
    return found


def _statements(text: str) -> int:
    """Where the value of the document's Statement begins."""
    place = _skip(_SPACE, text, 0) + 1
    while True:
        name, place = _DECODER.raw_decode(text, _skip(_BETWEEN, text, place))
        place = _skip(_SPACE, text, _skip(_SPACE, text, place) + 1)
        if name == "Statement":
            return place
        _, place = _DECODER.raw_decode(text, place)


def _skip(what: re.Pattern[str], text: str, place: int) -> int:
    found = what.match(text, place)
    return found.end() if found else place


def _position(text: str, place: int) -> Position:
    line = text.count("\n", 0, place)
    return Position(line + 1, place - (text.rfind("\n", 0, place) + 1) + 1)
