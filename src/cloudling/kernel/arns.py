"""Amazon Resource Names: the one place that takes them apart and puts them together.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([^}]*)\}")

# First match wins; every other region is `aws` (botocore/data/partitions.json).
_PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
)
PARTITIONS = frozenset({"aws", *(name for _, name in _PARTITIONS)})


class Arn(NamedTuple):
    """`arn:partition:service:region:account:resource`; the resource may hold colons."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Take an ARN apart; `ValueError` when it is none."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
            raise ValueError(f"not an ARN: {text!r}")
        return cls(*parts[1:])

    def __str__(self) -> str:
        return ":".join(("arn", *self))


def arn_account(text: str) -> str:
    """The account an ARN names; "" when it names none (as those of buckets) or is no ARN."""
    parts = text.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" else ""


def account_root(account: str, partition: str = "aws") -> str:
    """The ARN that stands for the whole account in a policy's principal."""
    return f"arn:{partition}:iam::{account}:root"


def iam(account: str, kind: str, path: str, name: str, partition: str = "aws") -> str:
    """`arn:aws:iam::111122223333:user/path/name`; the path begins and ends with a slash."""
    return f"arn:{partition}:iam::{account}:{kind}{path}{name}"


def assumed_role(account: str, role: str, session: str, partition: str = "aws") -> str:
    """What a role's session calls itself; the role's path is not part of it."""
    return f"arn:{partition}:sts::{account}:assumed-role/{role}/{session}"


@lru_cache(maxsize=256)
def partition(region: str) -> str:
    return next((name for start, name in _PARTITIONS if region.startswith(start)), "aws")


@lru_cache(maxsize=1024)
def _template(template: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    pieces = _VARIABLE.split(template)
    return tuple(pieces[::2]), tuple(pieces[1::2])


def fill(template: str, values: Mapping[str, str]) -> str:
    """Write the values into a template such as `arn:${Partition}:s3:::${BucketName}`.

    `KeyError` names the variable that has no value.
    """
    texts, names = _template(template)
    out = [texts[0]]
    for name, text in zip(names, texts[1:], strict=True):
        out += (values[name], text)
    return "".join(out)


@lru_cache(maxsize=1024)
def pattern(template: str) -> re.Pattern[str]:
    """What ARNs of this template look like."""
    return re.compile("[^:]+".join(map(re.escape, _template(template)[0])))


def variables(template: str) -> tuple[str, ...]:
    """The names of a template's variables, in order."""
    return _template(template)[1]
