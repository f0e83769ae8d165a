"""Policy documents as IAM takes them: grammar, size without white space, principals that exist.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cloudling.kernel import authorize
from cloudling.services.iam.errors import LimitExceeded, MalformedPolicyDocument

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Kind = Literal["identity", "trust", "resource", "session"]
MANAGED_SIZE = 6144
TRUST_SIZE = 2048
INLINE_SIZES = {"user": 2048, "group": 5120, "role": 10240}


def checked(text: str, kind: Kind = "identity") -> str:
    """The document itself, once its grammar is right."""
    try:
        authorize.parse(text, kind)
    except authorize.MalformedPolicyDocument as fault:
        raise MalformedPolicyDocument(str(fault)) from None
    return text


async def trust(call: IamCall, text: str) -> str:
    """A trust policy: its size, grammar, and that the principals it names exist."""
    checked(text, "trust")
    if authorize.size(text) > TRUST_SIZE:
        raise LimitExceeded(f"Cannot exceed quota for ACLSizePerRole: {TRUST_SIZE}")
    for principal in authorize.parse(text, "trust").principal_arns():
        if not await _exists(call, principal):
            raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{principal}"')
    return text


async def _exists(call: IamCall, arn: str) -> bool:
    """Users and roles must exist when they are named; the rest cannot be known here."""
    account, _, resource = arn.split(":", 5)[4:][0], "", arn.split(":", 5)[-1]
    kind, _, path = resource.partition("/")
    if not arn.startswith("arn:aws:iam::") or kind not in {"user", "role"}:
        return True
    place = call.at(account=account)
    found = place.users if kind == "user" else place.roles
    record = await found.get(path.rpartition("/")[2].lower())
    return record is not None


def require_size(text: str, most: int, what: str) -> None:
    """Sizes leave white space out."""
    if authorize.size(text) > most:
        raise LimitExceeded(what)
