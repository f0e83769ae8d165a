"""What makes a bucket policy public: granting to more than fixed, trusted values.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Statement = dict[str, Any]

# Broader ranges of addresses are the public.
_BROADEST = {4: 8, 6: 32}
_VARIABLE = re.compile(r"[*?]|\$\{")
_ACCESS_POINT = re.compile(r"arn:[\w-]+:s3:[\w*-]*:\d{12}:accesspoint/[\w*?-]+", re.ASCII)
# A fixed value of one of these is somebody, or somewhere, that its writer trusts.
_FIXING = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
    }
)
_EQUALS = frozenset({"StringEquals", "StringEqualsIgnoreCase", "StringLike"})
_ARN_EQUALS = frozenset({"ArnEquals", "ArnLike"})


def is_public(statements: Iterable[Statement]) -> bool:
    """One statement that grants to everyone makes the whole policy public."""
    return any(
        statement["Effect"] == "Allow"
        and _is_everyone(statement.get("Principal"))
        and not _is_fixed(statement.get("Condition", {}))
        for statement in statements
    )


def _is_everyone(principal: Any) -> bool:
    return "*" in (_listed(principal.get("AWS", [])) if isinstance(principal, dict) else principal)


def _is_fixed(conditions: dict[str, dict[str, Any]]) -> bool:
    """Does a condition bind the grant to fixed values? They all must hold, so one is enough."""
    return any(
        _fixes(operator.removeprefix("ForAnyValue:"), key.lower(), _listed(values))
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _fixes(operator: str, key: str, values: list[str]) -> bool:
    if key == "aws:sourceip":
        return operator == "IpAddress" and all(_is_narrow(value) for value in values)
    if operator not in _EQUALS | _ARN_EQUALS:
        return False
    if key == "s3:dataaccesspointarn":
        # A wildcard may stand for the access point, not for its account.
        return all(_ACCESS_POINT.fullmatch(value) for value in values)
    return key in _FIXING and not any(_VARIABLE.search(value) for value in values)


def _is_narrow(text: str) -> bool:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _BROADEST[network.version]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
