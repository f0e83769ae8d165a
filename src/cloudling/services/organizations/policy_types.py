"""The two types of policies that bind accounts, and the policies of AWS that every tree begins
with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cloudling.kernel.errors import NotImplementedHere
from cloudling.services.organizations.records import Policy

if TYPE_CHECKING:
    from cloudling.services.organizations.call import OrganizationsCall
    from cloudling.services.organizations.records import Organization

SERVICE = "SERVICE_CONTROL_POLICY"
RESOURCE = "RESOURCE_CONTROL_POLICY"
BUILT = (SERVICE, RESOURCE)
_ALL_SERVICES = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_ALL_RESOURCES = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def _published(kind: str, name: str, description: str, statement: dict[str, str]) -> Policy:
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
    return Policy(
        id=f"p-{name}",
        organization="",
        type=kind,
        name=name,
        description=description,
        content=content,
        created=0.0,
    )


# By type: what hangs on every root, unit and account from the moment the type is enabled.
PUBLISHED = {
    SERVICE: _published(
        SERVICE, "FullAWSAccess", "Allows access to every operation", _ALL_SERVICES
    ),
    RESOURCE: _published(
        RESOURCE, "RCPFullAWSAccess", "Allows access to every resource", _ALL_RESOURCES
    ),
}


def is_published(policy: str) -> bool:
    """Is it the id of one of AWS's own?"""
    return any(each.id == policy for each in PUBLISHED.values())


async def find(call: OrganizationsCall, organization: Organization, policy: str) -> Policy | None:
    """One of AWS's own policies, which only organizations with all features see, or one of the
    organization's."""
    for each in PUBLISHED.values():
        if each.id == policy and organization.has_all_features:
            return each
    found = await call.policies.get(policy)
    return found if found and found.organization == organization.id else None


def require_built(kind: str) -> None:
    """Raise NotImplemented for the types that manage services, which are not built yet."""
    if kind not in BUILT:
        raise NotImplementedHere(f"Policies of type {kind} are not implemented in Cloudling yet.")
