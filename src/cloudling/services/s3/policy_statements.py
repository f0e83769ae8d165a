"""Whether the statements of a bucket policy mean something: actions, resources and conditions.

Each action must be S3's and apply to a resource of the statement, each resource must be of this
bucket, and each of S3's condition keys must be one that the actions know.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from cloudling.kernel.authorize.matching import compile_pattern
from cloudling.models import actions as reference
from cloudling.services.s3.errors import MalformedPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloudling.models.actions import Action

Statement = dict[str, Any]

_KINDS = frozenset({"bucket", "object"})
# Of access points and access grants; they apply to whatever is asked through those.
_ALWAYS = frozenset(
    {
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:accesspointnetworkorigin",
        "s3:accessgrantsinstancearn",
    }
)


def check(statements: Iterable[Statement], bucket_arn: str) -> None:
    """Refuse what S3 refuses in grammatical statements, in its words and with its details."""
    for index, statement in enumerate(statements):
        label = f'in Statement "{statement.get("Sid") or f"NO_ID-{index}"}"'
        kinds = _kinds_of_resources(statement, bucket_arn)
        wanted = _keys_of(statement)
        for pattern in _texts(statement, "Action"):
            known = _named(pattern)
            if not known:
                raise MalformedPolicy("Policy has invalid action", Detail=pattern)
            if "NotAction" in statement:
                continue
            fitting = [action for action in known if kinds.intersection(action.resources)]
            detail = f'Action "{pattern}" {label}'
            if not fitting:
                raise MalformedPolicy(
                    "Action does not apply to any resource(s) in statement", Detail=detail
                )
            if not all(any(_knows(action, key) for action in fitting) for key in wanted):
                raise MalformedPolicy(
                    "Conditions do not apply to combination of actions and resources in statement",
                    Detail=detail,
                )


def _texts(statement: Statement, field: str) -> Sequence[str]:
    value: str | list[str] = statement[field if field in statement else f"Not{field}"]
    return [value] if isinstance(value, str) else value


def _kinds_of_resources(statement: Statement, bucket_arn: str) -> frozenset[str]:
    """Whether the statement speaks of the bucket, of objects, or of both."""
    found: set[str] = set()
    for resource in _texts(statement, "Resource"):
        rest = resource[len(bucket_arn) :]
        if not resource.startswith(bucket_arn) or (rest and rest[0] not in "/*"):
            raise MalformedPolicy("Policy has invalid resource", Detail=resource)
        if "/" not in rest:
            found.add("bucket")
        if rest:
            found.add("object")
    return _KINDS if "NotResource" in statement else frozenset(found)


def _named(pattern: str) -> list[Action]:
    """S3's actions on buckets and objects that a pattern means."""
    matches = compile_pattern(pattern.lower())
    return [
        action
        for action in reference.actions("s3").values()
        if not _KINDS.isdisjoint(action.resources) and matches(f"s3:{action.name.lower()}")
    ]


def _keys_of(statement: Statement) -> set[str]:
    """S3's own keys in the conditions, in lower case."""
    found: set[str] = set()
    for operator, keys in statement.get("Condition", {}).items():
        for written, values in keys.items():
            key = written.lower()
            if key.startswith("s3:") and _is_known(key):
                found.add(key)
            elif not key.startswith("aws:"):
                raise MalformedPolicy("Policy has an invalid condition key", Detail=written)
            if "IpAddress" in operator:
                _check_addresses([values] if isinstance(values, str) else values)
    return found


def _check_addresses(values: Sequence[str]) -> None:
    for value in values:
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise MalformedPolicy("Invalid IP address in Conditions", Detail=value) from None


def _is_known(key: str) -> bool:
    s3 = reference.load("s3")
    return key in _ALWAYS or any(
        _means(key, known)
        for action in s3.actions.values()
        if not _KINDS.isdisjoint(action.resources)
        for known in action.condition_keys
    )


def _knows(action: Action, key: str) -> bool:
    return key in _ALWAYS or any(_means(key, known) for known in action.condition_keys)


def _means(key: str, known: str) -> bool:
    """Is it this key, or one of a family such as `s3:ExistingObjectTag/<key>`?"""
    family, slash, _ = known.lower().partition("/")
    return key.startswith(family + slash) if slash else key == family
