"""Which operation a REST request means: matched against the model's paths, methods and members.

`{Key+}` is all that is left of a path, as it came and decoded once: nothing is normalised, an empty
part is a part, and a plus is a plus.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
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

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._candidates = sorted(candidates, key=lambda each: each.rank)
        self._loosen()
        plain = [each for each in self._candidates if not each.literals]
        # Names of which each must be meant by the operation that is chosen.
        self._needed = frozenset(name for each in plain for name in each.needs)
        self.subresources = frozenset(
            name for each in self._candidates for name, value in each.literals if not value
        )
        self._headers = sorted({name for each in self._candidates for name in each.headers})
        self._deciding: dict[str, frozenset[str]] = {}
        self._decided: dict[Any, str | None] = {}

    def _loosen(self) -> None:
        """What a subresource needs decides between rivals; one of them takes all that is left."""
        last = {each.literals: each for each in self._candidates if not each.deprecated}
        for each in last.values():
            if each.literals:
                each.needs, each.headers = set(), set()

    def settle(self, everywhere: frozenset[str]) -> None:
        """Learn the subresources of all paths: none of them may be passed over."""
        self.subresources = everywhere
        values = [pair for each in self._candidates for pair in each.literals]
        values += [("x-id", each.name) for each in self._candidates]
        needs = {name for each in self._candidates for name in each.needs}
        for name in everywhere | needs | {name for name, _ in values}:
            self._deciding[name] = frozenset(value for of, value in values if of == name)

    def choose(self, query: Query, headers: Mapping[str, str]) -> str | None:
        """The operation; what decided once, by the parts that matter, decides again."""
        key: Any = ()
        if query:
            deciding = self._deciding
            key = tuple(
                [(name, value if value in deciding[name] else "")
                 for name, value in query if name in deciding]
            )  # fmt: skip
        if self._headers:
            key = (key, *[name in headers for name in self._headers])
        try:
            return self._decided[key]
        except KeyError:
            if len(self._decided) > MOST_DECISIONS:
                self._decided.clear()
            found = self._decided[key] = self._decide(dict(query), headers)
            return found

    def _decide(self, query: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
        fitting = [each for each in self._candidates if each.fits(query, headers)]
        if not fitting:
            return None
        found = fitting[0]
        for each in fitting:
            if each.name == query.get("x-id") and each.rank == found.rank:
                found = each
        named = {name for name, _ in found.literals} | found.takes
        asked = (self.subresources | self._needed) & query.keys()
        return found.name if asked <= named else None


class Router:
    """A model's paths as one expression, the more definite ones first."""

    def __init__(self, model: Model) -> None:
        paths: dict[str, dict[str, list[Candidate]]] = {}
        for operation in model.operations.values():
            methods = paths.setdefault(operation.uri.partition("?")[0], {})
            methods.setdefault(operation.method, []).append(Candidate(model, operation))
        # Each alternative ends with an empty group, by whose number it is known.
        self._paths: dict[int, tuple[tuple[str, ...], dict[str, Resource]]] = {}
        expressions, groups = [], 0
        for path in sorted(paths, key=definiteness):
            expression, names = pattern(path)
            expressions.append(expression + b"()")
            groups += len(names) + 1
            resources = {method: Resource(each) for method, each in paths[path].items()}
            self._paths[groups] = (names, resources)
        self._expression = re.compile(b"|".join(expressions), re.DOTALL)
        self._settle()

    def _settle(self) -> None:
        resources = [each for _, methods in self._paths.values() for each in methods.values()]
        everywhere = frozenset().union(*(each.subresources for each in resources))
        for each in resources:
            each.settle(everywhere)

    def match(
        self, method: str, path: bytes, query: Query, headers: Mapping[str, str]
    ) -> tuple[str, Labels]:
        found = self._expression.fullmatch(path)
        if found is None or found.lastindex is None:
            raise InvalidURI
        names, methods = self._paths[found.lastindex]
        resource = methods.get(method)
        operation = resource.choose(query, headers) if resource else None
        if operation is None:
            raise MethodNotAllowed(Method=method, ResourceType=RESOURCE_TYPES.get(len(names)))
        labels = {}
        at = found.lastindex - len(names)
        for name in names:
            raw = found[at]
            labels[name] = decoded(raw) if b"%" in raw else plain(raw)
            at += 1
        return operation, labels


def match(  # noqa: PLR0913 - a request's head, and what it is matched against
    model: Model,
    method: str,
    path: bytes,
    query: Query,
    headers: Mapping[str, str],
    *,
    bucket: str = "",
) -> tuple[str, Labels]:
    """Operation and labels of a request; a bucket that stands in the host's name comes apart."""
    router = _routers.get(model.digest)
    if router is None:
        router = _routers[model.digest] = Router(model)
    if bucket:
        path = b"/" + bucket.encode() + path
    return router.match(method, path, query, headers)


def pattern(path: str) -> tuple[bytes, tuple[str, ...]]:
    """The expression for a path and the names of its labels."""
    names, expression = [], b""
    for part in LABEL.split(path):
        if not part.startswith("{"):
            expression += re.escape(part.encode())
            continue
        names.append(part.strip("{+}"))
        expression += b"(.+)" if part.endswith("+}") else b"([^/]*)"
    # `PUT /bucket/` is `PUT /bucket`.
    tail = b"/?" if path.endswith("}") and not path.endswith("+}") else b""
    return expression + tail, tuple(names)


def definiteness(path: str) -> tuple[int, int, str]:
    """Constant parts first, then the longer paths: a key takes what a bucket would."""
    parts = [part for part in path.split("/") if part]
    constant = sum(1 for part in parts if not part.startswith("{"))
    # The root, too, is more definite than a label that may be empty.
    return -constant if parts else -1, -len(parts), path


def decoded(raw: bytes) -> str:
    return plain(unquote_to_bytes(raw))


def plain(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise InvalidURI from problem


LABEL = re.compile(r"(\{[^}]*\})")
MOST_DECISIONS = 4096
# S3 says so in its error: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
RESOURCE_TYPES = {0: "SERVICE", 1: "BUCKET", 2: "OBJECT"}
_routers: dict[str, Router] = {}
