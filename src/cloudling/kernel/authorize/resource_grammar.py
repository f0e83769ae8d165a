"""How AWS checks what is attached to a thing: trust policies of roles, policies of resources."""

from __future__ import annotations

from typing import Any

from cloudling.kernel.authorize.conditions import is_operator
from cloudling.kernel.authorize.grammar import (
    POLICY_FIELDS,
    STATEMENT_FIELDS,
    SYNTAX,
    VERSIONS,
    Kind,
    Statement,
    check_action,
    each,
    has,
    is_statement,
    is_texts,
    refuse,
    repeats_sid,
    statements,
)
from cloudling.kernel.authorize.principals import InvalidPrincipal, parse_principals


def check(document: Any, kind: Kind) -> None:
    """Refuse what AWS refuses; `document` is None for the text `null`."""
    if document is None:
        refuse("This text appears not to be a policy")
    if not isinstance(document, dict):
        refuse("This policy contains invalid Json")
    _check_frame(document)
    found = statements(document)
    if not found:
        refuse("Could not parse the policy: Statement is empty!")
    for statement in found:
        _check_statement(statement, kind)
    if repeats_sid(found):
        refuse("The Statement Ids in the policy are not unique")


def _check_frame(document: Statement) -> None:
    _check_fields(document, POLICY_FIELDS)
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        refuse("The policy must contain a valid version string")
    if not isinstance(document.get("Id", ""), str):
        refuse(SYNTAX)
    if "Statement" not in document:
        refuse("Missing required field Statement")
    if not isinstance(document["Statement"], dict | list):
        refuse(SYNTAX)


def _check_fields(found: Statement, known: set[str]) -> None:
    for field in sorted(found.keys() - known):
        refuse(f"Unknown field {field}")


def _check_statement(statement: Any, kind: Kind) -> None:
    if not isinstance(statement, dict):
        refuse(SYNTAX)
    _check_fields(statement, STATEMENT_FIELDS)
    _check_effect(statement)
    _check_principal(statement, kind)
    _check_condition(statement.get("Condition", {}))
    if not has(statement, "Action"):
        refuse("Missing required field Action")
    _check_resource(statement, kind)
    if not is_statement(statement):
        refuse(SYNTAX)
    for action in each([statement], "Action"):
        if kind == "trust" and not action.lower().startswith("sts:"):
            refuse("AssumeRole policy may only specify STS AssumeRole actions.")
        check_action(action)


def _check_effect(statement: Statement) -> None:
    if "Effect" not in statement:
        refuse("Missing required field Effect")
    if statement["Effect"] not in ("Allow", "Deny"):
        refuse(f"Invalid effect: {statement['Effect']}")


def _check_resource(statement: Statement, kind: Kind) -> None:
    if kind == "trust":
        if "Resource" in statement:
            refuse("Has prohibited field Resource")
        if "NotResource" in statement:
            refuse("AssumeRole policy must not contain resources.")
    elif not has(statement, "Resource"):
        refuse("Missing required field Resource")


def _check_condition(block: Any) -> None:
    if not isinstance(block, dict):
        refuse(SYNTAX)
    for name, keys in block.items():
        if keys and not is_operator(name):
            refuse(f"Invalid Condition type : {name}")


def _check_principal(statement: Statement, kind: Kind) -> None:
    if "NotPrincipal" in statement:
        if kind == "trust":
            refuse("AssumeRole policy must not contain NotPrincipal field.")
        if statement["Effect"] == "Allow":
            refuse("Allow with NotPrincipal is not allowed.")
    elif "Principal" not in statement:
        refuse("Missing required field Principal")
    for field in ("Principal", "NotPrincipal"):
        if field in statement:
            _check_names(statement[field])
    if {"Principal", "NotPrincipal"} <= statement.keys():
        refuse(SYNTAX)


def _check_names(value: Any) -> None:
    if not isinstance(value, str | dict):
        refuse("Principal must be a JSON object.")
    if not value or (isinstance(value, dict) and not all(value.values())):
        refuse("Missing required field Principal cannot be empty!")
    if isinstance(value, dict) and not all(is_texts(names) for names in value.values()):
        refuse(SYNTAX)
    try:
        parse_principals(value)
    except InvalidPrincipal as error:
        refuse(str(error))
