"""Policy documents as IAM takes them: grammar, size without white space, principals that exist.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.kernel import authorize, principals
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
    """A trust policy as it is kept: its grammar and size are right, and whom it names exists."""
    policy = parsed(text, "trust")
    quotas.TRUST_SIZE.require(authorize.size(text))
    try:
        return await principals.bound(call.cloud.directory, policy, text, call.partition)
    except principals.UnknownPrincipal as fault:
        raise MalformedPolicyDocument(str(fault)) from None


async def shown_trust(call: IamCall, text: str) -> str:
    """A trust policy as it is told: users and roles by the ARNs they have now."""
    return await principals.shown(call.cloud.directory, text, "trust", call.partition)
