"""Central management of members' roots: which features an organization has turned on.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.iam.errors import (
    AccountNotManagementOrDelegatedAdministratorException,
    CallerIsNotManagementAccountException,
    OrganizationNotFoundException,
)
from cloudling.services.iam.records import OrganizationFeatures

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]
CREDENTIALS = "RootCredentialsManagement"
SESSIONS = "RootSessions"


@operation("ListOrganizationsFeatures")
async def list_organizations_features(call: IamCall, request: Request) -> Request:
    organization = _organization(call)
    return _told(organization, await _enabled(call, organization))


@operation("EnableOrganizationsRootCredentialsManagement")
async def enable_organizations_root_credentials_management(
    call: IamCall, request: Request
) -> Request:
    return await _enable(call, CREDENTIALS)


@operation("DisableOrganizationsRootCredentialsManagement")
async def disable_organizations_root_credentials_management(
    call: IamCall, request: Request
) -> Request:
    return await _disable(call, CREDENTIALS)


@operation("EnableOrganizationsRootSessions")
async def enable_organizations_root_sessions(call: IamCall, request: Request) -> Request:
    return await _enable(call, SESSIONS)


@operation("DisableOrganizationsRootSessions")
async def disable_organizations_root_sessions(call: IamCall, request: Request) -> Request:
    return await _disable(call, SESSIONS)


async def reaches(call: IamCall, account: str) -> bool:
    """May the caller's account start sessions as this account's root?"""
    controls = call.cloud.organizations.controls
    own, other = controls(call.identity.account), controls(account)
    if not own.management or other.management or other.organization != own.organization:
        return False
    return SESSIONS in await _enabled(call, own.organization)


async def _enable(call: IamCall, feature: str) -> Request:
    organization = _organization(call, enables=True)
    enabled = await _enabled(call, organization)
    return await _set(call, organization, (*enabled, *({feature} - set(enabled))))


async def _disable(call: IamCall, feature: str) -> Request:
    organization = _organization(call)
    enabled = await _enabled(call, organization)
    return await _set(call, organization, tuple(each for each in enabled if each != feature))


def _organization(call: IamCall, *, enables: bool = False) -> str:
    """The organization that the caller's account manages.

    Trusted access cannot be turned on or off here yet, so it counts as on.
    """
    controls = call.cloud.organizations.controls(call.account)
    if not controls.organization:
        raise OrganizationNotFoundException
    if not controls.management and enables:
        raise CallerIsNotManagementAccountException
    if not controls.management:
        raise AccountNotManagementOrDelegatedAdministratorException
    return controls.organization


async def _enabled(call: IamCall, organization: str) -> tuple[str, ...]:
    found = await call.organization_features.get(organization)
    return found.enabled if found else ()


async def _set(call: IamCall, organization: str, enabled: tuple[str, ...]) -> Request:
    await call.organization_features.put(
        OrganizationFeatures(organization=organization, enabled=enabled)
    )
    return _told(organization, enabled)


def _told(organization: str, enabled: tuple[str, ...]) -> Request:
    return {"OrganizationId": organization, "EnabledFeatures": list(enabled)}
