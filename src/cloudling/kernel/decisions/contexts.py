"""The condition keys of a question, all that have a value, under the names AWS writes them with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.authorize.context import GLOBAL_KEYS, Context
from cloudling.models import actions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloudling.kernel.authorize import Question
    from cloudling.kernel.authorize.variables import Lookup, Value

_OF_RESOURCE = ("aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths", "aws:TagKeys")
_OF_REQUEST = tuple(name for name in GLOBAL_KEYS if name not in _OF_RESOURCE)


def of_request(question: Question, tags: Mapping[str, str]) -> dict[str, Any]:
    """The keys that hold for the whole request, and the principal's tags."""
    found = _known(Context(question, tags), _OF_REQUEST)
    return found | {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}


def of_resource(question: Question) -> dict[str, Any]:
    """The keys of this action and resource: the service's own, and those of tags."""
    lookup = Context(question, {})
    given = question.context
    named = _names(question.action)
    asked = list(_OF_RESOURCE)
    if callable(given):
        asked += named.values()
    else:
        asked += [named.get(key, key) for key in given]
    for key in _texts(lookup("aws:tagkeys")):
        asked.append(f"aws:RequestTag/{key}")
    asked += [f"aws:ResourceTag/{key}" for key in tags_of(question.tags)]
    return _known(lookup, dict.fromkeys(asked))


def tags_of(tags: Lookup) -> Iterable[str]:
    """The keys of the resource's tags, where what answers for them can list them."""
    keys: Iterable[str] = getattr(tags, "resource_keys", tuple)()
    return keys


def _names(action: str) -> dict[str, str]:
    """A service's condition keys as it writes them, by lower-case name."""
    prefix = action.partition(":")[0]
    keys = actions.load(prefix).condition_keys
    return {key.lower(): key for key in keys if "$" not in key}


def _known(lookup: Lookup, names: Iterable[str]) -> dict[str, Any]:
    values = {name: lookup(name.lower()) for name in names}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Value) -> str | list[str]:
    return value if isinstance(value, str) else list(value or ())


def _texts(value: Value) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
