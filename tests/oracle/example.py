"""The form of a fixed case: a request, the page that tells of it, and the outcome it states."""

from dataclasses import dataclass, replace
from typing import Any

from tests.oracle.literal import Caller, Policy, Request, Statement
from tests.oracle.operators import Context
from tests.oracle.principals import principal_keys

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
ORGANIZATIONS = "https://docs.aws.amazon.com/organizations/latest/userguide/"
ACCOUNT = "123456789012"
IMPLICIT, EXPLICIT, ALLOWED = "implicit", "explicit", "allowed"


@dataclass(frozen=True)
class Example:
    name: str
    page: str
    request: Request
    outcome: str
    by: str = ""  # the policy type that the page blames


def policy(*statements: Statement, version: str = "2012-10-17") -> Policy:
    return {"Version": version, "Statement": list(statements)}


def allow(actions: Any, resources: Any = "*", **elements: Any) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **elements}


def deny(actions: Any, resources: Any = "*", **elements: Any) -> Statement:
    return {**allow(actions, resources, **elements), "Effect": "Deny"}


def aws(*names: str) -> dict[str, Any]:
    return {"AWS": list(names) if len(names) > 1 else names[0]}


def user(
    *identity: Policy, name: str = "David", account: str = ACCOUNT, boundary: Policy | None = None
) -> Caller:
    arn = f"arn:aws:iam::{account}:user/{name}"
    return Caller("user", account, arn, identity=list(identity), boundary=boundary)


def role(
    *identity: Policy,
    name: str = "examplerole",
    account: str = ACCOUNT,
    boundary: Policy | None = None,
    session: Policy | None = None,
    service_linked: bool = False,
) -> Caller:
    path = "aws-service-role/ecs.amazonaws.com/" if service_linked else ""
    return Caller(
        "role",
        account,
        f"arn:aws:sts::{account}:assumed-role/{name}/examplerolesessionname",
        f"arn:aws:iam::{account}:role/{path}{name}",
        list(identity),
        boundary,
        None if session is None else [session],
        service_linked,
    )


def federated(
    *identity: Policy, session: Policy | None = None, boundary: Policy | None = None
) -> Caller:
    return Caller(
        "federated",
        ACCOUNT,
        f"arn:aws:sts::{ACCOUNT}:federated-user/exampleuser",
        f"arn:aws:iam::{ACCOUNT}:user/David",
        list(identity),
        boundary,
        None if session is None else [session],
    )


def root(account: str = ACCOUNT) -> Caller:
    return Caller("root", account, f"arn:aws:iam::{account}:root")


def service(name: str) -> Caller:
    return Caller("service", "", name)


ANONYMOUS = Caller("anonymous")


def ask(
    caller: Caller,
    action: str,
    resource: str = "*",
    context: Context | None = None,
    *,
    owner: str = "",
    **more: Any,
) -> Request:
    """A request to a resource of the caller's own account, unless an owner is named."""
    keys = principal_keys(caller) | (context or {})
    request = Request(caller, action, resource, owner or caller.account or ACCOUNT, keys)
    return replace(request, **more)
