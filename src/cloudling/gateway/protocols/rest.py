"""Which operation a REST request means: matched against the model's paths, methods and members.

`{Key+}` is all that is left of a path, as it came and decoded once: nothing is normalised, an empty
part is a part, and a plus is a plus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from cloudling.kernel.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloudling.models.loader import Model, Operation

Labels = dict[str, str]
Query = list[tuple[str, str]]


class MethodNotAllowed(AwsError):
    """The resource is there but cannot be asked this."""

    message = "The specified method is not allowed against this resource."
    status = 405


class InvalidURI(AwsError):
    """The path does not decode to text."""

    message = "Couldn't parse the specified URI."


class Candidate:
    """An operation on a path, with what a request must have to mean it."""

    __slots__ = ("deprecated", "headers", "literals", "name", "needs", "takes")

    def __init__(self, model: Model, operation: Operation) -> None:
        self.name = operation.name
        self.deprecated = bool(operation.traits.get("deprecated"))
        self.literals = literals(operation.uri)
        shape = model.input(operation.name)
        required = set(shape.own.get("required", ())) if shape is not None else set()
        self.takes: set[str] = set()
        self.needs: set[str] = set()
        self.headers: set[str] = set()
        for name, of in model.members(shape) if shape is not None else ():
            wire_name = of.get("locationName", name)
            if of.get("location") == "querystring":
                self.takes.add(wire_name)
                if name in required:
                    self.needs.add(wire_name)
            elif of.get("location") == "header" and name in required:
                self.headers.add(wire_name.lower())

    @property
    def rank(self) -> tuple[int, int, bool]:
        """Who is asked first: the more a candidate needs, the less can it be meant by chance."""
        return -len(self.literals), -len(self.needs) - len(self.headers), self.deprecated

    def fits(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        for name, value in self.literals:
            found = query.get(name)
            if found is None or (value and found != value):
                return False
        return self.needs <= query.keys() and self.headers <= headers.keys()


def literals(uri: str) -> tuple[tuple[str, str], ...]:
    """The constant part of a path's query string; `x-id` says nothing that others would not."""
    pairs = (each.partition("=") for each in uri.partition("?")[2].split("&") if each)
    return tuple((name, value) for name, _, value in pairs if name != "x-id")


class Resource:
    """All operations of one method on one kind of path."""

    def __init__(self, candidates: Iterable[Candidate], subresources: frozenset[str]) -> None:
        self._candidates = sorted(candidates, key=lambda each: each.rank)
        self._loosen()
        self._plain = [each for each in self._candidates if not each.literals]
        self._default = self._simple()
        self._subresources = subresources
        self._deciding = {
            name for each in self._candidates for name, _ in each.literals
        } | {name for each in self._plain for name in each.needs}

    def _loosen(self) -> None:
        """Needs only decide between rivals; who has none, or needs least, says itself what lacks."""
        last: dict[tuple[tuple[str, str], ...], Candidate] = {}
        for each in self._candidates:
            if not each.deprecated or each.literals not in last:
                last[each.literals] = each
        for each in last.values():
            if each.literals:
                each.needs, each.headers = set(), set()

    def _simple(self) -> str | None:
        """The only operation there can be when no query parameter decides."""
        bound = [each for each in self._plain if each.headers]
        free = [each for each in self._plain if not each.needs and not each.headers]
        return free[0].name if free and not bound else None

    def choose(self, query: Query, headers: Mapping[str, str]) -> str | None:
        if not query and self._default:
            return self._default
        given = dict(query)
        names = given.keys()
        if self._deciding.isdisjoint(names) and self._subresources.isdisjoint(names):
            candidates = self._plain
        else:
            candidates = self._candidates
        for each in candidates:
            if each.fits(given, headers):
                return self._checked(each, given)
        return None

    def _checked(self, found: Candidate, query: Mapping[str, str]) -> str | None:
        """No subresource that a request names may be passed over."""
        if "x-id" in query:
            for each in self._candidates:
                if each.name == query["x-id"] and each.literals == found.literals and (
                    each.needs == found.needs and each.headers == found.headers
                ):
                    found = each
        named = {name for name, _ in found.literals} | found.takes
        return None if (self._subresources & query.keys()) - named else found.name
