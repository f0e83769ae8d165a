"""What a policy document may say: what the two parsers of AWS share.

IAM reads identity and session policies with one parser and trust policies (as services their
resource policies) with another; the two speak differently. Their order and texts were learnt from
what AWS answered others, in public test cases and issue threads.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any, Literal, NoReturn

from cloudling.kernel.authorize.conditions import is_operator
from cloudling.kernel.errors import AwsError

Kind = Literal["identity", "session", "trust", "resource", "scp", "rcp"]
Statement = Mapping[str, Any]

SYNTAX = "Syntax errors in policy."
VERSIONS = ("2008-10-17", "2012-10-17")
POLICY_FIELDS = {"Version", "Id", "Statement"}
STATEMENT_FIELDS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
    "Condition",
}  # fmt: skip

_VENDOR = re.compile(r"[A-Za-z0-9.-]*")


class MalformedPolicyDocument(AwsError):
    """The policy document is not one; the message says why."""


def refuse(text: str) -> NoReturn:
    raise MalformedPolicyDocument(text)


def statements(document: Mapping[str, Any]) -> list[Statement]:
    """The statements as a list, however they are written."""
    found = document["Statement"]
    return [found] if isinstance(found, dict) else list(found)


def is_document(document: Any, versions: Container[str], default: str = "") -> bool:
    """Has it the form of a policy, in one of these versions?"""
    return (
        isinstance(document, dict)
        and document.keys() <= POLICY_FIELDS
        and document.get("Version", default) in versions
        and isinstance(document.get("Id", ""), str)
        and bool(document.get("Statement"))
        and isinstance(document["Statement"], dict | list)
        and all(is_statement(statement) for statement in statements(document))
    )


def repeats_sid(found: list[Statement]) -> bool:
    """Have two statements the same id?"""
    sids = [sid for statement in found if (sid := statement.get("Sid"))]
    return len(sids) != len(set(sids))


def texts(value: Any) -> list[str]:
    """One text, or a list of them, as a list; numbers and truth values as policies write them."""
    items = value if isinstance(value, list) else [value]
    return [item if isinstance(item, str) else json.dumps(item) for item in items]


def is_texts(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(item, str) for item in value)
    )


def _is_values(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, str | int | float) for item in items)


def _is_condition(block: Any) -> bool:
    """A condition block; an unknown operator without keys is let pass, as IAM does."""
    return isinstance(block, dict) and all(
        isinstance(keys, dict)
        and (not keys or is_operator(name))
        and all(_is_values(value) for value in keys.values())
        for name, keys in block.items()
    )


def is_statement(statement: Any) -> bool:
    return (
        isinstance(statement, dict)
        and statement.keys() <= STATEMENT_FIELDS
        and isinstance(statement.get("Sid", ""), str)
        and str(statement.get("Effect")).lower() in ("allow", "deny")
        and all(
            is_texts(statement.get(field, ""))
            for field in ("Action", "NotAction", "Resource", "NotResource")
        )
        and not {"Action", "NotAction"} <= statement.keys()
        and not {"Resource", "NotResource"} <= statement.keys()
        and _is_condition(statement.get("Condition", {}))
    )


def has(statement: Statement, field: str) -> bool:
    return any(statement.get(name, []) != [] for name in (field, "Not" + field))


def each(found: list[Statement], field: str) -> Iterator[str]:
    for statement in found:
        for name in (field, "Not" + field):
            yield from texts(statement.get(name, []))


def check_action(action: str) -> None:
    if action == "*":
        return
    vendor, colon, name = action.partition(":")
    if not colon:
        refuse("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if ":" in name:
        refuse("Actions/Condition can contain only one colon.")
    if not _VENDOR.fullmatch(vendor) and action != "*:*":
        refuse(f"Vendor {vendor} is not valid")
