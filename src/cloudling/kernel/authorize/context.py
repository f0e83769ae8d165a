"""The request as policies see it: what is asked, by whom, and the global condition keys.

Keys are computed when a condition asks for them, never before.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cloudling.kernel.authorize.controls import NO_CONTROLS, Controls
from cloudling.kernel.authorize.moments import format_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloudling.kernel.authorize.variables import Lookup, Value
    from cloudling.kernel.identities import Identity


class CallFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel knows of a call besides its caller; `now` is on the cloud's clock.

    `called_via` lists the services through which the call came, the first one first.
    `source_arn` and `source_account` are those of the resource for which a service calls.
    `region` is that of the endpoint, us-east-1 for services that have one endpoint.
    """

    now: float
    region: str = "us-east-1"
    source_ip: str = ""
    secure: bool = False
    user_agent: str = ""
    referer: str = ""
    called_via: tuple[str, ...] = ()
    source_arn: str = ""
    source_account: str = ""


def _absent(key: str) -> Value:
    return None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """May `identity` do `action` to `resource`?

    `resource_account` is the resource's owner; "" where that is the caller's account, or nobody.
    `context` answers the service's own condition keys, by lower-case name; `tags` those of the
    resource's and the request's tags where `context` does not. `provider` is set where a federated
    identity assumes a role. `organization` is what binds the caller's account, `owner` the
    resource's and `source` that of the resource for which a service calls. `given` answers every
    key where it is set, as in a simulation: nothing of this call counts then.
    """

    identity: Identity
    action: str
    facts: CallFacts
    resource: str = "*"
    resource_account: str = ""
    context: Lookup | Mapping[str, Value] = _absent
    tags: Lookup = _absent
    canonical_id: str = ""
    provider: str = ""
    organization: Controls = NO_CONTROLS
    owner: Controls = NO_CONTROLS
    source: Controls = NO_CONTROLS
    given: Lookup | None = None


class Context(msgspec.Struct):
    """The lookup of a question's condition keys; `principal_tags` are the caller's."""

    question: Question
    principal_tags: Mapping[str, str]

    def __call__(self, key: str) -> Value:
        known = _KEYS.get(key)
        if known is not None:
            return known(self.question)
        if key.startswith("aws:principaltag/"):
            return self._tag(key[len("aws:principaltag/") :])
        given = self.question.context
        value = given(key) if callable(given) else given.get(key)
        return self.question.tags(key) if value is None else value

    def _tag(self, name: str) -> str | None:
        for key, value in self.principal_tags.items():
            if key.lower() == name:
                return value
        return None


_TYPES = {
    "root": "Account",
    "user": "User",
    "role": "AssumedRole",
    "federated": "FederatedUser",
    "anonymous": "Anonymous",
}


# Actions that have no key about the resource's account, as the page of the keys lists them.
_OWNERLESS = """
    auditmanager:updateassessmentframeworkshare detective:acceptinvitation
    ds:acceptshareddirectory ec2:accepttransitgatewaypeeringattachment
    ec2:acceptvpcendpointconnections ec2:acceptvpcpeeringconnection
    ec2:createtransitgatewaypeeringattachment ec2:createvpcendpoint ec2:createvpcpeeringconnection
    guardduty:acceptadministratorinvitation macie2:acceptinvitation es:acceptinboundconnection
    route53:associatevpcwithhostedzone route53:createvpcassociationauthorization
    securityhub:acceptadministratorinvitation
"""
_WITHOUT_OWNER = frozenset(_OWNERLESS.split())


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _of_facts(name: str) -> Callable[[Question], Value]:
    return lambda question: getattr(question.facts, name) or None


def _principal_arn(question: Question) -> Value:
    identity = question.identity
    return None if identity.kind in ("service", "anonymous") else identity.principal_arn


def _principal_account(question: Question) -> Value:
    identity = question.identity
    if identity.kind == "anonymous":
        return "anonymous"
    return None if identity.kind == "service" else identity.account


def _user_id(question: Question) -> Value:
    identity = question.identity
    return "anonymous" if identity.kind == "anonymous" else identity.unique_id or None


def _user_name(question: Question) -> Value:
    return question.identity.name if question.identity.kind == "user" else None


def _mfa_present(question: Question) -> Value:
    # Long-term keys have no such key at all, hence BoolIfExists in AWS's examples; a service that
    # calls on with them makes temporary ones of them. Nor have federated identities.
    identity, session = question.identity, question.identity.session
    if identity.kind == "federated" or (session and session.provider):
        return None
    if session is None:
        by_service = bool(question.facts.called_via) and identity.kind in ("user", "root")
        return "false" if by_service else None
    return _truth(session.mfa_at is not None)


def _mfa_age(question: Question) -> Value:
    session = question.identity.session
    if session is None or session.mfa_at is None:
        return None
    return str(max(0, int(question.facts.now - session.mfa_at)))


def _token_issued(question: Question) -> Value:
    # A code of an MFA device that comes with the call itself makes a session without a token.
    session = question.identity.session
    return format_date(session.issued_at) if session and session.issued_at else None


def _of_session(name: str) -> Callable[[Question], Value]:
    def read(question: Question) -> Value:
        session = question.identity.session
        return None if session is None else getattr(session, name) or None

    return read


def _assumed_root(question: Question) -> Value:
    session = question.identity.session
    return "true" if session is not None and session.assumed_root else None


def _is_service(question: Question) -> Value:
    kind = question.identity.kind
    return None if kind == "anonymous" else _truth(kind == "service")


def _service_name(question: Question) -> Value:
    return question.identity.arn if question.identity.kind == "service" else None


def _service_names(question: Question) -> Value:
    """A service's principal of the world, and that of the region."""
    identity = question.identity
    if identity.kind != "service":
        return None
    name, dot, domain = identity.arn.partition(".")
    return (identity.arn, f"{name}.{question.facts.region}{dot}{domain}")


def _resource_organization(question: Question) -> Value:
    return question.owner.organization or None if _knows_owner(question) else None


def _resource_path(question: Question) -> Value:
    path = question.owner.path
    return (path,) if path and _knows_owner(question) else None


def _organization(whose: str) -> Callable[[Question], Value]:
    def read(question: Question) -> Value:
        controls: Controls = getattr(question, whose)
        return controls.organization or None

    return read


def _path(whose: str) -> Callable[[Question], Value]:
    def read(question: Question) -> Value:
        controls: Controls = getattr(question, whose)
        return (controls.path,) if controls.path else None

    return read


def _knows_owner(question: Question) -> bool:
    action = question.action.lower()
    return action not in _WITHOUT_OWNER and not action.startswith("ebs:")


def _resource_account(question: Question) -> Value:
    if not _knows_owner(question):
        return None
    return question.resource_account or question.identity.account or None


def _source_ip(question: Question) -> Value:
    # It is kept where a service calls on for somebody, and redacted where it calls by itself.
    by_service = question.identity.kind == "service"
    return None if by_service else question.facts.source_ip or None


def _federated_provider(question: Question) -> Value:
    session = question.identity.session
    return question.provider or (session.provider if session else "") or None


# As AWS writes them; policies may write them in any case.
_GLOBAL: dict[str, Callable[[Question], Value]] = {
    "aws:AssumedRoot": _assumed_root,
    "aws:CalledVia": _of_facts("called_via"),
    "aws:CalledViaFirst": lambda question: next(iter(question.facts.called_via), None),
    "aws:CalledViaLast": lambda question: next(reversed(question.facts.called_via), None),
    "aws:CurrentTime": lambda question: format_date(question.facts.now),
    "aws:EpochTime": lambda question: str(int(question.facts.now)),
    "aws:FederatedProvider": _federated_provider,
    "aws:MultiFactorAuthAge": _mfa_age,
    "aws:MultiFactorAuthPresent": _mfa_present,
    "aws:PrincipalAccount": _principal_account,
    "aws:PrincipalArn": _principal_arn,
    "aws:PrincipalIsAWSService": _is_service,
    "aws:PrincipalOrgID": _organization("organization"),
    "aws:PrincipalOrgPaths": _path("organization"),
    "aws:PrincipalServiceName": _service_name,
    "aws:PrincipalServiceNamesList": _service_names,
    "aws:PrincipalType": lambda question: _TYPES.get(question.identity.kind),
    "aws:Referer": _of_facts("referer"),
    "aws:RequestedRegion": _of_facts("region"),
    "aws:ResourceAccount": _resource_account,
    "aws:ResourceOrgID": _resource_organization,
    "aws:ResourceOrgPaths": _resource_path,
    "aws:SecureTransport": lambda question: _truth(question.facts.secure),
    "aws:SourceAccount": _of_facts("source_account"),
    "aws:SourceArn": _of_facts("source_arn"),
    "aws:SourceIdentity": _of_session("source_identity"),
    "aws:SourceIp": _source_ip,
    "aws:SourceOrgID": _organization("source"),
    "aws:SourceOrgPaths": _path("source"),
    "aws:TokenIssueTime": _token_issued,
    "aws:UserAgent": _of_facts("user_agent"),
    "aws:userid": _user_id,
    "aws:username": _user_name,
    "aws:ViaAWSService": lambda question: _truth(bool(question.facts.called_via)),
}
GLOBAL_KEYS = tuple(_GLOBAL)
_KEYS = {name.lower(): read for name, read in _GLOBAL.items()}
