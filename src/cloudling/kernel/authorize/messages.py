"""Denials in AWS's words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied-authorization-id.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cloudling.kernel.authorize.decisions import Decision, PolicyType
    from cloudling.kernel.identities import Identity


class Wording(NamedTuple):
    """How one service says it: the form of the resource, the start, and what outsiders are told.

    `outsiders` replaces the whole sentence for callers of other organizations and for anonymous
    ones, to whom AWS does not give a reason. `identified` services tell the authorization ID, but
    for the actions in `anonymously`; `encoded` ones an encoded message.
    """

    resource: str = "{}"
    start: str = ""
    outsiders: str = ""
    identified: bool = False
    anonymously: frozenset[str] = frozenset()
    encoded: bool = False


class Receipt(NamedTuple):
    """By what the record of a denial is found again; "" where there is none.

    `service` is the one that was called, where that is not the action's: EC2 asks for PassRole.
    """

    authorization_id: str = ""
    encoded: str = ""
    region: str = "us-east-1"
    service: str = ""


NO_RECEIPT = Receipt()
_USUAL = Wording()
_WORDINGS = {
    "ec2": Wording(start="You are not authorized to perform this operation. ", encoded=True),
    # "Most APIs in IAM": these were seen to answer without (October 2026), and other services ask
    # for PassRole.
    "iam": Wording(
        identified=True,
        anonymously=frozenset({"CreateRole", "ListInstanceProfiles", "PassRole"}),
    ),
    "s3": Wording(resource='"{}"', outsiders="Access Denied"),
}

_DENYING: dict[PolicyType, str] = {
    "identity-based policy": "an identity-based policy",
    "resource-based policy": "a resource-based policy",
    "permissions boundary": "a permissions boundary",
    "session policy": "a session policy",
    "role trust policy": "the role trust policy",
    "service control policy": "a service control policy",
    "resource control policy": "a resource control policy",
}


def denial(
    identity: Identity,
    action: str,
    resource: str,
    decision: Decision,
    receipt: Receipt = NO_RECEIPT,
) -> str:
    """The sentence that refuses the call.

    Across organizations AWS tells no reason; a policy's ARN stands there only for explicit denies
    by policies that have one.
    """
    service, _, name = action.partition(":")
    wording = _WORDINGS.get(service, _USUAL)
    called = _WORDINGS.get(receipt.service, wording)
    anonymous = identity.kind == "anonymous"
    if wording.outsiders and (decision.outside or anonymous):
        return wording.outsiders
    told = _action(service, name)
    caller = "anonymous" if anonymous else identity.arn
    sentence = f"{called.start}User: {caller} is not authorized to perform: {told}"
    if resource not in ("", "*"):
        sentence += " on resource: " + wording.resource.format(resource)
    if not decision.outside or anonymous:
        sentence += _reason(decision, told)
    if called.encoded and receipt.encoded:
        return f"{sentence}. Encoded authorization failure message: {receipt.encoded}"
    return sentence + _identified(wording, name, receipt)


def is_encoded(service: str) -> bool:
    """Whether denials of calls to this service carry an encoded message."""
    return _WORDINGS.get(service, _USUAL).encoded


def _action(service: str, name: str) -> str:
    # SQS tells actions in lower case, SNS its own name in capitals, everyone else as written.
    if service == "sqs":
        return f"sqs:{name.lower()}"
    return f"SNS:{name}" if service == "sns" else f"{service}:{name}"


def _reason(decision: Decision, action: str) -> str:
    if decision.policy_type is None:
        return ""
    if not decision.explicit:
        return f" because no {decision.policy_type} allows the {action} action"
    reason = f" with an explicit deny in {_DENYING[decision.policy_type]}"
    return f"{reason}: {decision.policy_arn}" if decision.policy_arn else reason


def _identified(wording: Wording, name: str, receipt: Receipt) -> str:
    if wording.identified and receipt.authorization_id and name not in wording.anonymously:
        number, region = receipt.authorization_id, receipt.region
        return (
            f". Go to https://{region}.console.aws.amazon.com/iam/home?region={region}"
            f"#/authorization-details/{number} for complete details, or call the "
            f"GetRequestAuthorizationDetails API with the following authorization id: {number}"
        )
    return ""
