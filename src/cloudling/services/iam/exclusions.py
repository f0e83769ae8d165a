"""Policies that a simulation leaves out.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyIdentifier.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel import arns
from cloudling.kernel.authorize.matching import compile_pattern
from cloudling.services.iam.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.iam.holdings import Held

_POLICY = re.compile(r"arn:[a-z-]+:iam::(?:aws|\d{12}):policy/(?P<name>.+)")


class Exclusions(NamedTuple):
    """All identifiers of one request."""

    types: frozenset[str]
    arns: tuple[str, ...]
    inline: tuple[tuple[str, str, str], ...]

    @property
    def boundary(self) -> bool:
        return "permission-boundary" in self.types

    @property
    def controls(self) -> bool:
        return "scp" in self.types

    def covers(self, held: Held) -> bool:
        """Is it left out?"""
        if held.arn:
            kind = "aws-managed" if arns.arn_account(held.arn) == "aws" else "user-managed"
            return kind in self.types or any(compile_pattern(each)(held.arn) for each in self.arns)
        kind, _, key = held.owner.partition("/")
        return "inline" in self.types or any(
            (kind, held.name) == (attached, name) and compile_pattern(entity.lower())(key)
            for attached, entity, name in self.inline
        )


def read(identifiers: Sequence[dict[str, Any]]) -> Exclusions:
    """Checks each identifier; one that fits no policy is no error."""
    types, names, inline = set(), [], []
    for each in identifiers:
        if len(each) != 1:
            raise InvalidInput("A policy identifier must have exactly one member.")
        if "PolicyType" in each:
            types.add(each["PolicyType"])
        elif "PolicyArn" in each:
            names.append(_arn(each["PolicyArn"]))
        else:
            found = each["InlinePolicyIdentifier"]
            inline.append((found["AttachmentType"], found["AttachmentName"], found["PolicyName"]))
    return Exclusions(frozenset(types), tuple(names), tuple(inline))


def _arn(text: str) -> str:
    """Only the name may have wildcards, and one star at most."""
    found = _POLICY.fullmatch(text)
    path = found["name"].rpartition("/")[0] if found else "*"
    if found is None or "*" in path or "?" in path or text.count("*") > 1:
        raise InvalidInput(f"ARN {text} is not valid.")
    return text
