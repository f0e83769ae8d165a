"""Wildcards of policies: `*` is any run of characters, `?` any one, compiled once per pattern.

A pattern is a tuple of tokens, so that a star that came out of a variable's value, or was written
`${*}`, is a plain character. `*` also matches `:` and `/`: AWS lets it expand past the ARN's parts
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
Matching takes time linear in the text whatever the pattern; a regular expression's would not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import Enum
from functools import lru_cache


class Wild(Enum):
    """The two characters that stand for others."""

    STAR = "*"
    ONE = "?"


Token = str | Wild
Matcher = Callable[[str], bool]
Tokens = tuple[Token, ...]

_WILDCARDS = re.compile(r"([*?])")


def is_pattern(text: str) -> bool:
    """Does it match anything but itself?"""
    return "*" in text or "?" in text


def tokenize(text: str) -> Tokens:
    """A pattern's text as tokens; runs of stars become one."""
    out: list[Token] = []
    for piece in _WILDCARDS.split(text):
        if piece == "*":
            if not out or out[-1] is not Wild.STAR:
                out.append(Wild.STAR)
        elif piece == "?":
            out.append(Wild.ONE)
        elif piece:
            out.append(piece)
    return tuple(out)


@lru_cache(maxsize=4096)
def compile_tokens(tokens: Tokens) -> Matcher:
    """A function that tells whether a text matches."""
    if not any(isinstance(token, Wild) for token in tokens):
        return "".join(str(token) for token in tokens).__eq__
    if tokens == (Wild.STAR,):
        return _everything
    if len(tokens) == 2 and tokens[1] is Wild.STAR and isinstance(tokens[0], str):
        return _starts_with(tokens[0])
    return _segments(tokens)


def compile_pattern(text: str) -> Matcher:
    """`compile_tokens` of a pattern without variables."""
    if not is_pattern(text):
        return text.__eq__
    return compile_tokens(tokenize(text))


def compile_arn(tokens: Tokens) -> Matcher:
    """The ARN operators' way: each of the six parts is matched by itself.

    A pattern of fewer parts matches only where it ends in a star, which then stands for the rest.
    """
    parts = _split_parts(tokens)
    if len(parts) < 6:
        return compile_tokens(tokens) if tokens[-1:] == (Wild.STAR,) else _nothing
    matchers = tuple(compile_tokens(tuple(part)) for part in parts)

    def match(text: str) -> bool:
        pieces = text.split(":", 5)
        return len(pieces) == 6 and all(
            matcher(piece) for matcher, piece in zip(matchers, pieces, strict=True)
        )

    return match


def _split_parts(tokens: Iterable[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if isinstance(token, Wild):
            parts[-1].append(token)
            continue
        first, *rest = token.split(":", 6 - len(parts))
        parts[-1] += [first] if first else []
        parts += [[piece] if piece else [] for piece in rest]
    return parts


def _everything(text: str) -> bool:
    return True


def _nothing(text: str) -> bool:
    return False


def _starts_with(prefix: str) -> Matcher:
    def match(text: str) -> bool:
        return text.startswith(prefix)

    return match


def _segments(tokens: Tokens) -> Matcher:
    """Match by the pieces between stars: first and last are anchored, the others found in turn."""
    pieces: list[list[Token]] = [[]]
    for token in tokens:
        if token is Wild.STAR:
            pieces.append([])
        else:
            pieces[-1].append(token)
    if len(pieces) == 1:
        return _whole(pieces[0])
    finders = [_Finder(piece) for piece in pieces]
    first, last = finders[0], finders[-1]
    middle = tuple(finder for finder in finders[1:-1] if finder.length)

    def match(text: str) -> bool:
        if not first.stands_at(text, 0):
            return False
        position, end = first.length, len(text) - last.length
        for finder in middle:
            found = finder.find(text, position)
            if found < 0:
                return False
            position = found + finder.length
        return position <= end and last.stands_at(text, end)

    return match


class _Finder:
    """One piece between stars: of fixed length, so that searching it never backtracks."""

    __slots__ = ("_pattern", "_text", "_tokens", "length")

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._pattern: re.Pattern[str] | None = None
        self._text = None if Wild.ONE in tokens else "".join(str(token) for token in tokens)
        self.length = sum(1 if isinstance(token, Wild) else len(token) for token in tokens)

    def stands_at(self, text: str, position: int) -> bool:
        if self._text is not None:
            return text.startswith(self._text, position)
        return self._regex().match(text, position) is not None

    def find(self, text: str, position: int) -> int:
        if self._text is not None:
            return text.find(self._text, position)
        found = self._regex().search(text, position)
        return found.start() if found else -1

    def _regex(self) -> re.Pattern[str]:
        # Compiled when first used: a long policy is mostly never asked for most of its patterns.
        if self._pattern is None:
            self._pattern = _fixed(self._tokens)
        return self._pattern


def _fixed(tokens: Iterable[Token]) -> re.Pattern[str]:
    body = "".join("." if isinstance(token, Wild) else re.escape(token) for token in tokens)
    return re.compile(body, re.DOTALL)


def _whole(tokens: Iterable[Token]) -> Matcher:
    pattern = _fixed(tokens)

    def match(text: str) -> bool:
        return pattern.fullmatch(text) is not None

    return match
