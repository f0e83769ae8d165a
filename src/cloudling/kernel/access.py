"""What a call needs to be allowed: actions on resources, from IAM's metadata or a service's rule.

The default is AWS's: the action has the operation's name, and the resource is the ARN template of
the action's resource type filled with the request's members of the same names. Where that is not
so, the service's `access.py` says it with `@access`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from cloudling.kernel import arns
from cloudling.kernel.errors import AccessDenied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.kernel.authorize.variables import Lookup
    from cloudling.kernel.call import Call

Request = dict[str, Any]
Rule = Callable[[Any, Request], Awaitable[Sequence["Need"]]]
R = TypeVar("R", bound=Callable[..., Any])
MARK = "__cloudling_access__"


class Need(msgspec.Struct, frozen=True):
    """One action on one resource.

    `account` owns the resource (the caller's own when empty), `context` adds the service's
    condition keys (or answers them, asked by lower-case name), `policy` is the text of the
    resource's own policy, `told` is how a denial names the resource where AWS does not tell its
    ARN ("user ann"). `required` policies must allow even the resource's own account, as KMS keys'.
    Tags of the request and the resource need no mention: the kernel knows them.
    """

    action: str
    resource: str = "*"
    account: str = ""
    context: Mapping[str, str | Sequence[str]] | Lookup = {}
    policy: str | None = None
    told: str = ""
    required: bool = False


def pass_role(call: Call, role_arn: str, service: str, associated: str = "") -> Need:
    """The permission to hand a role to a service, as every call needs that takes a role.

    `service` is the principal that will assume it, `associated` the ARN of what will use it. A
    role of another account cannot be passed: AccessDenied in AWS's words.
    """
    if arns.arn_account(role_arn) not in {"", call.account}:
        raise AccessDenied("Cross-account pass role is not allowed.")
    context = {"iam:PassedToService": service}
    if associated:
        context["iam:AssociatedResourceArn"] = associated
    return Need("iam:PassRole", role_arn, context=context)


def access(*operations: str) -> Callable[[R], R]:
    """Make the function the rule for these operations: `async (call, request) -> [Need, ...]`.

    An empty answer means that AWS asks for no permission, or that the operation asks itself. The
    rule for "*" is asked before every operation's own; it may refuse the call by itself.
    """

    def mark(function: R) -> R:
        setattr(function, MARK, operations)
        return function

    return mark


def rules_in(module: object) -> dict[str, Rule]:
    """The rules that a service's `access.py` declares, by operation."""
    found: dict[str, Rule] = {}
    for value in vars(module).values():
        for name in getattr(value, MARK, ()):
            found[name] = value
    return found


def preceded(first: Rule, rule: Rule) -> Rule:
    """Both rules, the first one first."""

    async def both(call: Call, request: Request) -> Sequence[Need]:
        before = await first(call, request)
        needs = await rule(call, request)
        return [*before, *needs] if before else needs

    return both


def default_rule(prefix: str, operation: str) -> Rule:
    """IAM's own naming: `prefix:Operation` on the resource that the request's members name."""
    action = f"{prefix}:{operation}"

    async def rule(call: Call, request: Request) -> Sequence[Need]:
        return [Need(action, call.cloud.resources.named(call, prefix, operation, request))]

    return rule


async def unasked(call: Call, request: Request) -> Sequence[Need]:
    """The rule of operations that anyone may call, unsigned even."""
    return ()


def passing(rule: Rule, member: str, service: str) -> Rule:
    """The rule, and PassRole for each role that `member` of the request names.

    A dotted member lies in structures and lists; a role is named by its ARN, or its name alone.
    """
    path = member.split(".")

    async def with_roles(call: Call, request: Request) -> Sequence[Need]:
        needs = list(await rule(call, request))
        associated = needs[0].resource if needs and needs[0].resource != "*" else ""
        for named in _members(request, path):
            whole = named.startswith("arn:")
            arn = named if whole else arns.iam(call.account, "role", "/", named, call.partition)
            needs.append(pass_role(call, arn, service, associated))
        return needs

    return with_roles


def _members(value: Any, path: Sequence[str]) -> list[str]:
    """The texts at the end of a path."""
    if isinstance(value, list):
        return [found for each in value for found in _members(each, path)]
    if not path:
        return [value] if isinstance(value, str) and value else []
    return _members(value.get(path[0]), path[1:]) if isinstance(value, dict) else []
