"""Users, groups and roles as what policies hang on: the one place that knows all three."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cloudling.services.iam import groups, roles, users

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.records import Group, Role, User

    Entity = User | Group | Role

Kind = Literal["user", "group", "role"]
_REQUIRE: Mapping[str, Callable[[IamCall, str], Awaitable[Entity]]] = {
    "user": users.require,
    "group": groups.require,
    "role": roles.require,
}


async def require(call: IamCall, kind: Kind, request: dict[str, Any]) -> tuple[str, Entity]:
    """The principal that a request names, after what stands as `owner` in its policies' records."""
    found = await _REQUIRE[kind](call, request[f"{kind.title()}Name"])
    return f"{kind}/{found.key}", found


async def require_own(call: IamCall, kind: Kind, request: dict[str, Any]) -> tuple[str, Entity]:
    """As `require`, where the principal is to be changed: AWS's own roles may not."""
    if kind == "role":
        await roles.require_own(call, request["RoleName"])
    return await require(call, kind, request)


async def of(call: IamCall, owner: str) -> tuple[str, Entity]:
    """The kind and the principal behind an `owner`."""
    kind, _, key = owner.partition("/")
    return kind, await _REQUIRE[kind](call, key)
