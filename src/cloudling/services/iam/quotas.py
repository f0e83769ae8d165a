"""How many there may be of everything in IAM: AWS's default quotas.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from typing import NamedTuple

from cloudling.services.iam.errors import LimitExceeded


class Quota(NamedTuple):
    """A quota by the name that IAM gives it in its errors."""

    name: str
    most: int

    def require_room(self, used: int) -> None:
        """Raise LimitExceeded where one more than `used` would be too many."""
        self.require(used + 1)

    def require(self, count: int) -> None:
        """Raise LimitExceeded where `count` itself is too large."""
        if count > self.most:
            raise LimitExceeded(f"Cannot exceed quota for {self.name}: {self.most}")


USERS = Quota("UsersPerAccount", 5000)
GROUPS = Quota("GroupsPerAccount", 300)
ROLES = Quota("RolesPerAccount", 1000)
POLICIES = Quota("PoliciesPerAccount", 1500)
GROUPS_OF_USER = Quota("GroupsPerUser", 10)
ACCESS_KEYS = Quota("AccessKeysPerUser", 2)
INSTANCE_PROFILES = Quota("InstanceProfilesPerAccount", 1000)
# AWS's name for it: an instance has one session of one role.
ROLES_OF_PROFILE = Quota("InstanceSessionsPerInstanceProfile", 1)
MFA_DEVICES = Quota("MFADevices", 5000)
MFA_DEVICES_OF_USER = Quota("MFADevicesPerUser", 8)
ATTACHED = {
    "user": Quota("PoliciesPerUser", 10),
    "group": Quota("PoliciesPerGroup", 10),
    "role": Quota("PoliciesPerRole", 10),
}
POLICY_SIZE = Quota("PolicySize", 6144)
TRUST_SIZE = Quota("ACLSizePerRole", 2048)
# Of all inline policies of one principal together; IAM has another sentence for these.
INLINE_SIZES = {"user": 2048, "group": 5120, "role": 10240}
VERSIONS = 5
