"""Policy documents as IAM takes them: grammar, size without white space, principals that exist.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.kernel import arns, authorize
from cloudling.services.iam import quotas
from cloudling.services.iam.errors import MalformedPolicyDocument

if TYPE_CHECKING:
    from cloudling.kernel.authorize import Kind, Policy
    from cloudling.services.iam.call import IamCall


def parsed(text: str, kind: Kind) -> Policy:
    """The compiled document; IAM's own error where its grammar is wrong."""
    try:
        return authorize.parse(text, kind)
    except authorize.MalformedPolicyDocument as fault:
        raise MalformedPolicyDocument(fault.text) from None


def identity(text: str) -> str:
    """The text of an identity policy, once its grammar is right."""
    parsed(text, "identity")
    return text


def managed(text: str) -> str:
    """The text of a managed policy, once its grammar and size are right."""
    quotas.POLICY_SIZE.require(authorize.size(identity(text)))
    return text


async def trust(call: IamCall, text: str) -> str:
    """The text of a trust policy: its grammar, its size, and that whom it names exists."""
    policy = parsed(text, "trust")
    quotas.TRUST_SIZE.require(authorize.size(text))
    for principal in policy.principal_arns():
        if not await _exists(call, principal):
            raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{principal}"')
    return text


async def _exists(call: IamCall, text: str) -> bool:
    """Users and roles must exist where they are named; whole accounts cannot be known here."""
    arn = arns.Arn.parse(text)
    kind, _, path = arn.resource.partition("/")
    if arn.service != "iam" or kind not in {"user", "role"}:
        return True
    place = call.at(account=arn.account)
    key = path.rpartition("/")[2].lower()
    found = await (place.users.get(key) if kind == "user" else place.roles.get(key))
    return found is not None and f"/{path}" == f"{found.path}{found.name}"
