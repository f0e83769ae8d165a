"""The account as a whole: how much of everything it has, and how much it may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.iam import mfa, quotas
from cloudling.services.iam.access_keys import keys_of

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]

_QUOTAS = {
    "UsersQuota": quotas.USERS.most,
    "GroupsQuota": quotas.GROUPS.most,
    "RolesQuota": quotas.ROLES.most,
    "PoliciesQuota": quotas.POLICIES.most,
    "InstanceProfilesQuota": quotas.INSTANCE_PROFILES.most,
    "GroupsPerUserQuota": quotas.GROUPS_OF_USER.most,
    "AccessKeysPerUserQuota": quotas.ACCESS_KEYS.most,
    "AttachedPoliciesPerUserQuota": quotas.ATTACHED["user"].most,
    "AttachedPoliciesPerGroupQuota": quotas.ATTACHED["group"].most,
    "AttachedPoliciesPerRoleQuota": quotas.ATTACHED["role"].most,
    "PolicySizeQuota": quotas.POLICY_SIZE.most,
    "UserPolicySizeQuota": quotas.INLINE_SIZES["user"],
    "GroupPolicySizeQuota": quotas.INLINE_SIZES["group"],
    "RolePolicySizeQuota": quotas.INLINE_SIZES["role"],
    "AssumeRolePolicySizeQuota": quotas.TRUST_SIZE.most,
    "VersionsPerPolicyQuota": quotas.VERSIONS,
    "PolicyVersionsInUseQuota": 10_000,
    "ServerCertificatesQuota": 20,
    "SigningCertificatesPerUserQuota": 2,
}
# Of what cannot be made here yet there is none.
_NONE = {
    "ServerCertificates": 0,
    "Providers": 0,
    "AccountPasswordPresent": 0,
    "AccountSigningCertificatesPresent": 0,
}


@operation("GetAccountSummary")
async def get_account_summary(call: IamCall, request: Request) -> Request:
    devices = await call.mfa_devices.page(limit=None)
    used = {
        "Users": await call.users.count(),
        "Groups": await call.groups.count(),
        "Roles": await call.roles.count(),
        "Policies": await call.policies.count(),
        "InstanceProfiles": await call.instance_profiles.count(),
        "PolicyVersionsInUse": await call.policy_versions.count(),
        "MFADevices": len(devices),
        "MFADevicesInUse": sum(bool(device.holder) for device in devices),
        "AccountMFAEnabled": int(any(device.holder == mfa.ROOT for device in devices)),
        "AccountAccessKeysPresent": int(bool(await keys_of(call, ""))),
        # The global endpoint's tokens hold in the regions that are on by default.
        "GlobalEndpointTokenVersion": 1,
    }
    return {"SummaryMap": used | _QUOTAS | _NONE}
