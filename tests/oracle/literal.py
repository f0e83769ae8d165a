"""A slow, literal rendering of the flow chart by which AWS decides a request.

Each box of the chart is a function named as AWS names the box. Written from AWS's pages only,
without sight of `cloudling.kernel.authorize`, so that the two can be compared.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.operators import Context, as_list, condition_holds, expand, fields, like

Policy = dict[str, Any]
Statement = dict[str, Any]

IDENTITY = "identity-based policy"
RESOURCE = "resource-based policy"
BOUNDARY = "permissions boundary"
SESSION = "session policy"
SCP = "service control policy"
RCP = "resource control policy"

# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
RCP_SERVICES = {"s3", "sts", "kms", "sqs", "secretsmanager"}


@dataclass(frozen=True)
class Caller:
    """Who calls. Kinds: root, user, role (a session of one), federated, service, anonymous."""

    kind: str
    account: str = ""
    arn: str = ""  # the principal that makes the request: of a role, the session's ARN
    entity: str = ""  # the role or user behind the session
    identity: list[Policy] = field(default_factory=list)
    boundary: Policy | None = None
    session: list[Policy] | None = None
    service_linked: bool = False

    @property
    def is_session(self) -> bool:
        return self.kind in {"role", "federated"}


@dataclass(frozen=True)
class Request:
    caller: Caller
    action: str
    resource: str
    owner: str  # the account that owns the resource
    context: Context
    resource_policy: Policy | None = None
    scps: list[list[Policy]] = field(default_factory=list)  # of the caller's account, by level
    rcps: list[list[Policy]] = field(default_factory=list)  # of the owner's account, by level
    scp_free: bool = False  # the caller's account manages the organization
    rcp_free: bool = False  # the owner's account does
    must_name: bool = False  # trust policies "must explicitly allow access for principals"


@dataclass(frozen=True)
class Decision:
    allowed: bool
    explicit: bool = False
    types: frozenset[str] = frozenset()  # any of which AWS may name as the reason
    box: str = ""


# Statements.


def statements(policy: Policy) -> list[Statement]:
    found = policy["Statement"]
    return found if isinstance(found, list) else [found]


def action_matches(statement: Statement, request: Request) -> bool:
    """The prefix and the action name are case insensitive."""
    element = "Action" if "Action" in statement else "NotAction"
    found = any(
        like([(character, True) for character in pattern.lower()], request.action.lower())
        for pattern in as_list(statement[element])
    )
    return found == (element == "Action")


def resource_matches(statement: Statement, request: Request, version: str) -> bool:
    if "Resource" not in statement and "NotResource" not in statement:
        return True  # a trust policy: its resource is the role
    element = "Resource" if "Resource" in statement else "NotResource"
    found = any(arn_matches(one, request, version) for one in as_list(statement[element]))
    return found == (element == "Resource")


def arn_matches(pattern: str, request: Request, version: str) -> bool:
    """A variable without a value makes a pattern that "will not match any resource"."""
    if pattern == "*":
        return True
    tokens = expand(pattern, request.context, version)
    if tokens is None:
        return False
    patterns, parts = fields(tokens, 6), request.resource.split(":", 5)
    return len(patterns) == len(parts) and all(
        like(one, part) for one, part in zip(patterns, parts, strict=True)
    )


def principal_kinds(element: object, caller: Caller) -> set[str]:
    """How a Principal element speaks of the caller: everyone, principal, entity, account."""
    if element == "*":
        return {"everyone"}
    assert isinstance(element, dict)
    kinds: set[str] = set()
    for key, names in element.items():
        for name in as_list(names):
            kinds |= name_kinds(key, name, caller)
    return kinds


def canonical_id(account: str) -> str:
    """What stands for an account's canonical user id here."""
    return hashlib.sha256(account.encode()).hexdigest()


def name_kinds(key: str, name: str, caller: Caller) -> set[str]:
    if key == "Service":
        return {"principal"} if (caller.kind, caller.arn) == ("service", name) else set()
    if key == "AWS" and name == "*":
        return {"everyone"} if caller.kind != "service" else set()
    if caller.kind in {"anonymous", "service"}:
        return set()
    account = {caller.account, f"arn:aws:iam::{caller.account}:root", canonical_id(caller.account)}
    if name in account:
        return {"account"}
    if name == caller.arn:
        return {"principal"}
    return {"entity"} if name == caller.entity else set()


def not_principal_applies(element: dict[str, object], caller: Caller) -> bool:
    """All but the named; of a session account, role and session must all be named.

    "The NotPrincipal element with a Deny effect will always deny any IAM principal that has a
    permissions boundary policy attached."
    """
    if caller.boundary is not None:
        return True
    needed = {"principal"} if caller.kind == "service" else {"principal", "account"}
    if caller.is_session:
        needed.add("entity")
    if caller.kind == "root":
        needed = {"account"}
    return not needed <= principal_kinds(element, caller)


def principal_applies(statement: Statement, caller: Caller) -> bool:
    if "NotPrincipal" in statement:
        return not_principal_applies(statement["NotPrincipal"], caller)
    if "Principal" in statement:
        return bool(principal_kinds(statement["Principal"], caller))
    return True  # identity-based: "the principal is implicitly the identity"


def applicable(policies: Iterable[Policy], effect: str, request: Request) -> list[Statement]:
    found = []
    for policy in policies:
        version = policy.get("Version", "2008-10-17")
        found += [
            statement
            for statement in statements(policy)
            if statement["Effect"] == effect
            and action_matches(statement, request)
            and resource_matches(statement, request, version)
            and principal_applies(statement, request.caller)
            and condition_holds(statement.get("Condition", {}), request.context, version)
        ]
    return found


def allows(policies: Iterable[Policy], request: Request) -> bool:
    return bool(applicable(policies, "Allow", request))


def denies(policies: Iterable[Policy], request: Request) -> bool:
    return bool(applicable(policies, "Deny", request))


# Which policies apply.


def scp_levels(request: Request) -> list[list[Policy]]:
    """SCPs bind member accounts' users, roles and root, but never a service-linked role."""
    if request.scp_free or request.caller.service_linked or not request.caller.account:
        return []
    return request.scps


def rcp_levels(request: Request) -> list[list[Policy]]:
    """RCPs bind member accounts' resources of some services, but no service-linked role."""
    service = request.action.split(":")[0].lower()
    if request.rcp_free or request.caller.service_linked or service not in RCP_SERVICES:
        return []
    return request.rcps


def policies_of(request: Request) -> dict[str, list[Policy]]:
    caller = request.caller
    return {
        RCP: [policy for level in rcp_levels(request) for policy in level],
        SCP: [policy for level in scp_levels(request) for policy in level],
        RESOURCE: [request.resource_policy] if request.resource_policy else [],
        IDENTITY: caller.identity,
        BOUNDARY: [caller.boundary] if caller.boundary else [],
        SESSION: caller.session or [],
    }


def grants(request: Request) -> set[str]:
    """How the resource-based policy's applicable Allow statements name the caller."""
    policies = [request.resource_policy] if request.resource_policy else []
    found: set[str] = set()
    for statement in applicable(policies, "Allow", request):
        found |= principal_kinds(statement["Principal"], request.caller)
    return found


# The boxes of the chart. Each answers a final decision, or None: the evaluation continues.


def deny_evaluation(request: Request) -> Decision | None:
    types = {kind for kind, policies in policies_of(request).items() if denies(policies, request)}
    if types:
        return Decision(False, True, frozenset(types), "Deny evaluation")
    return None


def implicit(kind: str, box: str) -> Decision:
    return Decision(False, False, frozenset({kind}), box)


def organizations_rcps(request: Request) -> Decision | None:
    """Every level has RCPFullAWSAccess, which can't be detached: there is always an Allow."""
    for level in rcp_levels(request):
        if not allows(level, request):
            return implicit(RCP, "Organizations RCPs")
    return None


def organizations_scps(request: Request) -> Decision | None:
    """An explicit Allow is required at every level from the root to the account itself."""
    for level in scp_levels(request):
        if not allows(level, request):
            return implicit(SCP, "Organizations SCPs")
    return None


def resource_based_policies(request: Request) -> Decision | None:
    """Granted to the user or session itself, or to everyone, implicit denies do not matter."""
    found = grants(request)
    if found & {"principal", "everyone"}:
        return Decision(True, box="Resource-based policies")
    if request.must_name and not found:
        return implicit(RESOURCE, "Resource-based policies")
    return None


def identity_based_policies(request: Request) -> Decision | None:
    """Root "has full access"; a grant to the role (or federated user's user) adds to these."""
    if request.caller.kind == "root":
        return None
    if request.caller.account == request.owner and "entity" in grants(request):
        return None
    if not allows(request.caller.identity, request):
        return implicit(IDENTITY, "Identity-based policies")
    return None


def iam_permissions_boundaries(request: Request) -> Decision | None:
    boundary = request.caller.boundary
    if boundary is not None and not allows([boundary], request):
        return implicit(BOUNDARY, "IAM permissions boundaries")
    return None


def session_policies(request: Request) -> Decision:
    caller = request.caller
    if not caller.is_session:
        return Decision(True, box="Session policies: not a session principal")
    if caller.session is not None:
        if allows(caller.session, request):
            return Decision(True, box="Session policies: allowed")
        return implicit(SESSION, "Session policies")
    if caller.kind == "role":
        return Decision(True, box="Session policies: role session without any")
    return implicit(SESSION, "Session policies: federated user without any")


def cross_account(request: Request) -> Decision:
    """Both accounts evaluate; the request is allowed only if both decide Allow."""
    denied = deny_evaluation(request)
    if denied:
        return denied
    trusted = organizations_scps(request) or identity_based_policies(request)
    trusted = trusted or iam_permissions_boundaries(request) or session_policies(request)
    trusting = trusting_account(request)
    if trusted.allowed and trusting.allowed:
        return Decision(True, box="Cross-account: both accounts allow")
    types = trusted.types | trusting.types
    both = [one.box for one in (trusted, trusting) if not one.allowed]
    return Decision(False, False, types, "Cross-account: " + " and ".join(both))


def trusting_account(request: Request) -> Decision:
    """The resource's account: its resource-based policy and what can limit it."""
    limited = organizations_rcps(request)
    if limited:
        return limited
    if grants(request):
        return Decision(True, box="Resource-based policies")
    return implicit(RESOURCE, "Resource-based policies")


def decide(request: Request) -> Decision:
    """The whole chart."""
    caller = request.caller
    if caller.kind in {"anonymous", "service"}:
        return deny_evaluation(request) or trusting_account(request)
    if caller.account != request.owner:
        return cross_account(request)
    return (
        deny_evaluation(request)
        or organizations_rcps(request)
        or organizations_scps(request)
        or resource_based_policies(request)
        or identity_based_policies(request)
        or iam_permissions_boundaries(request)
        or session_policies(request)
    )
