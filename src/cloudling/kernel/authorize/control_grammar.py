"""How Organizations checks control policies.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
"""

from __future__ import annotations

from typing import Any

from cloudling.kernel.authorize.grammar import (
    VERSIONS,
    Kind,
    MalformedPolicyDocument,
    Statement,
    check_action,
    each,
    has,
    is_document,
    refuse,
    repeats_sid,
    statements,
)

MALFORMED = (
    "The provided policy document does not meet the requirements of the specified policy type."
)
_ANYTHING = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def check(document: Any, kind: Kind) -> None:
    """Refuse what Organizations refuses; it has one text for every fault."""
    if not is_document(document, VERSIONS[1:]):
        refuse(MALFORMED)
    found = statements(document)
    fits = _is_service_control if kind == "scp" else _is_resource_control
    if repeats_sid(found) or not all(fits(statement) for statement in found):
        refuse(MALFORMED)
    try:
        for action in each(found, "Action"):
            check_action(action)
    except MalformedPolicyDocument:
        refuse(MALFORMED)


def _is_whole(statement: Statement) -> bool:
    return (
        statement["Effect"] in ("Allow", "Deny")
        and has(statement, "Action")
        and has(statement, "Resource")
    )


def _is_service_control(statement: Statement) -> bool:
    return _is_whole(statement) and not statement.keys() & {"Principal", "NotPrincipal"}


def _is_resource_control(statement: Statement) -> bool:
    """A customer's RCP denies everyone, by services' names; AWS's own allows everything."""
    if {name: statement.get(name) for name in _ANYTHING} == _ANYTHING:
        return True
    return (
        _is_whole(statement)
        and statement["Effect"] == "Deny"
        and statement.get("Principal") in ("*", {"AWS": "*"})
        and not statement.keys() & {"NotPrincipal", "NotAction"}
        and "*" not in each([statement], "Action")
    )
