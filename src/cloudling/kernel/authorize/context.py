"""The request as policies see it: what is asked, by whom, and the global condition keys.

Keys are computed when a condition asks for them, never before.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cloudling.kernel.authorize.moments import format_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloudling.kernel.authorize.variables import Lookup, Value
    from cloudling.kernel.identities import Identity


class CallFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel knows of a call besides its caller; `now` is on the cloud's clock.

    `called_via` lists the services through which the call came, the first one first.
    `source_arn` and `source_account` are those of the resource for which a service calls.
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
    `context` answers the service's own condition keys and those of the resource's and request's
    tags, all by lower-case name. `provider` is set where a federated identity assumes a role.
    """

    identity: Identity
    action: str
    facts: CallFacts
    resource: str = "*"
    resource_account: str = ""
    context: Lookup | Mapping[str, Value] = _absent
    canonical_id: str = ""
    provider: str = ""


class Context:
    """The lookup of a question's condition keys."""

    __slots__ = ("_question", "_service", "_tags")

    def __init__(self, question: Question, tags: Mapping[str, str]) -> None:
        self._question = question
        self._tags = tags
        given = question.context
        self._service: Lookup = given if callable(given) else given.get

    def __call__(self, key: str) -> Value:
        known = _KEYS.get(key)
        if known is not None:
            return known(self._question)
        if key.startswith("aws:principaltag/"):
            return self._tag(key[len("aws:principaltag/") :])
        return self._service(key)

    def _tag(self, name: str) -> str | None:
        for key, value in self._tags.items():
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


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _of_facts(name: str) -> Callable[[Question], Value]:
    return lambda question: getattr(question.facts, name) or None


def _principal_arn(question: Question) -> Value:
    identity = question.identity
    return None if identity.kind in ("service", "anonymous") else identity.principal_arn


def _principal_account(question: Question) -> Value:
    identity = question.identity
    return None if identity.kind in ("service", "anonymous") else identity.account


def _user_id(question: Question) -> Value:
    identity = question.identity
    return "anonymous" if identity.kind == "anonymous" else identity.unique_id or None


def _user_name(question: Question) -> Value:
    return question.identity.name if question.identity.kind == "user" else None


def _mfa_present(question: Question) -> Value:
    # Long-term keys have no such key at all, hence BoolIfExists in AWS's examples.
    session = question.identity.session
    return None if session is None else _truth(session.mfa_at is not None)


def _mfa_age(question: Question) -> Value:
    session = question.identity.session
    if session is None or session.mfa_at is None:
        return None
    return str(max(0, int(question.facts.now - session.mfa_at)))


def _token_issued(question: Question) -> Value:
    session = question.identity.session
    return None if session is None else format_date(session.issued_at)


def _source_identity(question: Question) -> Value:
    session = question.identity.session
    return None if session is None else session.source_identity or None


def _service_name(question: Question) -> Value:
    return question.identity.arn if question.identity.kind == "service" else None


def _resource_account(question: Question) -> Value:
    return question.resource_account or question.identity.account or None


def _source_ip(question: Question) -> Value:
    # AWS leaves the caller's address out where a service calls on someone's behalf.
    return None if question.facts.called_via else question.facts.source_ip or None


_KEYS: dict[str, Callable[[Question], Value]] = {
    "aws:calledvia": _of_facts("called_via"),
    "aws:calledviafirst": lambda question: next(iter(question.facts.called_via), None),
    "aws:calledvialast": lambda question: next(reversed(question.facts.called_via), None),
    "aws:currenttime": lambda question: format_date(question.facts.now),
    "aws:epochtime": lambda question: str(int(question.facts.now)),
    "aws:multifactorauthage": _mfa_age,
    "aws:multifactorauthpresent": _mfa_present,
    "aws:principalaccount": _principal_account,
    "aws:principalarn": _principal_arn,
    "aws:principalisawsservice": lambda question: _truth(question.identity.kind == "service"),
    "aws:principalservicename": _service_name,
    "aws:principaltype": lambda question: _TYPES.get(question.identity.kind),
    "aws:referer": _of_facts("referer"),
    "aws:requestedregion": _of_facts("region"),
    "aws:resourceaccount": _resource_account,
    "aws:securetransport": lambda question: _truth(question.facts.secure),
    "aws:sourceaccount": _of_facts("source_account"),
    "aws:sourcearn": _of_facts("source_arn"),
    "aws:sourceidentity": _source_identity,
    "aws:sourceip": _source_ip,
    "aws:tokenissuetime": _token_issued,
    "aws:useragent": _of_facts("user_agent"),
    "aws:userid": _user_id,
    "aws:username": _user_name,
    "aws:viaawsservice": lambda question: _truth(bool(question.facts.called_via)),
}
