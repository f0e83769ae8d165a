"""Permissions boundaries: the managed policy that limits a user or role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cloudling.services.iam import policies
from cloudling.services.iam.errors import NoSuchEntity

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.records import Role, User

Request = dict[str, Any]


async def given(call: IamCall, request: Request) -> str:
    """The ARN of the boundary that a request names, which must exist; "" where it names none."""
    arn: str = request.get("PermissionsBoundary", "")
    if arn and await policies.find(call, arn) is None:
        raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def require(entity: User | Role, kind: Literal["user", "role"]) -> None:
    """Raise NoSuchEntity where there is no boundary to remove."""
    if not entity.boundary:
        raise NoSuchEntity(f"No permission boundary found for {kind} {entity.name}")


def describe(arn: str) -> Request:
    """The member that tells of a boundary; none where there is none."""
    if not arn:
        return {}
    told = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    return {"PermissionsBoundary": told}
