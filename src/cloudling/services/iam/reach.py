"""Which services policies open, as access advisor sees it: by their actions alone.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel.authorize import documents, grammar
from cloudling.kernel.authorize.matching import compile_pattern, is_pattern
from cloudling.models import actions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloudling.kernel.authorize.matching import Matcher


class _Actions(NamedTuple):
    """A statement's actions, sorted by the service they speak of; `anywhere` by a pattern of it."""

    by_service: dict[str, list[Matcher]]
    anywhere: list[tuple[Matcher, Matcher]]
    negated: bool

    def matchers(self, prefix: str) -> list[Matcher]:
        own = self.by_service.get(prefix, [])
        return own + [matcher for service, matcher in self.anywhere if service(prefix)]


class Reach:
    """What some policies open together.

    A deny takes away what it denies of every resource and without condition.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._allows: list[_Actions] = []
        self._denies: list[_Actions] = []
        for text in texts:
            for statement in grammar.statements(documents.load(text)):
                if statement["Effect"] == "Allow":
                    self._allows.append(_read(statement))
                elif statement.get("Resource") in ("*", ["*"]) and not statement.get("Condition"):
                    self._denies.append(_read(statement))

    def services(self) -> list[str]:
        """The prefixes of all services of which any action is open, sorted."""
        return [prefix for prefix in self._candidates() if self.opens(prefix)]

    def opens(self, prefix: str) -> bool:
        """Is any action of the service open?"""
        allows = [(each.matchers(prefix), each.negated) for each in self._allows]
        allows = [(matchers, negated) for matchers, negated in allows if matchers or negated]
        if not allows:
            return False
        denies = [(each.matchers(prefix), each.negated) for each in self._denies]
        names = (f"{prefix}:{name.lower()}" for name in actions.actions(prefix))
        return any(_covers(allows, name) and not _covers(denies, name) for name in names)

    def _candidates(self) -> Iterable[str]:
        if any(each.negated or each.anywhere for each in self._allows):
            return actions.prefixes()
        return sorted({prefix for each in self._allows for prefix in each.by_service})


def _covers(actions: list[tuple[list[Matcher], bool]], name: str) -> bool:
    return any(
        any(matcher(name) for matcher in matchers) is not negated for matchers, negated in actions
    )


def _read(statement: Mapping[str, Any]) -> _Actions:
    negated = "NotAction" in statement
    found = _Actions({}, [], negated)
    for written in grammar.texts(statement["NotAction" if negated else "Action"]):
        name = written.lower()
        service = name.partition(":")[0]
        if is_pattern(service):
            found.anywhere.append((compile_pattern(service), compile_pattern(name)))
        else:
            found.by_service.setdefault(service, []).append(compile_pattern(name))
    return found
