"""How IAM checks identity policies, and STS session policies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cloudling.kernel.arns import PARTITIONS
from cloudling.kernel.authorize.conditions import is_date_operator
from cloudling.kernel.authorize.grammar import (
    SYNTAX,
    VERSIONS,
    Kind,
    Statement,
    check_action,
    each,
    has,
    is_document,
    refuse,
    repeats_sid,
    statements,
    texts,
)
from cloudling.kernel.authorize.moments import parse_date

if TYPE_CHECKING:
    from collections.abc import Mapping

_SID = re.compile(r"[0-9A-Za-z]*")

# The message lists fewer than IAM takes: AWS-managed policies name the later ones.
_IAM_PATHS = (
    "user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/",
    "server-certificate/", "policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/",
    "access-report/", "assumed-role/", "delegation-request/", "role-template/",
)  # fmt: skip
_IAM_PATH_ERROR = (
    f'IAM resource path must either be "*" or start with {", ".join(_IAM_PATHS[:13])}.'
)


def check(document: Any, kind: Kind) -> None:
    """Refuse what IAM refuses, the first fault in IAM's order."""
    if not is_document(document, VERSIONS, VERSIONS[0]):
        refuse(SYNTAX)
    _check_meaning(document, kind)


def _check_meaning(document: Mapping[str, Any], kind: Kind) -> None:
    if kind == "identity" and document.get("Version") != VERSIONS[1]:
        refuse("Policy document must be version 2012-10-17 or greater.")
    found = statements(document)
    if any(statement.keys() & {"Principal", "NotPrincipal"} for statement in found):
        refuse("Policy document should not specify a principal.")
    if not all(_survives_legacy(statement) for statement in found):
        refuse("The policy failed legacy parsing")
    _check_sids(found)
    if not all(statement.get("Action") != [] and has(statement, "Action") for statement in found):
        refuse("Policy statement must contain actions.")
    for resource in each(found, "Resource"):
        _check_resource(resource)
    for action in each(found, "Action"):
        check_action(action)
    if not all(has(statement, "Resource") for statement in found):
        refuse("Policy statement must contain resources.")


def _survives_legacy(statement: Statement) -> bool:
    dates = (
        value
        for name, keys in statement.get("Condition", {}).items()
        if is_date_operator(name)
        for values in keys.values()
        for value in texts(values)
    )
    return (
        statement["Effect"] in ("Allow", "Deny")
        and all(parse_date(value) is not None for value in dates)
        and all(_is_legacy_resource(resource) for resource in each([statement], "Resource"))
    )


def _is_legacy_resource(resource: str) -> bool:
    parts = resource.split(":", 5)
    if len(parts) < 3 or not _is_partition(parts[1]):
        return True
    if not parts[2]:
        return False
    return len(parts) in (3, 6) or parts[-1].endswith("*")


def _check_sids(found: list[Statement]) -> None:
    if repeats_sid(found):
        refuse("Statement IDs (SID) in a single policy must be unique.")
    if not all(_SID.fullmatch(statement.get("Sid", "")) for statement in found):
        refuse(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the "
            "regular expression [0-9A-Za-z]*"
        )


def _check_resource(resource: str) -> None:
    if resource == "*":
        return
    if ":" not in resource:
        refuse(f'Resource {resource} must be in ARN format or "*".')
    parts = resource.split(":", 5)
    parts += ["*"] * (6 - len(parts))
    _, partition, vendor, region, account, path = parts
    if not _is_partition(partition):
        whole = ":".join(["arn", *parts[1:]])
        refuse(f'Partition "{partition}" is not valid for resource "{whole}".')
    if "*" in vendor or "?" in vendor:
        refuse("Resource vendor must be fully qualified and cannot contain regexes.")
    if vendor == "iam":
        _check_iam_resource(resource, region, path)
    if vendor == "s3" and region not in ("", "*") and not account:
        refuse(f"Resource {resource} can not contain region information.")


def _check_iam_resource(resource: str, region: str, path: str) -> None:
    if region not in ("", "*"):
        refuse(f"IAM resource {resource} cannot contain region information.")
    fixed = re.split(r"[*?$]", path, maxsplit=1)[0]
    if path == "root" or path.startswith(_IAM_PATHS):
        return
    if fixed == path or not any(known.startswith(fixed) for known in _IAM_PATHS):
        refuse(_IAM_PATH_ERROR)


def _is_partition(text: str) -> bool:
    return text in PARTITIONS or "*" in text or "?" in text or text.startswith("${")
