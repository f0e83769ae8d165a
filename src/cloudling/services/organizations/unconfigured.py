"""Reads of what nobody can have configured yet: they answer as AWS does where there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.organizations import membership
from cloudling.services.organizations.errors import (
    EffectivePolicyNotFoundException,
    HandshakeNotFoundException,
    ResourcePolicyNotFoundException,
)

if TYPE_CHECKING:
    from cloudling.services.organizations.call import OrganizationsCall

Request = dict[str, Any]
_HANDSHAKES = "no account can be invited yet"


@operation("DescribeEffectivePolicy", partial="no policy of these types can be made yet")
async def describe_effective_policy(call: OrganizationsCall, request: Request) -> Request:
    # The model's types are those that manage services: of SCPs and RCPs AWS tells no effect.
    await membership.require(call)
    raise EffectivePolicyNotFoundException


@operation("DescribeResourcePolicy", partial="no delegation policy can be put yet")
async def describe_resource_policy(call: OrganizationsCall, request: Request) -> Request:
    await membership.require_management(call)
    raise ResourcePolicyNotFoundException


@operation("ListAWSServiceAccessForOrganization", partial="no service's access can be enabled yet")
async def list_aws_service_access(call: OrganizationsCall, request: Request) -> Request:
    await membership.require_management(call)
    return {"EnabledServicePrincipals": []}


@operation("ListDelegatedAdministrators", partial="none can be registered yet")
async def list_delegated_administrators(call: OrganizationsCall, request: Request) -> Request:
    await membership.require_management(call)
    return {"DelegatedAdministrators": []}


@operation("DescribeHandshake", partial=_HANDSHAKES)
async def describe_handshake(call: OrganizationsCall, request: Request) -> Request:
    raise HandshakeNotFoundException


@operation("ListHandshakesForAccount", partial=_HANDSHAKES)
async def list_handshakes_for_account(call: OrganizationsCall, request: Request) -> Request:
    return {"Handshakes": []}


@operation("ListHandshakesForOrganization", partial=_HANDSHAKES)
async def list_handshakes_for_organization(call: OrganizationsCall, request: Request) -> Request:
    await membership.require_management(call)
    return {"Handshakes": []}
