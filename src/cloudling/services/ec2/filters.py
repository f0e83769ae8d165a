"""EC2's filters: which of the described things a request wants to see.

Each description has a table of its filters: the name, and the path of members that leads to the
values (`"Ebs.VolumeSize"`, through lists and structures alike), or a function of the description.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cloudling.kernel.authorize.matching import Matcher, Token, Wild, compile_tokens
from cloudling.services.ec2.errors import FilterLimitExceeded, InvalidParameterValue

Description = Mapping[str, Any]
Read = Callable[[Description], Any]
Known = Mapping[str, "str | Read"]

_MOST_FILTERS = 50
_MOST_VALUES = 200
_PIECES = re.compile(r"\\[*?\\]|[*?]|[^*?\\]+|\\", re.DOTALL)
_WILD = {"*": Wild.STAR, "?": Wild.ONE}


class Filter(NamedTuple):
    """One filter: where to look, and what fits there."""

    read: Read
    fits: tuple[Matcher, ...]

    def takes(self, described: Description) -> bool:
        texts = [text(value) for value in _flat(self.read(described))]
        return any(fits(each) for fits in self.fits for each in texts)


def chosen(
    described: Iterable[Description], request: Mapping[str, Any], known: Known
) -> list[dict[str, Any]]:
    """The descriptions that all of the request's `Filters` take; unknown names are refused."""
    filters = parse(request.get("Filters"), known)
    return [dict(each) for each in described if all(one.takes(each) for one in filters)]


def parse(given: Sequence[Mapping[str, Any]] | None, known: Known) -> list[Filter]:
    """The filters of a request.

    `tag:<key>` and `tag-key` are known wherever the table has `tag`, whose path leads to the tags.
    """
    found = list(given or ())
    if len(found) > _MOST_FILTERS:
        raise FilterLimitExceeded(
            f"The maximum number of filters specified on a single call is {_MOST_FILTERS}"
        )
    if sum(len(each.get("Values") or ()) for each in found) > _MOST_VALUES:
        raise FilterLimitExceeded(
            f"The maximum number of filter values specified on a single call is {_MOST_VALUES}"
        )
    return [_parse_one(each, known) for each in found]


def _parse_one(given: Mapping[str, Any], known: Known) -> Filter:
    name = given.get("Name", "null")
    read = _reader(name, known)
    if read is None:
        raise InvalidParameterValue(f"The filter '{name}' is invalid")
    return Filter(read, tuple(matcher(each) for each in given.get("Values") or ()))


def _reader(name: str, known: Known) -> Read | None:
    if name.startswith("tag:") and "tag" in known:
        key, tags = name.removeprefix("tag:"), _path(known["tag"])
        return lambda described: [
            each["Value"] for each in _flat(tags(described)) if each["Key"] == key
        ]
    if name == "tag-key" and "tag" in known:
        tags = _path(known["tag"])
        return lambda described: [each["Key"] for each in _flat(tags(described))]
    found = known.get(name) if name != "tag" else None
    return None if found is None else _path(found)


def _path(found: str | Read) -> Read:
    if callable(found):
        return found
    members = found.split(".")
    return lambda described: list(_walk(described, members))


def _walk(value: Any, members: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _walk(each, members)
    elif not members:
        yield value
    elif isinstance(value, Mapping) and members[0] in value:
        yield from _walk(value[members[0]], members[1:])


def _flat(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def text(value: Any) -> str:
    """A value as filters compare it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def moment(seconds: float) -> str:
    """A moment as filters compare it: `2026-11-21T06:20:17.000Z`."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def matcher(value: str) -> Matcher:
    """`*` stands for any text, `?` for one character; a backslash takes that from them."""
    tokens: list[Token] = []
    for piece in _PIECES.findall(value):
        wild = _WILD.get(piece)
        if wild is not Wild.STAR or tokens[-1:] != [Wild.STAR]:
            tokens.append(wild or (piece[1:] if piece[0] == "\\" and piece[1:] else piece))
    return compile_tokens(tuple(tokens))
