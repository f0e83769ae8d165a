"""Filters of the describe operations: one engine for all of them.

A filter is a name and values; values of one filter are alternatives, filters all apply. In values
`*` stands for any text and `?` for one character or none; a backslash takes their meaning away.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cloudling.services.ec2.errors import FilterLimitExceeded, InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Item = dict[str, Any]
    Test = Callable[[Item], bool]

MOST_VALUES = 200
# EC2 no longer documents tag-value, but takes it.
_TAG_PARTS = {"tag-key": "Key", "tag-value": "Value"}
_ANY, _MAYBE = "any", "maybe"


class Filters:
    """The filters of one operation: by name, the path of members to the values in its answer.

    A path goes through lists by itself: `Associations.SubnetId` is that of every association.
    `tagged` resources have `tag:<key>` and `tag-key`, too.
    """

    def __init__(self, paths: Mapping[str, str], *, tagged: bool = True) -> None:
        self.paths = {name: tuple(path.split(".")) for name, path in paths.items()}
        self._tagged = tagged

    def select(self, given: Sequence[Item] | None, items: Iterable[Item]) -> list[Item]:
        """The items that all filters let through; raises InvalidParameterValue."""
        tests = self.tests(given)
        return [item for item in items if all(test(item) for test in tests)]

    def tests(self, given: Sequence[Item] | None) -> list[Test]:
        if sum(len(each.get("Values") or ()) for each in given or ()) > MOST_VALUES:
            raise FilterLimitExceeded
        return [
            self._test(each.get("Name", "null"), each.get("Values") or ()) for each in given or ()
        ]

    def _test(self, name: str, values: Sequence[str]) -> Test:
        fits = _matcher(values)
        if self._tagged and name.startswith("tag:"):
            return lambda item: any(fits(value) for value in _tag_values(item, name[4:]))
        if self._tagged and name in _TAG_PARTS:
            part = _TAG_PARTS[name]
            return lambda item: any(fits(tag[part]) for tag in item.get("Tags") or ())
        path = self.paths.get(name)
        if path is None:
            raise InvalidParameterValue(f"The filter '{name}' is invalid")
        return lambda item: any(fits(value) for value in _values(item, path))


def _tag_values(item: Item, key: str) -> Iterator[str]:
    """Keys are taken literally."""
    return (tag["Value"] for tag in item.get("Tags") or () if tag["Key"] == key)


def _values(found: Any, path: Sequence[str]) -> Iterator[str]:
    """The texts at the end of a path, as filters compare them."""
    if isinstance(found, (list, tuple)):
        for each in found:
            yield from _values(each, path)
    elif path:
        if isinstance(found, dict) and path[0] in found:
            yield from _values(found[path[0]], path[1:])
    elif isinstance(found, bool):
        yield "true" if found else "false"
    elif found is not None:
        yield str(found)


def _matcher(values: Sequence[str]) -> Callable[[str], bool]:
    plain = {value for value in values if not any(sign in value for sign in "*?\\")}
    patterns = [_read(value) for value in values if value not in plain]
    if not patterns:
        return plain.__contains__
    return lambda text: text in plain or any(_matches(pattern, text) for pattern in patterns)


@lru_cache(maxsize=256)
def _read(value: str) -> tuple[tuple[str, str], ...]:
    """A pattern's parts: a sign that stands for others, or ("", the character itself)."""
    parts: list[tuple[str, str]] = []
    characters = iter(value)
    for character in characters:
        if character == "\\":
            parts.append(("", next(characters, "\\")))
        elif character == "*":
            parts.append((_ANY, ""))
        elif character == "?":
            parts.append((_MAYBE, ""))
        else:
            parts.append(("", character))
    return tuple(parts)


def _matches(pattern: tuple[tuple[str, str], ...], text: str) -> bool:
    """Walk all readings of the pattern at once, so that none costs more than length by length."""
    places = _skipped(pattern, {0})
    for character in text:
        after = set()
        for place in places:
            if place == len(pattern):
                continue
            sign, literal = pattern[place]
            if sign == _ANY:
                after.add(place)
            elif sign == _MAYBE or literal == character:
                after.add(place + 1)
        places = _skipped(pattern, after)
        if not places:
            return False
    return len(pattern) in places


def _skipped(pattern: tuple[tuple[str, str], ...], places: set[int]) -> set[int]:
    """The places, and those behind signs that may stand for nothing."""
    found = set(places)
    for place in places:
        behind = place
        while behind < len(pattern) and pattern[behind][0]:
            behind += 1
            found.add(behind)
    return found
